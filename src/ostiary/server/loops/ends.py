"""Ends every grant at its moment, and at start those whose moment passed while nobody ran."""

from ostiary.server.loops.steady import steadily
from ostiary.server.plane import Plane

_LONGEST = 20.0  # seconds: a clock that was set is noticed by then


async def ends(plane: Plane) -> None:
    """Until cancelled."""

    async def turn() -> float:
        following = await plane.grants.expire()
        if following is None:
            return _LONGEST
        return min(_LONGEST, (following - plane.clock()).total_seconds())

    await steadily("ending grants", turn, plane.ends_changed)
