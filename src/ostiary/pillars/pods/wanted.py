"""What the intent file asks of a namespace: a level at least, loosened by exceptions until their day."""

from ostiary.model.intent import PodException
from ostiary.model.levels import Level
from ostiary.model.world import World


def valid_exceptions(world: World, namespace: str) -> tuple[PodException, ...]:
    """Exceptions for that namespace that still hold; the last day counts."""
    every = world.intent.pods.exceptions
    return tuple(one for one in every if one.namespace == namespace and one.expires >= world.today)


def wanted(world: World, namespace: str) -> Level | None:
    """The level that the namespace shall have at least; None when the intent says nothing."""
    asked = world.intent.pods.levels.get(namespace, world.intent.pods.default)
    if asked is None:
        return None
    return min([asked, *(one.level for one in valid_exceptions(world, namespace))])
