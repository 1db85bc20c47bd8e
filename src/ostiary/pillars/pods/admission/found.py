"""Findings about who says no when pods are created: webhooks, admission policies that stand, and what the intent file asks of them."""

from collections.abc import Iterator

from ostiary.model.finding import Finding
from ostiary.model.world import World
from ostiary.pillars.pods.admission import asked, standing, webhooks


def found(world: World) -> Iterator[Finding]:
    """POD-201 and on about webhooks, POD-221 and on about policies, POD-228 and on about the intent file."""
    yield from webhooks.found(world)
    yield from standing.found(world)
    yield from asked.found(world)
