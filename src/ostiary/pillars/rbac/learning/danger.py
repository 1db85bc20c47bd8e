"""Which atoms lead further than they say, and whether one would add a way that the others do not open already.

Ways are the primitives of the catalogue. A primitive of several needs counts as soon as what was observed fulfils all the others. An atom adds nothing where
an observed atom fulfils the same need in the same place and for the same names; nor does changing a workload where workloads can be created.

>>> sorted(way.primitive for way in Dangers(()).ways(Atom("get", "", "secrets", "db", "shop")))
['read-secrets']
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from ostiary.pillars.rbac.escalations.catalogue import PRIMITIVES
from ostiary.pillars.rbac.escalations.primitive import Need, Primitive
from ostiary.pillars.rbac.learning.atom import Action, Atom

_STRONGER = {"change-workloads": ("create-workloads", 0)}


class Way(NamedTuple):
    """One need of one primitive."""

    primitive: str
    need: int


class Dangers:
    """The ways that some observed atoms open."""

    def __init__(self, observed: Iterable[Atom]) -> None:
        self._observed: dict[Way, set[tuple[str, str]]] = {}
        for atom in observed:
            for primitive, number in _needs(atom.action):
                if _counts(primitive, primitive.needs[number], atom):
                    self._observed.setdefault(Way(primitive.key, number), set()).add((atom.namespace, atom.name))

    def ways(self, atom: Atom) -> frozenset[Way]:
        """What an atom is part of, given what else was observed."""
        return frozenset(
            Way(primitive.key, number)
            for primitive, number in _needs(atom.action)
            if _counts(primitive, primitive.needs[number], atom) and self._others(primitive, number)
        )

    @staticmethod
    def part(atom: Atom) -> bool:
        """Whether an atom is a part of some way, whatever else is held."""
        return any(_counts(primitive, primitive.needs[number], atom) for primitive, number in _needs(atom.action))

    def adds(self, atom: Atom) -> bool:
        """Whether holding the atom opens a way that was not observed."""
        return any(not self._open(way, atom) for way in self.ways(atom))

    def _others(self, primitive: Primitive, number: int) -> bool:
        return all(Way(primitive.key, other) in self._observed for other in range(len(primitive.needs)) if other != number)

    def _open(self, way: Way, atom: Atom) -> bool:
        stronger = _STRONGER.get(way.primitive)
        known = self._observed.get(way, set()) | (self._observed.get(Way(*stronger), set()) if stronger else set())
        return any(namespace in ("", atom.namespace) and name in ("", atom.name) for namespace, name in known)


@cache
def _needs(action: Action) -> tuple[tuple[Primitive, int], ...]:
    """The needs that an action fulfils, whatever its place and name."""
    return tuple(
        (primitive, number) for primitive in PRIMITIVES for number, need in enumerate(primitive.needs) if _asks(need, action)
    )


def _asks(need: Need, action: Action) -> bool:
    if need.prefix and action.verb.startswith(need.prefix):
        return True
    return any((one.verb, one.api_group, one.combined) == action for one in need.requests)


def _counts(primitive: Primitive, need: Need, atom: Atom) -> bool:
    """Whether the primitive is about this place and name."""
    if primitive.namespace and atom.namespace not in ("", primitive.namespace):
        return False
    if not atom.name:
        return True
    return need.named and (not need.only or atom.name in need.only)
