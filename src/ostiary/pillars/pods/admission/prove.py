"""Whether admission policies may be enforced: whether everything that runs, or that a template would make, is still admitted.

Refuted with every workload that would be refused, the one with the fewest containers first; unknown where Pod Security's own proof is unknown (a pod
that could not be read, a webhook that may change pods) or where the policies that stand could not be read. A pod is admitted because it violates
none of the controls, or because an exception covers its workload today.

``enforce`` takes such a proof and nothing else; what it will change was worked out from the World that was proved.
"""

from collections.abc import Iterator

import msgspec

from ostiary.model.plan import Plan
from ostiary.model.verdict import Proof, Refutation, Unknown, Witness
from ostiary.model.world import World
from ostiary.pillars.pods.admission.changes import STAGES, changes
from ostiary.pillars.pods.admission.evaluator import would_refuse
from ostiary.pillars.pods.admission.policy import AdmissionPolicy, checked
from ostiary.pillars.pods.admission.premises import everything, premises
from ostiary.pillars.pods.admission.proposal import Proposal
from ostiary.pillars.pods.admission.scope import control_plane_namespaces, where
from ostiary.pillars.pods.admission.trials import trials
from ostiary.pillars.pods.admission.unread import unread
from ostiary.pillars.pods.makers import makers
from ostiary.pillars.pods.prove import prove as prove_levels


def prove(world: World, policy: AdmissionPolicy) -> Proof[Proposal] | Refutation | Unknown:
    """Decide it for this World. BadInput when the policy cannot mean what it says."""
    checked(policy)
    also = control_plane_namespaces(world)
    said = f"in {where(policy, also)} everything that runs, or that a template would make, is admitted under {', '.join(policy.codes) or 'no control'}"
    witnesses = tuple(_witnesses(world, policy))
    if witnesses:
        return Refutation(said, witnesses)
    seen, not_read = prove_levels(world, everything(world, policy)), unread(world, policy)
    if not_read or not isinstance(seen, Proof):
        return Unknown(said, (*not_read, *(seen.missing if isinstance(seen, Unknown) else ())))
    return Proof(
        claim=said,
        policy=Proposal(policy=policy, changes=changes(world, policy), trials=trials(world, policy)),
        world=world.digest,
        premises=premises(world, policy),
        assumptions=(
            *seen.assumptions,
            "the API server has the admission plugins ValidatingAdmissionPolicy and MutatingAdmissionPolicy on, as it has by default",
            "no certificate: the stand-alone verifier re-checks Pod Security levels and does not know these controls",
        ),
        certificate={},
    )


def _witnesses(world: World, policy: AdmissionPolicy) -> Iterator[Witness]:
    size = {maker.ref: sum(1 for _ in maker.pod.spec.all_containers()) for maker in makers(world)}
    paths = {maker.ref: maker for maker in makers(world)}
    for ref, code, violation in sorted(would_refuse(world, policy), key=lambda one: (size[one[0]], one[0], one[1])):
        yield Witness(ref, f"{code}: {violation.detail} [{paths[ref].field(violation.path)}]")


def enforce(proof: Proof[Proposal]) -> Plan:
    """The plan of a proof: warn and audit first, then refuse."""
    return Plan(
        pillar="admission",
        world=proof.world,
        claim=proof.claim,
        stages=STAGES,
        changes=proof.policy.changes,
        trials=proof.policy.trials,
        premises=dict(proof.premises),
        assumptions=proof.assumptions,
        policy=msgspec.to_builtins(proof.policy.policy),
    )
