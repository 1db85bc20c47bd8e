"""What the intent file asks of RBAC: its guardrails; beside them what is learned, where there is evidence.

>>> intended(World.of(Cluster(), today=date(2026, 11, 24))).guardrails
()
"""

from msgspec.structs import replace

from ostiary.model.world import World
from ostiary.pillars.rbac.learning.learn import learn
from ostiary.pillars.rbac.policy import RbacPolicy


def intended(world: World) -> RbacPolicy:
    """The policy that the intent file and the evidence ask for."""
    learned = learn(world) if world.evidence.usage else RbacPolicy()
    return replace(learned, guardrails=world.intent.rbac.guardrails, assume=world.intent.rbac.assume)
