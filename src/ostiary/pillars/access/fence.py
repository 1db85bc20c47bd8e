"""A fence around the controller's own power, held by the API server itself: RBAC cannot say "only bindings of yours", a ValidatingAdmissionPolicy can.

RBAC lets the controller make and delete bindings, and rewrite roles with ``escalate``. With this policy a stolen controller's credential can no longer

- delete or change a binding that is not a grant's or the gateway's power,
- bind a role to anybody but people of ostiary's (``ostiary:...``), or without an end,
- write any right into the gateway's roles but impersonation: of people by name, in the one group, for requests as somebody.

It stays what it has to be: able to give the roles that may be granted to ostiary's people. The API server enforces it without ostiary (GA in 1.30), and other
callers never meet it. Whoever may change admission policies can take it away, and could anyhow.

>>> [str(one.ref) for one in fence()]
['ValidatingAdmissionPolicy ostiary-controller', 'ValidatingAdmissionPolicyBinding ostiary-controller']
"""

from typing import Any

from ostiary.model.access import (
    CONTROLLER_ACCOUNT,
    EXPIRES_ANNOTATION,
    GATEWAY_ACCOUNT,
    GRANT_LABEL,
    GROUP,
    NAMESPACE,
    SESSION_EXTRA,
    USER_PREFIX,
)
from ostiary.pillars.access.bindings import GRANT_BINDING
from ostiary.pillars.access.impersonation import ACTING, DOING, ON_ROLE
from ostiary.pillars.access.objects import PART_LABEL, RBAC, Object, Part, custom

FENCE = "ostiary-controller"
_LABELS = "(has(oldObject.metadata.labels) ? oldObject.metadata.labels : {})"
_OURS = (
    f"oldObject.metadata.name.startsWith('{GRANT_BINDING}') || oldObject.metadata.name.startsWith('{ON_ROLE}')"
    f" || '{GRANT_LABEL}' in {_LABELS} || ('{PART_LABEL}' in {_LABELS} && {_LABELS}['{PART_LABEL}'] == '{Part.GATEWAY}')"
)
_OF_A_GRANT = (
    f"object.metadata.name.startsWith('{GRANT_BINDING}') && has(object.metadata.labels)"
    f" && '{GRANT_LABEL}' in object.metadata.labels"
    f" && object.metadata.name == '{GRANT_BINDING}' + object.metadata.labels['{GRANT_LABEL}']"
    f" && object.subjects.all(s, s.kind == 'User' && s.name.startsWith('{USER_PREFIX}'))"
)
_OF_THE_GATEWAY = (
    f"object.metadata.name.startsWith('{ON_ROLE}') && object.roleRef.name == object.metadata.name"
    f" && object.subjects.all(s, s.kind == 'ServiceAccount' && s.name == '{GATEWAY_ACCOUNT}' && s.namespace == '{NAMESPACE}')"
)
_ENDS = f"has(object.metadata.annotations) && '{EXPIRES_ANNOTATION}' in object.metadata.annotations"
_BEING = (
    "!has(r.nonResourceURLs) && ("
    f"(r.resources == ['users'] && has(r.resourceNames) && size(r.resourceNames) > 0"
    f" && r.resourceNames.all(n, n.startsWith('{USER_PREFIX}')))"
    f" || (r.resources == ['groups'] && has(r.resourceNames) && r.resourceNames == ['{GROUP}'])"
    f" || r.resources == ['userextras/{SESSION_EXTRA}'])"
)
_RULE = f"r.verbs.all(v, v.startsWith('{DOING}')) || (r.verbs.all(v, v in ['impersonate', '{ACTING}']) && {_BEING})"

# Each expression holds for what it is about and is true of everything else.
VALIDATIONS: tuple[tuple[str, str], ...] = (
    (
        f"request.operation == 'CREATE' || request.resource.resource == 'clusterroles' || {_OURS}",
        "the controller changes and deletes no bindings but those of grants and of the gateway",
    ),
    (
        "request.operation == 'DELETE' || request.resource.resource == 'clusterroles'"
        f" || (({_ENDS}) && (({_OF_A_GRANT}) || ({_OF_THE_GATEWAY})))",
        "the controller binds roles to people of ostiary's alone, and with an end",
    ),
    (
        "request.operation == 'DELETE' || request.resource.resource != 'clusterroles'"
        f" || !has(object.rules) || object.rules.all(r, {_RULE})",
        "the controller writes nothing but impersonation into the gateway's roles",
    ),
)


def fence() -> tuple[Object, ...]:
    """The policy, and what puts it into force everywhere."""
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [RBAC],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE", "DELETE"],
                    "resources": ["rolebindings", "clusterrolebindings", "clusterroles"],
                }
            ]
        },
        "matchConditions": [
            {
                "name": "by-the-controller",
                "expression": f"request.userInfo.username == 'system:serviceaccount:{NAMESPACE}:{CONTROLLER_ACCOUNT}'",
            }
        ],
        "validations": [{"expression": expression, "message": message} for expression, message in VALIDATIONS],
    }
    bound = {"policyName": FENCE, "validationActions": ["Deny"]}
    return (
        custom("ValidatingAdmissionPolicy", FENCE, Part.INSTALLATION, {"spec": spec}),
        custom("ValidatingAdmissionPolicyBinding", FENCE, Part.INSTALLATION, {"spec": bound}),
    )
