"""The verbs of the pillar, as ``pillars.Pillar`` names them.

A proof carries what it takes to enforce it in the World that was proved.

>>> from ostiary.pillars.rbac import verbs
"""

from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.world import World
from ostiary.pillars.rbac.check import check, unseen
from ostiary.pillars.rbac.enforce import Enforceable, enforce, with_steps
from ostiary.pillars.rbac.learning.learn import learn
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving import prove as proving
from ostiary.pillars.rbac.proving.intended import intended
from ostiary.pillars.rbac.proving.prove import premises, premises_of

__all__ = ["check", "enforce", "intended", "learn", "premises", "premises_of", "prove", "unseen"]


def prove(world: World, policy: RbacPolicy) -> Proof[Enforceable] | Refutation | Unknown:
    """Whether the policy may be enforced, and if so, what that takes here."""
    return with_steps(world, proving.prove(world, policy), first=world.intent.rbac.canary)
