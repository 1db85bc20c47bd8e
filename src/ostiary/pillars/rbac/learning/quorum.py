"""Which atoms were seen often enough to be needed, and which may be an accident or somebody else's doing.

- Seen on two days and by two witnesses: needed. Where the subject has one witness only, two days are enough: nothing better can be had. There what leads
  further has to be a habit: seen on a quarter of the days on which the subject was seen.
- What leads further (``danger``), or is a part of a way that does, gets no other chance.
- The rare work of a familiar hand: an action that is needed elsewhere, or a further verb on a resource that is worked on there; writing only where
  something is written already.
- What comes under ever new names, each of them seldom: all of them together are judged as one. What leads further is so only where they do keep coming.

>>> quorum({})
Judged(needed=frozenset(), doubtful=())
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ostiary.pillars.rbac.learning.atom import Action, Atom
from ostiary.pillars.rbac.learning.beside import READS, asks_beside
from ostiary.pillars.rbac.learning.danger import Dangers
from ostiary.pillars.rbac.learning.sightings import Seen, Sightings, last_day, together, without_end

DAYS = WITNESSES = 2
HABIT = 0.25


@dataclass(frozen=True, slots=True)
class Judged:
    """``doubtful``: what is not learned, each with the reason."""

    needed: frozenset[Atom]
    doubtful: tuple[tuple[Atom, str], ...]


def quorum(seen: Sightings) -> Judged:
    """Tell one from the other."""
    bar = _Bar.of(seen)
    sure = {atom for atom, one in seen.items() if bar.passes(one, leads=Dangers.part(atom))}
    familiar, dangers, families = _Familiar(sure), Dangers(sure), _families(seen, bar)

    def accepted(atom: Atom) -> bool:
        leads = bool(dangers.ways(atom)) or asks_beside(atom)
        if leads:
            return bool(atom.name) and families.get(atom.action, False)
        return atom.action in families or familiar.knows(atom)

    needed = frozenset(atom for atom in seen if atom in sure or accepted(atom))
    return Judged(needed, tuple((atom, bar.why(seen[atom])) for atom in sorted(seen) if atom not in needed))


def _families(seen: Sightings, bar: "_Bar") -> dict[Action, bool]:
    """The actions that pass when all their places and names are taken together; whether these keep coming."""
    groups: defaultdict[Action, list[Seen]] = defaultdict(list)
    for atom, one in seen.items():
        if not atom.path:
            groups[atom.action].append(one)
    last = last_day(seen)
    return {
        action: without_end([one.first for one in every], last)
        for action, every in groups.items()
        if len(every) > 1 and bar.passes(together(every), leads=False)
    }


@dataclass(frozen=True, slots=True)
class _Bar:
    """How much has to be seen of one subject. ``habit``: on how many days what leads further, where nobody else can bear witness."""

    witnesses: int
    habit: int

    @classmethod
    def of(cls, seen: Sightings) -> "_Bar":
        several = any(one.witnesses >= WITNESSES for one in seen.values())
        days = {day for one in seen.values() for day in one.days}
        return cls(WITNESSES if several else 1, DAYS if several else max(DAYS, math.ceil(len(days) * HABIT)))

    def passes(self, one: Seen, *, leads: bool) -> bool:
        return len(one.days) >= (self.habit if leads else DAYS) and one.witnesses >= self.witnesses

    def why(self, one: Seen) -> str:
        """What it lacks."""
        if len(one.days) < DAYS:
            return "seen on one day only"
        if one.witnesses < self.witnesses:
            return "seen by one witness only, of several that this subject has"
        return f"it leads further, and was seen on {len(one.days)} days only"


class _Familiar:
    """What is known of a subject's work."""

    def __init__(self, sure: Iterable[Atom]) -> None:
        every = tuple(sure)
        self._actions = {atom.action for atom in every}
        self._read = {(atom.api_group, _plain(atom.resource), atom.namespace) for atom in every if atom.resource}
        self._written = {
            (atom.api_group, _plain(atom.resource), atom.namespace)
            for atom in every
            if atom.resource and atom.verb not in READS
        }

    def knows(self, atom: Atom) -> bool:
        if atom.path:
            return Action(atom.verb, "", "") in self._actions
        if atom.action in self._actions:
            return True
        places = self._read if atom.verb in READS else self._written
        resource = (atom.api_group, _plain(atom.resource))
        return (*resource, atom.namespace) in places or (*resource, "") in places


def _plain(resource: str) -> str:
    return resource.partition("/")[0]
