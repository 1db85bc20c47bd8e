"""Durations as people write them: ``90s``, ``15m``, ``1h``, ``1h30m``, ``2d``; whole numbers, larger units first, each unit once.

>>> seconds_of("1h30m"), written(5400)
(5400, '1h30m')
"""

import re

from ostiary.core.errors import BadInput

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?", re.ASCII)


def seconds_of(text: str) -> int:
    """The duration in seconds; BadInput when it is none, or none at all."""
    found = _WRITTEN.fullmatch(text)
    total = (
        sum(int(number) * unit for number, unit in zip(found.groups(), _UNITS.values(), strict=True) if number) if found else 0
    )
    if not total:
        raise BadInput(f"{text[:20]!r} is no duration", todo="write it as 30m, 1h, 1h30m or 2d")
    return total


def written(seconds: int) -> str:
    """The duration as people write it."""
    parts: list[str] = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
