"""Where a list of names or of namespaces will not hold, because new ones keep coming.

RBAC knows no patterns, so that a generated name means every name. Names are given up when new ones keep coming after the first week, or when there are more
than eight; namespaces, when new ones keep coming, or when there are at least three and they are nearly all that there are.

A step that would open a way that was not observed is not taken. Then no rule fits: ``without_end`` says which action has ever new names or namespaces, and
the subject is left as it is.

>>> wide = widened({}, frozenset(), lambda atom: True, Dangers(()), 0)
>>> wide.atoms, wide.without_end
(frozenset(), ())
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from ostiary.pillars.rbac.learning.atom import Action, Atom
from ostiary.pillars.rbac.learning.danger import Dangers
from ostiary.pillars.rbac.learning.sightings import Sightings, keeps_coming, last_day, without_end

PLACES = 3
NEARLY_ALL = 0.8


@dataclass(frozen=True, slots=True)
class Wide:
    """The atoms after widening, and what cannot be written as rules."""

    atoms: frozenset[Atom]
    without_end: tuple[Atom, ...]


Held = Callable[[Atom], bool]


def widened(seen: Sightings, needed: Collection[Atom], held: Held, dangers: Dangers, namespaces: int) -> Wide:
    """Widen names, then namespaces. ``held``: whether an atom is held today; ``namespaces``: how many the cluster has."""
    names, endless = _names(seen, needed, held, dangers)
    atoms, more = _namespaces(seen, names, held, dangers, namespaces)
    return Wide(frozenset(_without_covered(atoms)), tuple(sorted({*endless, *more})))


def _names(seen: Sightings, needed: Collection[Atom], held: Held, dangers: Dangers) -> tuple[set[Atom], list[Atom]]:
    """Names are counted over all namespaces, and given up in each by itself."""
    kept, endless = set(needed), list[Atom]()
    named = [atom for atom in needed if atom.name]
    growing = _growing(seen, named)
    many = {atom for atom, one in seen.items() if one.many}
    for nameless in sorted({atom._replace(name="") for atom in named if atom.action in growing} | many):
        if not held(nameless):
            continue
        if dangers.adds(nameless) or (nameless in many and dangers.ways(nameless)):
            endless.append(nameless)
        else:
            kept.add(nameless)
    return kept, endless


def _growing(seen: Sightings, named: Collection[Atom]) -> set[Action]:
    """The actions that are used under ever new names."""
    firsts: defaultdict[Action, dict[str, int]] = defaultdict(dict)
    for atom in named:
        if atom in seen:
            days = firsts[atom.action]
            days[atom.name] = min(days.get(atom.name, seen[atom].first), seen[atom].first)
    last = last_day(seen)
    return {action for action, days in firsts.items() if without_end(days.values(), last)}


def _namespaces(
    seen: Sightings, atoms: set[Atom], held: Held, dangers: Dangers, namespaces: int
) -> tuple[set[Atom], list[Atom]]:
    kept, endless = set(atoms), list[Atom]()
    groups: defaultdict[tuple[Action, str], set[str]] = defaultdict(set)
    for atom in atoms:
        if atom.namespace:
            groups[(atom.action, atom.name)].add(atom.namespace)
    firsts, last = _firsts(seen), last_day(seen)
    for (action, name), places in sorted(groups.items()):
        everywhere = Atom(*action, name)
        growing = keeps_coming([firsts[(action, place)] for place in places if (action, place) in firsts], last)
        if len(places) < PLACES or not (growing or len(places) >= NEARLY_ALL * namespaces) or not held(everywhere):
            continue
        if dangers.adds(everywhere):
            endless += [everywhere] if growing else []
        else:
            kept.add(everywhere)
    return kept, endless


def _firsts(seen: Sightings) -> dict[tuple[Action, str], int]:
    """The day on which each action was first seen in each namespace."""
    firsts: dict[tuple[Action, str], int] = {}
    for atom, one in seen.items():
        key = (atom.action, atom.namespace)
        firsts[key] = min(firsts.get(key, one.first), one.first)
    return firsts


def _without_covered(atoms: Iterable[Atom]) -> set[Atom]:
    """Those that no other one covers."""
    every = set(atoms)
    wider = (
        (
            atom,
            {atom._replace(name=name, namespace=namespace) for name in {"", atom.name} for namespace in {"", atom.namespace}},
        )
        for atom in every
    )
    return {atom for atom, others in wider if not (others - {atom}) & every}
