"""Which controls admission can hold now: the worst ones, everywhere outside of the control plane, less those that something there violates.

A policy has one scope for all of its controls, so one violation anywhere leaves a control out; the reason names what stands in the way. What people
want instead (the control in other namespaces, or with an exception) they say in the intent file.

Never looser than what stands: a policy of ostiary that is there, and that this would not ask for, is left as it is.
"""

import msgspec

from ostiary.model.intent import AdmissionIntent
from ostiary.model.world import World
from ostiary.pillars.pods.admission import mutating
from ostiary.pillars.pods.admission.evaluator import would_refuse
from ostiary.pillars.pods.admission.policy import WORST, AdmissionPolicy
from ostiary.pillars.pods.admission.validating import MANAGED_BY, name_of
from ostiary.pillars.pods.controls import BY_CODE


def learn(world: World) -> AdmissionPolicy:
    """What everything that runs, or that a template would make, would still be admitted by."""
    violators: dict[str, list[str]] = {}
    for ref, code, violation in would_refuse(world, AdmissionPolicy(controls=WORST, everywhere=True)):
        violators.setdefault(code, []).append(f"{ref}: {violation.detail}")
    held = tuple(code for code in WORST if code not in violators)
    left = dict.fromkeys(_standing(world) - set(held), "it stands already")
    left |= {code: _some(found) for code, found in violators.items()}
    return AdmissionPolicy(controls=held, everywhere=True, left=dict(sorted(left.items())))


def intended(world: World) -> AdmissionPolicy:
    """What the intent file asks for, and nothing else; what ``learn`` says when it says nothing about admission."""
    asked = world.intent.admission
    return learn(world) if asked is None else asked_for(asked)


def asked_for(intent: AdmissionIntent) -> AdmissionPolicy:
    """The intent file's part on admission, as a policy: the keys are the same."""
    return msgspec.convert(msgspec.to_builtins(intent), AdmissionPolicy)


def _standing(world: World) -> set[str]:
    """Controls that policies of ostiary hold, or observe, in this World, and defaults that they fill in."""
    cluster = world.cluster
    bound = {
        one.spec.policy_name
        for one in (*cluster.validating_admission_policy_bindings, *cluster.mutating_admission_policy_bindings)
        if MANAGED_BY.items() <= one.metadata.labels.items()
    }
    defaults = {mutating.said(name) for name in mutating.DEFAULTS if mutating.name_of(name) in bound}
    return {code for code in BY_CODE if name_of(code) in bound} | defaults


def _some(found: list[str]) -> str:
    more = len(found) - 1
    return found[0] + (f", and {more} more" if more else "")
