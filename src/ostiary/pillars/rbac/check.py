"""What is wrong now with roles and bindings: the detections, in an order that reads as the list of findings in docs/rbac.md.

What nobody used is found where there is evidence. Not seen here: what a chart asks for (``beyond``, which takes the chart); which credentials carry
``system:masters``.
"""

from collections.abc import Callable, Iterator

from ostiary.model.blind import Blind
from ostiary.model.finding import Finding, Severity
from ostiary.model.verdict import Missing
from ostiary.model.world import World
from ostiary.pillars.rbac.detections.aggregating import aggregated, circles, refused
from ostiary.pillars.rbac.detections.escalating import by_default, escalating, everything, hidden_exec, together
from ostiary.pillars.rbac.detections.everybody import everybody
from ostiary.pillars.rbac.detections.loose_ends import (
    dangling,
    foreign_accounts,
    never_matching,
    unbound,
    waiting_bindings,
    wildcards,
    without_effect,
)
from ostiary.pillars.rbac.detections.scene import Scene
from ostiary.pillars.rbac.detections.unused import unused
from ostiary.pillars.rbac.doubt import Hidden, doubt

DETECTIONS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    everything,
    escalating,
    by_default,
    together,
    everybody,
    wildcards,
    hidden_exec,
    dangling,
    waiting_bindings,
    foreign_accounts,
    unbound,
    without_effect,
    never_matching,
    aggregated,
    circles,
    refused,
    unused,
)


def check(world: World) -> Iterator[Finding]:
    """Every finding, worst first."""
    scene = Scene.of(world.cluster, world.evidence)
    found = [one for detection in DETECTIONS for one in detection(scene)]
    order = list(Severity)
    return iter(sorted(found, key=lambda one: (order.index(one.severity), one.code, one.subject, one.reason)))


def unseen(world: World) -> tuple[Missing, ...]:
    """What could be a role, a binding or a service account and could not be read."""
    accounts = tuple(blind for blind in world.cluster.blind if blind.kind == "ServiceAccount")
    return tuple(map(_missing, (*Hidden.of(world.cluster.blind).blind, *accounts)))


def _missing(blind: Blind) -> Missing:
    return Missing(blind, doubt(blind).todo)
