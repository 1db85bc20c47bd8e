"""Policies as Changes of a Plan, in two stages: first they warn and write to the audit log, then they refuse.

What stands in the World already is left alone when it is the same, and patched where it differs: an exception renewed, a scope widened. A policy that
ostiary made and that is asked for no longer has its binding deleted in the second stage; without a binding a policy means nothing. One of a control
that the policy says is left as it is stays.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ostiary.model.admission import AdmissionPolicy as Held
from ostiary.model.admission import AdmissionPolicyBinding
from ostiary.model.plan import Action, Change, Target
from ostiary.model.world import World
from ostiary.pillars.pods.admission import mutating
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.scope import control_plane_namespaces, where
from ostiary.pillars.pods.admission.validating import (
    API_VERSION,
    BINDING,
    DIGEST_LABEL,
    MANAGED_BY,
    OBSERVE,
    POLICY,
    REFUSE,
    name_of,
    policies,
)
from ostiary.pillars.pods.controls import BY_CODE

OBSERVING, ENFORCING = "observe", "enforce"
STAGES = (OBSERVING, ENFORCING)
RESOURCES = {
    POLICY: "validatingadmissionpolicies",
    BINDING: "validatingadmissionpolicybindings",
    mutating.POLICY: "mutatingadmissionpolicies",
    mutating.BINDING: "mutatingadmissionpolicybindings",
}
Object = dict[str, Any]


def changes(world: World, policy: AdmissionPolicy) -> tuple[Change, ...]:
    """What has to change, stage by stage; empty when the World has it all. BadInput when the policy cannot mean what it says."""
    also = control_plane_namespaces(world)
    wanted = [*policies(policy, also_left_out=also), *mutating.defaulting(policy, also)]
    held = _held(world)
    observing: list[Change] = []
    enforcing: list[Change] = []
    for one in wanted:
        there = held.get((one["kind"], one["metadata"]["name"]))
        if there is None:
            observing.append(_create(one, where(policy, also)))
        elif isinstance(there, AdmissionPolicyBinding):
            observing.extend(_rescoped(one, there))
        else:
            observing.extend(_rewritten(one, there))
        if one["kind"] == BINDING and not _refuses(there):
            enforcing.append(_refuse(one, there))
    return (*observing, *enforcing, *_unbound(held, wanted, policy))


def _held(world: World) -> dict[tuple[str, str], Held | AdmissionPolicyBinding]:
    cluster = world.cluster
    sections = (
        (POLICY, cluster.validating_admission_policies),
        (BINDING, cluster.validating_admission_policy_bindings),
        (mutating.POLICY, cluster.mutating_admission_policies),
        (mutating.BINDING, cluster.mutating_admission_policy_bindings),
    )
    return {(kind, one.metadata.name): one for kind, section in sections for one in section}


def _target(kind: str, name: str) -> Target:
    return Target(api_version=API_VERSION, kind=kind, resource=RESOURCES[kind], name=name)


def _create(one: Object, place: str) -> Change:
    body = {**one, "spec": {**one["spec"], "validationActions": list(OBSERVE)}} if one["kind"] == BINDING else one
    return Change(
        stage=OBSERVING,
        action=Action.CREATE,
        target=_target(one["kind"], one["metadata"]["name"]),
        after=body,
        sentence=_sentence(one, place),
    )


def _sentence(one: Object, place: str) -> str:
    name = one["metadata"]["name"]
    if one["kind"] == mutating.POLICY:
        default = mutating.DEFAULTS[name.removeprefix("ostiary-default-")]
        return f"Default {default.name}: filled into new pods that say nothing; it may break something: {default.may_break}"
    if one["kind"] == mutating.BINDING:
        return f"Default {name.removeprefix('ostiary-default-')}: in {place}"
    code = name.removeprefix("ostiary-").upper()
    if one["kind"] == POLICY:
        return f"{code}, {BY_CODE[code].title}: the API server can tell; it does nothing about it yet"
    return (
        f"{code}: warn about every new pod that violates it and write it to the audit log, in {place}; nothing is refused yet"
    )


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def _rewritten(one: Object, there: Held) -> Iterator[Change]:
    """Only variables and validations change: exceptions, and expressions of a newer ostiary. The API server refuses nothing for lack of the old ones."""
    if one["kind"] != POLICY:
        return
    fields = ("variables", "validations")
    before, after = _plain(there.spec), one["spec"]
    differs = any(before.get(name, []) != after[name] for name in fields)
    if differs:
        yield Change(
            stage=OBSERVING,
            action=Action.PATCH,
            target=_target(POLICY, there.metadata.name),
            before={
                "metadata": {"labels": {DIGEST_LABEL: there.metadata.labels.get(DIGEST_LABEL)}},
                "spec": {name: before.get(name, []) for name in fields},
            },
            after={
                "metadata": {"labels": {DIGEST_LABEL: one["metadata"]["labels"][DIGEST_LABEL]}},
                "spec": {name: after[name] for name in fields},
            },
            sentence=f"{there.metadata.name.removeprefix('ostiary-').upper()}: new exceptions or a new expression",
        )


def _requirements(binding: AdmissionPolicyBinding) -> Any:
    scope = binding.spec.match_resources
    chosen = scope.namespace_selector if scope else None
    return _plain(chosen.match_expressions) if chosen else []


def _rescoped(one: Object, there: AdmissionPolicyBinding) -> Iterator[Change]:
    before, after = _requirements(there), one["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    if before != after:
        yield Change(
            stage=OBSERVING,
            action=Action.PATCH,
            target=_target(one["kind"], there.metadata.name),
            before={"spec": {"matchResources": {"namespaceSelector": {"matchExpressions": before}}}},
            after={"spec": {"matchResources": {"namespaceSelector": {"matchExpressions": after}}}},
            sentence=f"{there.metadata.name.removeprefix('ostiary-').upper()}: holds in other namespaces",
        )


def _refuses(there: Held | AdmissionPolicyBinding | None) -> bool:
    return isinstance(there, AdmissionPolicyBinding) and set(there.spec.validation_actions) == set(REFUSE)


def _refuse(one: Object, there: Held | AdmissionPolicyBinding | None) -> Change:
    now = list(there.spec.validation_actions) if isinstance(there, AdmissionPolicyBinding) else list(OBSERVE)
    code = one["metadata"]["name"].removeprefix("ostiary-").upper()
    return Change(
        stage=ENFORCING,
        action=Action.PATCH,
        target=_target(BINDING, one["metadata"]["name"]),
        before={"spec": {"validationActions": now}},
        after={"spec": {"validationActions": list(REFUSE)}},
        sentence=f"{code}: refuse every new pod that violates it",
    )


def _called(name: str) -> str:
    """What an object of ostiary holds, for people."""
    short = name.removeprefix("ostiary-")
    return f"Default {short.removeprefix('default-')}" if short.startswith("default-") else short.upper()


def _unbound(
    held: dict[tuple[str, str], Held | AdmissionPolicyBinding], wanted: list[Object], policy: AdmissionPolicy
) -> Iterator[Change]:
    keep = {(one["kind"], one["metadata"]["name"]) for one in wanted}
    keep |= {(BINDING, name_of(code)) for code in policy.left}
    keep |= {(mutating.BINDING, mutating.name_of(name)) for name in mutating.DEFAULTS if mutating.said(name) in policy.left}
    ours = {(BINDING, name_of(code)) for code in BY_CODE}
    ours = (ours | {(mutating.BINDING, mutating.name_of(name)) for name in mutating.DEFAULTS}) - keep
    for key in sorted(ours & set(held)):
        there = held[key]
        if not isinstance(there, AdmissionPolicyBinding) or not MANAGED_BY.items() <= there.metadata.labels.items():
            continue
        body = {"apiVersion": API_VERSION, "kind": key[0], **_plain(there)}
        yield Change(
            stage=ENFORCING,
            action=Action.DELETE,
            target=_target(*key),
            before=body,
            sentence=f"{_called(key[1])}: is no longer asked for and stops being held",
        )
