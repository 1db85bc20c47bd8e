"""When a signing key is made, when it signs, and when it is forgotten; no clock, no key material.

A key is published ``AHEAD`` of its first use, so that every verifier holds it before the first token that it signs; it signs until a successor's
``use_from``; it stays published until the last token that it can have signed has ended, clock skew included. There is always exactly one key that signs,
whatever was missed while the process was down: an old key signs on until a successor was published for long enough.

>>> first = Slot("a", use_from=datetime(2026, 1, 1))
>>> successor_from([first], datetime(2026, 1, 1, 12)) is None
True
>>> successor_from([first], datetime(2026, 1, 2))
datetime.datetime(2026, 1, 2, 0, 10)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ostiary.model.access import TOKEN_SECONDS

PERIOD: Final = timedelta(hours=24)
AHEAD: Final = timedelta(minutes=10)
SKEW: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A key's place in time."""

    kid: str
    use_from: datetime


def signing(slots: Sequence[Slot], now: datetime) -> Slot | None:
    """The key that signs now; after a clock that was set back, the earliest. None only when there is no key."""
    ordered = sorted(slots, key=_order)
    begun = [slot for slot in ordered if slot.use_from <= now]
    return begun[-1] if begun else (ordered[0] if ordered else None)


def successor_from(slots: Sequence[Slot], now: datetime) -> datetime | None:
    """From when a key that is to be made now shall sign; None when none is to be made."""
    if not slots:
        return now
    newest = max(slot.use_from for slot in slots)
    return now + AHEAD if newest + PERIOD - AHEAD <= now else None


def forgotten(slots: Sequence[Slot], now: datetime) -> tuple[Slot, ...]:
    """Keys of which no valid token can be left."""
    ordered = sorted(slots, key=_order)
    last_token = timedelta(seconds=TOKEN_SECONDS) + SKEW
    return tuple(old for old, new in pairwise(ordered) if new.use_from + last_token <= now)


def _order(slot: Slot) -> tuple[datetime, str]:
    return (slot.use_from, slot.kid)
