"""Which atoms were seen often enough to be needed, and which may be an accident or somebody else's doing.

- Seen on two days and by two witnesses: needed. Where the subject has one witness only, two days are enough: nothing better can be had.
- What leads further (``danger``) gets no other chance.
- The rare work of a familiar hand: an action that is needed elsewhere, or a further verb on a resource that is worked on there; writing only where
  something is written already.

>>> quorum({})
Judged(needed=frozenset(), doubtful=())
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ostiary.pillars.rbac.learning.atom import Action, Atom
from ostiary.pillars.rbac.learning.danger import Dangers
from ostiary.pillars.rbac.learning.sightings import Seen, Sightings

READS = frozenset({"get", "list", "watch"})
DAYS = WITNESSES = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """``doubtful``: what is not learned, each with the reason."""

    needed: frozenset[Atom]
    doubtful: tuple[tuple[Atom, str], ...]


def quorum(seen: Sightings) -> Judged:
    """Tell one from the other."""
    wanted = WITNESSES if any(one.witnesses >= WITNESSES for one in seen.values()) else 1
    sure = {atom for atom, one in seen.items() if len(one.days) >= DAYS and one.witnesses >= wanted}
    familiar = _Familiar(sure)
    dangers = Dangers(seen)
    rare = {atom for atom in seen if atom not in sure and not dangers.ways(atom) and familiar.knows(atom)}
    doubtful = ((atom, _why(seen[atom], wanted)) for atom in sorted(seen) if atom not in sure and atom not in rare)
    return Judged(frozenset(sure | rare), tuple(doubtful))


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


def _why(seen: Seen, wanted: int) -> str:
    if len(seen.days) < DAYS:
        return "seen on one day only"
    return f"seen by one witness only, of at least {wanted} that this subject has"
