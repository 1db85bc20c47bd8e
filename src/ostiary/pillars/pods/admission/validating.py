"""Controls as ValidatingAdmissionPolicies: one policy and one binding for a control, as plain objects.

The API server decides by itself then, with no webhook and without ostiary. A policy looks at pods when they are created, and when an update or an
ephemeral container adds or changes a container; relabelling or finishing a pod that is there is never refused. ``failurePolicy: Fail``: what cannot be
decided is refused. A binding says where, and whether to refuse or only to warn and write to the audit log.

Source: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

import json
import re
from typing import Any

from ostiary.core.canonical import digest
from ostiary.pillars.pods.admission.exceptions import expression
from ostiary.pillars.pods.admission.policy import AdmissionPolicy, checked
from ostiary.pillars.pods.admission.scope import selector
from ostiary.pillars.pods.controls import BY_CODE
from ostiary.pillars.pods.controls.control import Cel, Control, Over
from ostiary.pillars.pods.controls.images import REGISTRIES

API_VERSION = "admissionregistration.k8s.io/v1"
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
REFUSE = ("Deny", "Audit")
OBSERVE = ("Warn", "Audit")
MANAGED_BY = {"app.kubernetes.io/managed-by": "ostiary"}
DIGEST_LABEL = "ostiary.dev/digest"
Object = dict[str, Any]

_CREATED = "request.operation == 'CREATE'"
_LASTING = "{0}.?containers.orValue([]) + {0}.?initContainers.orValue([])"
_EVERY = _LASTING + " + {0}.?ephemeralContainers.orValue([])"
_SPEC = re.compile(r"(?<![\w.'])s(?=\.)")  # the controls' short name of the pod's spec


def name_of(code: str) -> str:
    """The name of a control's policy and binding."""
    return f"ostiary-{code.lower()}"


def policies(
    policy: AdmissionPolicy, *, actions: tuple[str, ...] = REFUSE, also_left_out: tuple[str, ...] = ()
) -> tuple[Object, ...]:
    """All objects, each policy before its binding. BadInput when the policy cannot mean what it says."""
    checked(policy)
    made: list[Object] = []
    for code in policy.codes:
        made.append(validating_policy(BY_CODE[code], policy))
        made.append(binding(code, policy, actions, also_left_out))
    return tuple(made)


def validating_policy(control: Control, policy: AdmissionPolicy) -> Object:
    """The ValidatingAdmissionPolicy of one control."""
    cel = control.cel
    if cel is None:
        raise ValueError(f"{control.code} does not apply at admission")
    exceptions = [one for one in policy.exceptions if control.code in one.controls]
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": _rules(cel.over)},
        "variables": [
            {"name": "s", "expression": "dyn(object.spec)"},
            *_containers(cel.over),
            {"name": "excepted", "expression": expression(exceptions)},
        ],
        "validations": [
            {
                "expression": _validation(control, cel, policy),
                "message": f"{control.code}: {control.title}. To mend it: {control.fix}",
                "reason": "Forbidden",
            }
        ],
    }
    metadata: Object = {"name": name_of(control.code), "labels": {**MANAGED_BY, DIGEST_LABEL: digest(spec)[:32]}}
    if exceptions:
        said = [
            {"workload": str(e), "owner": e.owner, "reason": e.reason, "expires": e.expires.isoformat()} for e in exceptions
        ]
        metadata["annotations"] = {"ostiary.dev/exceptions": json.dumps(said, sort_keys=True)}
    return {"apiVersion": API_VERSION, "kind": POLICY, "metadata": metadata, "spec": spec}


def _rules(over: Over) -> list[Object]:
    if over not in (Over.CONTAINER, Over.LASTING):
        return [_rule("pods", "CREATE")]
    made = [_rule("pods", "CREATE", "UPDATE")]
    return [*made, _rule("pods/ephemeralcontainers", "UPDATE")] if over is Over.CONTAINER else made


def _rule(resource: str, *operations: str) -> Object:
    """Written out as the API server stores it, so that what is stored can be compared."""
    return {"apiGroups": [""], "apiVersions": ["v1"], "operations": list(operations), "resources": [resource], "scope": "*"}


def _containers(over: Over) -> list[Object]:
    """What is judged: on creation every container, on an update those that it adds or gives another image."""
    if over not in (Over.CONTAINER, Over.LASTING):
        return []
    every = (_EVERY if over is Over.CONTAINER else _LASTING).format("variables.s")
    before = (_EVERY if over is Over.CONTAINER else _LASTING).format("dyn(oldObject.spec)")
    changed = "variables.every.filter(c, !variables.before.exists(o, o.name == c.name && o.image == c.image))"
    return [
        {"name": "every", "expression": every},
        {"name": "before", "expression": f"{_CREATED} ? [] : ({before})"},
        {"name": "judged", "expression": f"{_CREATED} ? variables.every : {changed}"},
    ]


def _validation(control: Control, cel: Cel, policy: AdmissionPolicy) -> str:
    bad = _SPEC.sub("variables.s", cel.bad).replace(REGISTRIES, json.dumps(sorted(policy.registries)))
    let_off = "variables.excepted || " + ("variables.s.?os.?name.orValue('') == 'windows' || " if control.linux_only else "")
    match cel.over:
        case Over.CONTAINER | Over.LASTING:
            return f"{let_off}variables.judged.all(c, !({bad}))"
        case Over.VOLUME:
            return f"{let_off}variables.s.?volumes.orValue([]).all(v, !({bad}))"
        case Over.POD:
            return f"{let_off}!({bad})"


def binding(code: str, policy: AdmissionPolicy, actions: tuple[str, ...], also_left_out: tuple[str, ...] = ()) -> Object:
    """Where the policy of a control holds, and what happens there to a pod that violates it."""
    return {
        "apiVersion": API_VERSION,
        "kind": BINDING,
        "metadata": {"name": name_of(code), "labels": dict(MANAGED_BY)},
        "spec": {
            "policyName": name_of(code),
            "validationActions": list(actions),
            "matchResources": {"namespaceSelector": selector(policy, also_left_out)},
        },
    }
