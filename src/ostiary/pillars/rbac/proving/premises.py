"""The facts that a proof about RBAC rests on. A later World with another fact needs another proof; with fewer, it does not.

    bound KIND NAMESPACE NAME SUBJECT ROLE      a subject of a binding, and its role
    role KIND NAMESPACE NAME DIGEST             a role, as it stands
    account NAMESPACE NAME                      a service account is there
    loose NAMESPACE                             no level of Pod Security holds pods back there
    token NAMESPACE SECRET ACCOUNT              a secret holds a token of the account
    operated GROUP RESOURCE                     a custom resource by which an operator is told what to do
    usage DIGEST                                something was seen to be used (where there are proposals)
    blind KIND NAMESPACE NAME REASON            this could not be seen

Pods are no premise: a proof does not rest on which of them run.
"""

from collections.abc import Iterator, Mapping

from ostiary.core.canonical import digest
from ostiary.model.meta import Ref
from ostiary.model.rbac import Binding
from ostiary.model.world import World
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE_BINDING, ROLE_BINDING, Hidden
from ostiary.pillars.rbac.escalations.catalogue import OPERATED
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.guarded import seen_kind
from ostiary.pillars.rbac.proving.scene import ENFORCE

ACCOUNT_OF_SECRET = "kubernetes.io/service-account.name"  # noqa: S105, the key of an annotation


def premises(world: World, policy: RbacPolicy) -> Mapping[str, Ref]:
    """Every premise, with an object that shows it."""
    if not policy.guardrails and not policy.tightened:
        return {}
    facts: dict[str, Ref] = {}
    every = (*_bound(world), *_roles(world), *_there(world), *_blind(world), *(_usage(world) if policy.tightened else ()))
    for fact, ref in every:
        facts.setdefault(fact, ref)
    return dict(sorted(facts.items()))


def _bound(world: World) -> Iterator[tuple[str, Ref]]:
    cluster = world.cluster
    for kind, bindings in ((CLUSTER_ROLE_BINDING, cluster.cluster_role_bindings), (ROLE_BINDING, cluster.role_bindings)):
        for binding in bindings:
            for fact in _subjects(kind, binding):
                yield fact, Ref(kind, binding.metadata.namespace, binding.metadata.name)


def _subjects(kind: str, binding: Binding) -> Iterator[str]:
    meta, role = binding.metadata, binding.role_ref
    for one in binding.subjects:
        where = f"{one.namespace}/" if one.namespace else ""
        yield f"bound {kind} {meta.namespace} {meta.name} {one.kind} {where}{one.name} {role.kind} {role.name}"


def _roles(world: World) -> Iterator[tuple[str, Ref]]:
    for section in ("roles", "cluster_roles"):
        for kind, namespace, name, rest, _ in world.leaves[section]:
            yield f"role {kind} {namespace} {name} {rest}", Ref(kind, namespace, name)


def _there(world: World) -> Iterator[tuple[str, Ref]]:
    cluster = world.cluster
    for account in cluster.service_accounts:
        meta = account.metadata
        yield f"account {meta.namespace} {meta.name}", Ref("ServiceAccount", meta.namespace, meta.name)
    for namespace in cluster.namespaces:
        if namespace.metadata.labels.get(ENFORCE, "privileged") == "privileged":
            yield f"loose {namespace.metadata.name}", Ref("Namespace", "", namespace.metadata.name)
    for secret in cluster.secrets:
        meta, account_name = secret.metadata, secret.metadata.annotations.kept.get(ACCOUNT_OF_SECRET)
        if account_name:
            yield f"token {meta.namespace} {meta.name} {account_name}", Ref("Secret", meta.namespace, meta.name)
    for one in cluster.custom_resource_definitions:
        if (one.spec.group, one.spec.names.plural) in OPERATED:
            yield f"operated {one.spec.group} {one.spec.names.plural}", Ref("CustomResourceDefinition", "", one.metadata.name)


def _usage(world: World) -> Iterator[tuple[str, Ref]]:
    for usage in world.evidence.usage:
        if usage.daily:
            said = (usage.user, usage.groups, usage.by, usage.verb, usage.api_group, usage.resource, usage.subresource,
                    usage.namespace, usage.name, usage.path, usage.many)  # fmt: skip
            yield f"usage {digest(said)}", Ref("User", "", usage.user)


def _blind(world: World) -> Iterator[tuple[str, Ref]]:
    hidden = Hidden.of(world.cluster.blind).blind
    for blind in (*hidden, *(one for one in world.cluster.blind if seen_kind(one))):
        ref = Ref(blind.kind or "Object", blind.namespace, blind.name)
        yield f"blind {blind.kind} {blind.namespace} {blind.name} {blind.reason}", ref
