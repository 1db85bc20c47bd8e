"""Whether an RBAC policy may be enforced: whether its proposals take nothing that was used and give nothing new, and whether its guardrails hold then.

Without proposals the guardrails are asked of the cluster as it stands. The two claims stand beside each other in one verdict: refuted when one of them is.

>>> prove(World.of(Cluster(), today=date(2026, 11, 24)), RbacPolicy()).claim == NOTHING
True
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.model.meta import Ref
from ostiary.model.plan import Plan
from ostiary.model.verdict import Missing, Proof, Refutation, Unknown
from ostiary.model.world import World
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.after import after
from ostiary.pillars.rbac.proving.certificate import certificate
from ostiary.pillars.rbac.proving.claim import NOTHING, assumptions, claim
from ostiary.pillars.rbac.proving.goals import checked
from ostiary.pillars.rbac.proving.guarded import guarded
from ostiary.pillars.rbac.proving.premises import premises
from ostiary.pillars.rbac.proving.replay import replayed

__all__ = ["NOTHING", "premises", "premises_of", "prove"]


def prove(world: World, policy: RbacPolicy) -> Proof[RbacPolicy] | Refutation | Unknown:
    """Decide the claims of a policy for this World."""
    policy = msgspec.structs.replace(policy, guardrails=checked(policy.guardrails, world.cluster))
    said, proposals = claim(policy), policy.tightened
    then = world
    if proposals and policy.guardrails:
        then = World.of(after(world.cluster, proposals), today=world.today, evidence=world.evidence, intent=world.intent)
    answer = guarded(then, policy.guardrails, policy.assume)
    witnesses = (*replayed(world, proposals), *answer.witnesses)
    if witnesses:
        return Refutation(said, witnesses)
    missing: tuple[Missing, ...] = answer.missing
    if missing:
        return Unknown(said, missing)
    return Proof(
        claim=said,
        policy=policy,
        world=world.digest,
        premises=premises(world, policy),
        assumptions=assumptions(world, policy),
        certificate=certificate(world, policy, answer.held),
    )


def premises_of(plan: Plan, world: World) -> Mapping[str, Ref]:
    """The premises that a World shows for the policy of a plan: what ``apply`` compares with the plan's own."""
    return premises(world, policy_of(plan))


def policy_of(plan: Plan) -> RbacPolicy:
    """The policy that a plan carries, in its certificate or beside it."""
    said: Any = plan.certificate.get("policy") or getattr(plan, "policy", {})
    return msgspec.convert(said, RbacPolicy)
