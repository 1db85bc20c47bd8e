"""What stands on a cluster so that it can be behind the gateway: shown to whoever adds it before anything is made, and taken away whole.

Two service accounts in a namespace of their own. ``ostiary-gateway`` holds one role, empty until a grant is live. ``ostiary-controller`` makes and ends
bindings: of the roles that may be granted, by name, and of no other; it rewrites the gateway's roles, by name; it makes tokens of these two accounts. What
RBAC cannot say about it, an admission policy does (``fence``). Its power is that of the strongest role that it may bind, and its token never meets a
person's request.

``escalate`` and ``bind`` are limited by name, which needs the roles to be there: a role that is being created has no name to compare. So every
role is installed, and only ever changed afterwards. Source: ``pkg/registry/rbac/escalation_check.go``.

>>> [str(one.ref) for one in installation(("view",))][:3]
['Namespace ostiary-system', 'ServiceAccount ostiary-system/ostiary-gateway', 'ServiceAccount ostiary-system/ostiary-controller']
"""

from collections.abc import Iterable

from ostiary.model.access import CONTROLLER_ACCOUNT, GATEWAY_ACCOUNT, NAMESPACE
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.pillars.access.fence import fence
from ostiary.pillars.access.impersonation import GATEWAY_ROLE, SUBJECT, on_role
from ostiary.pillars.access.objects import RBAC, Object, Part, bare, binding, cluster_role, role

CONTROLLER_ROLE = "ostiary:controller"
TOKENS_ROLE = "ostiary:tokens"
_CONTROLLER = Subject(kind="ServiceAccount", name=CONTROLLER_ACCOUNT, namespace=NAMESPACE)


def installation(grantable: Iterable[str]) -> tuple[Object, ...]:
    """Every object, in the order in which they are made. ``grantable``: the ClusterRoles that grants may give."""
    names = tuple(sorted(set(grantable)))
    part = Part.INSTALLATION
    return (
        bare("Namespace", NAMESPACE, part, labels={"pod-security.kubernetes.io/enforce": "restricted"}),
        bare("ServiceAccount", GATEWAY_ACCOUNT, part, namespace=NAMESPACE),
        bare("ServiceAccount", CONTROLLER_ACCOUNT, part, namespace=NAMESPACE),
        cluster_role(GATEWAY_ROLE, (), part),
        *(cluster_role(on_role(name), (), part) for name in names),
        binding(GATEWAY_ROLE, (SUBJECT,), GATEWAY_ROLE, part),
        *fence(),
        cluster_role(CONTROLLER_ROLE, controller_rules(names), part),
        binding(CONTROLLER_ROLE, (_CONTROLLER,), CONTROLLER_ROLE, part),
        role(TOKENS_ROLE, NAMESPACE, (_TOKENS,), part),
        binding(TOKENS_ROLE, (_CONTROLLER,), TOKENS_ROLE, part, namespace=NAMESPACE, role_kind="Role"),
    )


_TOKENS = PolicyRule(
    verbs=("create",),
    api_groups=("",),
    resources=("serviceaccounts/token",),
    resource_names=(CONTROLLER_ACCOUNT, GATEWAY_ACCOUNT),
)


def controller_rules(grantable: tuple[str, ...]) -> tuple[PolicyRule, ...]:
    """What the controller may: bindings, the roles to bind by name, the gateway's roles to rewrite by name, the server's feature gates to read."""
    ours = (GATEWAY_ROLE, *map(on_role, grantable))
    return (
        PolicyRule(
            verbs=("get", "list", "create", "patch", "delete"),
            api_groups=(RBAC,),
            resources=("clusterrolebindings", "rolebindings"),
        ),
        PolicyRule(
            verbs=("bind", "get"),
            api_groups=(RBAC,),
            resources=("clusterroles",),
            resource_names=(*grantable, *map(on_role, grantable)),
        ),
        PolicyRule(
            verbs=("escalate", "get", "patch"),
            api_groups=(RBAC,),
            resources=("clusterroles",),
            resource_names=ours,
        ),
        PolicyRule(verbs=("get",), non_resource_urls=("/metrics",)),
    )
