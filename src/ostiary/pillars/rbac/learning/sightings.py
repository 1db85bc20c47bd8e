"""How often, on which days and by how many witnesses each atom was seen.

A witness is a pod where the credential names one, else a user: whoever stole one pod's token is one witness, however often it is used.

>>> seen = sightings((Usage(user="ann", verb="get", resource="pods", namespace="shop", name="web", first="2026-11-01", daily=(2, 0, 1)),))
>>> one = seen[Atom("get", "", "pods", "web", "shop")]
>>> one.count, len(one.days), one.witnesses
(3, 2, 1)
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ostiary.model.evidence import Usage
from ostiary.pillars.rbac.learning.atom import Atom, atom_of


@dataclass(slots=True)
class Seen:
    """One atom. ``days`` are ordinals, each with its count; ``many``: its names were not told apart."""

    days: dict[int, int] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    pods: set[str] = field(default_factory=set)
    many: bool = False

    @property
    def count(self) -> int:
        return sum(self.days.values())

    @property
    def witnesses(self) -> int:
        return max(len(self.pods), len(self.users))

    @property
    def first(self) -> int:
        return min(self.days)


Sightings = Mapping[Atom, Seen]
NAMES = 8
SETTLING = 7  # days in which what there is comes to light; a quarter of the time where that is less
LATER = 2  # days after that on which something new was seen


def keeps_coming(firsts: Collection[int], last: int) -> bool:
    """Whether new ones keep coming, from the days on which each was first seen and the last day that is known."""
    start = min(firsts, default=0)
    settled = start + min(SETTLING, (last - start + 1) // 4)
    return len({day for day in firsts if day > settled}) >= LATER


def without_end(firsts: Collection[int], last: int) -> bool:
    """Whether a list of these names would not hold: there are too many, or they keep coming."""
    return len(firsts) > NAMES or keeps_coming(firsts, last)


def last_day(seen: Sightings) -> int:
    """The last day on which anything was seen."""
    return max((day for one in seen.values() for day in one.days), default=0)


def together(every: Iterable[Seen]) -> Seen:
    """Several atoms taken as one."""
    one = Seen()
    for other in every:
        for day, count in other.days.items():
            one.days[day] = one.days.get(day, 0) + count
        one.users |= other.users
        one.pods |= other.pods
    return one


def sightings(usage: Iterable[Usage], before: int | None = None) -> dict[Atom, Seen]:
    """Everything that was allowed; ``before``: only on days before this one."""
    found: dict[Atom, Seen] = {}
    for one in usage:
        days = days_of(one, before)
        if days:
            seen = found.setdefault(atom_of(one), Seen())
            for day, count in days.items():
                seen.days[day] = seen.days.get(day, 0) + count
            seen.users.add(one.user)
            seen.pods.update(one.pods)
            seen.many = seen.many or one.many
    return found


def days_of(usage: Usage, before: int | None = None) -> dict[int, int]:
    """The days on which it was allowed, as ordinals, with their counts."""
    if not usage.daily:
        return {}
    first = date.fromisoformat(usage.first).toordinal()
    return {day: count for day, count in enumerate(usage.daily, first) if count and (before is None or day < before)}
