"""Findings about who says no when pods are created: webhooks, and admission policies that stand."""

from collections.abc import Iterator

from ostiary.model.finding import Finding
from ostiary.model.world import World
from ostiary.pillars.pods.admission import standing, webhooks


def found(world: World) -> Iterator[Finding]:
    """POD-201 and on about webhooks, POD-221 and on about policies."""
    yield from webhooks.found(world)
    yield from standing.found(world)
