"""Admission policies that stand: what no longer holds of ostiary's own, and what lets pods by in anybody's.

A ValidatingAdmissionPolicy without a binding means nothing, a binding that only warns refuses nothing, and a binding with parameters that are missing can
be told to allow. ostiary's own are compared with what their name stands for: somebody edited it, or another version of ostiary made it.

Source: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from ostiary.model.admission import AdmissionPolicy as Held
from ostiary.model.admission import AdmissionPolicyBinding
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.validating import BINDING, MANAGED_BY, POLICY, name_of, validating_policy
from ostiary.pillars.pods.admission.webhooks import takes_in
from ostiary.pillars.pods.authors import Written, authors
from ostiary.pillars.pods.controls import BY_CODE

PAGE = "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/"
BY_NAME = {name_of(code): control for code, control in BY_CODE.items() if control.applies_at_admission}
_END = re.compile(r"timestamp\('(\d{4}-\d{2}-\d{2})T00:00:00Z'\)")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding."""

    code: str
    severity: Severity
    title: str
    fix: str


OUTLIVED = Kind("POD-221", Severity.LOW, "exception is past its day", "mend the workload, or renew the exception in the policy")
UNBOUND = Kind(
    "POD-222", Severity.HIGH, "policy of ostiary without a binding", "apply the policy again; find out who deleted the binding"
)
ONLY_WARNS = Kind("POD-223", Severity.MEDIUM, "policy of ostiary refuses nothing", "apply the stage enforce")
EDITED = Kind(
    "POD-224",
    Severity.HIGH,
    "policy of ostiary is not what it was compiled to",
    "apply the policy again; find out who changed it",
)
FAILS_OPEN = Kind("POD-225", Severity.HIGH, "admission policy about pods fails open", "failurePolicy: Fail")
DANGLING = Kind(
    "POD-226",
    Severity.MEDIUM,
    "binding of an admission policy that is not there",
    "delete the binding, or bring the policy back",
)
ALLOWS_WITHOUT = Kind(
    "POD-227", Severity.MEDIUM, "admission policy allows when its parameters are gone", "parameterNotFoundAction: Deny"
)
_WRITTEN = {
    UNBOUND.code: "validatingadmissionpolicybindings",
    ONLY_WARNS.code: "validatingadmissionpolicybindings",
    EDITED.code: "validatingadmissionpolicies",
}
GROUP = "admissionregistration.k8s.io"
EVERY = (OUTLIVED, UNBOUND, ONLY_WARNS, EDITED, FAILS_OPEN, DANGLING, ALLOWS_WITHOUT)


def found(world: World) -> Iterator[Finding]:
    """Findings about ValidatingAdmissionPolicies and their bindings."""
    bindings: dict[str, list[AdmissionPolicyBinding]] = {}
    for binding in world.cluster.validating_admission_policy_bindings:
        bindings.setdefault(binding.spec.policy_name, []).append(binding)
    for policy in world.cluster.validating_admission_policies:
        if policy.metadata.name in BY_NAME and MANAGED_BY.items() <= policy.metadata.labels.items():
            for one in _of_ours(policy, bindings.get(policy.metadata.name, []), world.today):
                yield replace(one, reason=f"{one.reason}{_by(world, one)}")
        if policy.spec.failure_policy == "Ignore" and _about_pods(policy):
            yield finding(
                FAILS_OPEN, Ref(POLICY, "", policy.metadata.name), "an expression that cannot be evaluated admits the pod"
            )
    yield from _of_bindings(world)


def _by(world: World, one: Finding) -> str:
    """Who wrote what no longer holds, where the evidence shows it: the binding that is gone or only warns, the policy that differs."""
    resource = _WRITTEN.get(one.code)
    return authors(world.evidence, Written(resource, GROUP, one.subject.name)) if resource else ""


def finding(kind: Kind, subject: Ref, reason: str, witness: str = "") -> Finding:
    """A finding of that kind."""
    return Finding(
        code=kind.code,
        severity=kind.severity,
        subject=subject,
        reason=f"{kind.title}: {reason}",
        witness=witness,
        fix=kind.fix,
        references=(PAGE,),
    )


def _of_ours(policy: Held, bindings: list[AdmissionPolicyBinding], today: date) -> Iterator[Finding]:
    name = policy.metadata.name
    control = BY_NAME[name]
    if not bindings:
        yield finding(UNBOUND, Ref(POLICY, "", name), f"nothing holds {control.code} ({control.title})")
    elif not any("Deny" in one.spec.validation_actions for one in bindings):
        yield finding(ONLY_WARNS, Ref(POLICY, "", name), f"no binding denies what violates {control.code}")
    for day in sorted({ended for ended in _ends(policy) if ended <= today}):
        yield finding(OUTLIVED, Ref(POLICY, "", name), f"one ended before {day.isoformat()}", "spec.variables[excepted]")
    if _expressions(policy) != _compiled(name):
        yield finding(EDITED, Ref(POLICY, "", name), "its expressions differ", "spec.validations")


def _ends(policy: Held) -> Iterator[date]:
    for variable in policy.spec.variables:
        if variable.name == "excepted":
            yield from (date.fromisoformat(day) for day in _END.findall(variable.expression))


def _expressions(policy: Held) -> list[str]:
    """Everything but the exceptions, which are the organisation's own, and the registries that it names."""
    every = [one.expression for one in (*policy.spec.variables, *policy.spec.validations) if one.name != "excepted"]
    return [*(_without_registries(one) for one in every), policy.spec.failure_policy]


def _compiled(name: str) -> list[str]:
    spec = validating_policy(BY_NAME[name], AdmissionPolicy(controls=(BY_NAME[name].code,)))["spec"]
    every = [one["expression"] for one in (*spec["variables"], *spec["validations"]) if one.get("name") != "excepted"]
    return [*(_without_registries(one) for one in every), spec["failurePolicy"]]


def _without_registries(expression: str) -> str:
    return re.sub(r"\[(\"[^\"]*\"(, )?)*\](?=\.exists\(r, c\.image)", "[]", expression)


def _about_pods(policy: Held) -> bool:
    match = policy.spec.match_constraints
    return match is not None and any(takes_in(rule, "pods", "CREATE") for rule in match.resource_rules)


def _of_bindings(world: World) -> Iterator[Finding]:
    policies = {one.metadata.name for one in world.cluster.validating_admission_policies}
    unread = any(blind.kind in ("", POLICY) for blind in world.cluster.blind)
    for binding in world.cluster.validating_admission_policy_bindings:
        name, spec = binding.metadata.name, binding.spec
        if spec.policy_name not in policies and not unread:
            yield finding(DANGLING, Ref(BINDING, "", name), f"there is no policy {spec.policy_name}", "spec.policyName")
        if spec.param_ref is not None and spec.param_ref.parameter_not_found_action == "Allow":
            yield finding(ALLOWS_WITHOUT, Ref(BINDING, "", name), "whoever may delete them turns it off", "spec.paramRef")
