"""Defaults that the API server fills into pods that say nothing: MutatingAdmissionPolicies, for servers that have them (v1 from 1.36).

No default is harmless for every program: a seccomp profile refuses rare system calls, a missing token is a missing token. Nothing that a cluster shows
proves the contrary, so no default is ever chosen by ostiary; each has to be asked for by name, and says what it may break. A pod that says what it
wants keeps it: a default is filled in, never forced. The controls POD-141 and POD-122 refuse what is left.

Source: https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/

>>> sorted(DEFAULTS)
['no-new-privileges', 'seccomp']
"""

from dataclasses import dataclass
from typing import Any

from ostiary.core.errors import BadInput
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.scope import selector

API_VERSION = "admissionregistration.k8s.io/v1"
POLICY, BINDING = "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"
MANAGED_BY = {"app.kubernetes.io/managed-by": "ostiary"}
SINCE_MINOR = 36
Object = dict[str, Any]

_RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}
_NOT_WINDOWS = "object.spec.?os.?name.orValue('') != 'windows'"


@dataclass(frozen=True, slots=True)
class Default:
    """One default: to which pods, what, for which control, and what it may break."""

    name: str
    control: str
    conditions: tuple[tuple[str, str], ...]
    patch: str
    may_break: str


SECCOMP = Default(
    name="seccomp",
    control="POD-141",
    conditions=(
        ("linux", _NOT_WINDOWS),
        ("nothing-said", "!object.spec.?securityContext.?seccompProfile.hasValue()"),
    ),
    patch="Object{spec: Object.spec{securityContext: Object.spec.securityContext{seccompProfile: "
    'Object.spec.securityContext.seccompProfile{type: "RuntimeDefault"}}}}',
    may_break="a program that uses system calls outside of the runtime's default profile gets EPERM",
)
_SILENT = "!c.?securityContext.?allowPrivilegeEscalation.hasValue()"
_FREE = (
    "!c.?securityContext.?privileged.orValue(false) && "
    "!c.?securityContext.?capabilities.?add.orValue([]).exists(a, a.upperAscii().endsWith('SYS_ADMIN'))"
)
NO_NEW_PRIVILEGES = Default(
    name="no-new-privileges",
    control="POD-126",
    conditions=(
        ("linux", _NOT_WINDOWS),
        ("nothing-said", f"object.spec.containers.exists(c, {_SILENT} && {_FREE})"),
    ),
    patch="Object{spec: Object.spec{containers: object.spec.containers"
    f".filter(c, {_SILENT} && {_FREE})"
    ".map(c, Object.spec.containers{name: c.name, securityContext: "
    "Object.spec.containers.securityContext{allowPrivilegeEscalation: false}})}}",
    may_break="setuid programs such as sudo or ping gain nothing any more",
)

DEFAULTS: dict[str, Default] = {default.name: default for default in (SECCOMP, NO_NEW_PRIVILEGES)}


def defaulting(policy: AdmissionPolicy, also_left_out: tuple[str, ...] = ()) -> tuple[Object, ...]:
    """Policies and bindings of the defaults that were asked for. BadInput for one that does not exist."""
    made: list[Object] = []
    for name in sorted(set(policy.defaults)):
        default = DEFAULTS.get(name)
        if default is None:
            raise BadInput(f"there is no default {name!r}", todo=f"one of {', '.join(sorted(DEFAULTS))}")
        made.append(_policy(default))
        made.append(_binding(default, policy, also_left_out))
    return tuple(made)


def name_of(default: str) -> str:
    """The name of a default's policy and binding."""
    return f"ostiary-default-{default}"


def said(default: str) -> str:
    """What a default is called among controls."""
    return f"default {default}"


def _policy(default: Default) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": POLICY,
        "metadata": {"name": name_of(default.name), "labels": dict(MANAGED_BY)},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "IfNeeded",
            "matchConstraints": {"resourceRules": [_RULE]},
            "matchConditions": [{"name": name, "expression": expression} for name, expression in default.conditions],
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": default.patch}}],
        },
    }


def _binding(default: Default, policy: AdmissionPolicy, also_left_out: tuple[str, ...]) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": BINDING,
        "metadata": {"name": name_of(default.name), "labels": dict(MANAGED_BY)},
        "spec": {
            "policyName": name_of(default.name),
            "matchResources": {"namespaceSelector": selector(policy, also_left_out)},
        },
    }
