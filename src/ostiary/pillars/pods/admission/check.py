"""What is wrong now with who decides about pods on admission: webhooks, policies that stand, and what the intent file asks for."""

from collections.abc import Iterator

from ostiary.model.finding import Finding, Severity
from ostiary.model.world import World
from ostiary.pillars.pods.admission.found import found


def check(world: World) -> Iterator[Finding]:
    """Every finding, worst first."""
    order = list(Severity)
    return iter(sorted(found(world), key=lambda one: (order.index(one.severity), one.code, one.subject, one.reason)))
