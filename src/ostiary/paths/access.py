"""The pillar ``access`` as the command line reaches it: what it finds by itself, and the proof that needs RBAC beside it.

>>> from ostiary.paths import access
"""

from collections.abc import Iterator

from ostiary.model.finding import Finding, Severity
from ostiary.model.world import World
from ostiary.paths.becoming import becoming
from ostiary.paths.stolen_gateway import intended, prove
from ostiary.pillars.access import check as alone
from ostiary.pillars.access.check import unseen

__all__ = ["check", "intended", "learn", "prove", "unseen"]

learn = intended  # the live grants are what is there, and what is wanted


def check(world: World) -> Iterator[Finding]:
    """Every finding, worst first: those of the pillar by itself, and those that need RBAC beside it."""
    order = list(Severity)
    found = [*alone.check(world), *becoming(world)]
    return iter(sorted(found, key=lambda one: (order.index(one.severity), one.code, one.subject, one.reason)))
