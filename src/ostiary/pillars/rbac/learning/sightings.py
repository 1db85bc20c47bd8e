"""How often, on which days and by how many witnesses each atom was seen.

A witness is a pod where the credential names one, else a user: whoever stole one pod's token is one witness, however often it is used.

>>> seen = sightings((Usage(user="ann", verb="get", resource="pods", namespace="shop", name="web", first="2026-11-01", daily=(2, 0, 1)),))
>>> one = seen[Atom("get", "", "pods", "web", "shop")]
>>> one.count, len(one.days), one.witnesses
(3, 2, 1)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ostiary.model.evidence import Usage
from ostiary.pillars.rbac.learning.atom import Atom, atom_of


@dataclass(slots=True)
class Seen:
    """One atom. ``days`` are ordinals, each with its count; ``many``: its names were not told apart."""

    days: dict[int, int] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    pods: int = 0
    many: bool = False

    @property
    def count(self) -> int:
        return sum(self.days.values())

    @property
    def witnesses(self) -> int:
        return max(self.pods, len(self.users))

    @property
    def first(self) -> int:
        return min(self.days)


Sightings = Mapping[Atom, Seen]


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
            seen.pods, seen.many = max(seen.pods, one.pods), seen.many or one.many
    return found


def days_of(usage: Usage, before: int | None = None) -> dict[int, int]:
    """The days on which it was allowed, as ordinals, with their counts."""
    if not usage.daily:
        return {}
    first = date.fromisoformat(usage.first).toordinal()
    return {day: count for day, count in enumerate(usage.daily, first) if count and (before is None or day < before)}
