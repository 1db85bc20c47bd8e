"""Rights that let somebody gain more than they say: the primitives, and who holds them, as facts that can be chained."""

from ostiary.pillars.rbac.escalations.catalogue import PRIMITIVES
from ostiary.pillars.rbac.escalations.facts import Fact, facts
from ostiary.pillars.rbac.escalations.primitive import Gain, Need, Place, Primitive
from ostiary.pillars.rbac.escalations.waiting import waiting

__all__ = ["PRIMITIVES", "Fact", "Gain", "Need", "Place", "Primitive", "facts", "waiting"]
