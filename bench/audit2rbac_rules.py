"""The rules by which audit2rbac makes roles, stated anew in a few lines, to be measured on the same data.

Every event of a user counts, denied ones too. Reading one way brings the other ways, writing one way the other and reading; ``create`` has no name, not on a
subresource either; where only names differ there are none; where only namespaces differ it is cluster-wide; a path keeps its query. Nothing is
compared with what is granted.
"""

from collections import defaultdict
from collections.abc import Iterable

from ostiary.pillars.rbac.learning.atom import Atom

EXPANDED = {
    "list": ("list", "get", "watch"),
    "watch": ("watch", "list", "get"),
    "update": ("update", "get", "patch"),
    "patch": ("patch", "get", "update"),
}


def atoms(requests: Iterable[Atom]) -> frozenset[Atom]:
    """The atoms of the role that comes of these requests."""
    bare = {atom._replace(name="") if atom.verb == "create" else atom for atom in requests}
    names: defaultdict[Atom, set[str]] = defaultdict(set)
    for atom in bare:
        names[atom._replace(name="")].add(atom.name)
    one_name = {nameless._replace(name=next(iter(every)) if len(every) == 1 else "") for nameless, every in names.items()}
    places: defaultdict[Atom, set[str]] = defaultdict(set)
    for atom in one_name:
        places[atom._replace(namespace="")].add(atom.namespace)
    one_place = {atom._replace(namespace=next(iter(every)) if len(every) == 1 else "") for atom, every in places.items()}
    return frozenset(atom._replace(verb=verb) for atom in one_place for verb in EXPANDED.get(atom.verb, (atom.verb,)))
