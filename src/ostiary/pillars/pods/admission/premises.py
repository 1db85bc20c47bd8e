"""The facts that a proof about admission policies rests on. Those of Pod Security's proof about the same namespaces, and:

    left-out NAMESPACE                a part of the control plane was seen there, and the policies leave it alone by name
    refused KIND NAMESPACE NAME CODE  this would be refused: no proof has such a fact, so a World that shows one makes every plan stale
    blind KIND NAMESPACE NAME REASON  this could not be read of the policies that stand

``refused`` is decided anew for every World: an exception that has ended, a namespace that was relabelled, a workload of another name are all seen by it.
"""

from collections.abc import Iterator, Mapping

import msgspec

from ostiary.model.levels import Level
from ostiary.model.meta import Ref
from ostiary.model.plan import Plan
from ostiary.model.world import World
from ostiary.pillars.pods.admission.evaluator import would_refuse
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.scope import control_plane_namespaces, covers
from ostiary.pillars.pods.admission.unread import unread
from ostiary.pillars.pods.labels import newest
from ostiary.pillars.pods.policy import LevelVersion, PodPolicy
from ostiary.pillars.pods.premises import premises as premises_of_levels


def everything(world: World, policy: AdmissionPolicy) -> PodPolicy:
    """Every covered namespace at the level that admits everything: its proof says that all of it was seen, and nothing more."""
    level, also = LevelVersion(Level.PRIVILEGED, str(newest(world))), control_plane_namespaces(world)
    names = [
        one.metadata.name for one in world.cluster.namespaces if covers(policy, one.metadata.name, one.metadata.labels, also)
    ]
    return PodPolicy(levels=dict.fromkeys((*names, *policy.namespaces), level))


def premises(world: World, policy: AdmissionPolicy) -> Mapping[str, Ref]:
    """Every premise, with an object that shows it."""
    facts = dict(premises_of_levels(world, everything(world, policy)))
    for fact, ref in _own(world, policy):
        facts.setdefault(fact, ref)
    return dict(sorted(facts.items()))


def _own(world: World, policy: AdmissionPolicy) -> Iterator[tuple[str, Ref]]:
    for name in control_plane_namespaces(world):
        yield f"left-out {name}", Ref("Namespace", "", name)
    for ref, code, _ in would_refuse(world, policy):
        yield f"refused {ref.kind} {ref.namespace} {ref.name} {code}", ref
    for missing in unread(world, policy):
        blind = missing.what
        fact = f"blind {blind.kind} {blind.namespace} {blind.name} {blind.reason}"
        yield fact, Ref(blind.kind, blind.namespace, blind.name)


def premises_of(plan: Plan, world: World) -> Mapping[str, Ref]:
    """The premises that a World shows for the policy of a plan: what ``apply`` compares with the plan's own."""
    return premises(world, msgspec.convert(plan.policy, AdmissionPolicy))
