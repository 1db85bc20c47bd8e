"""From atoms to rules: as few as say the same, and no more.

>>> rules = written({Atom("get", "", "pods"), Atom("list", "", "pods"), Atom("get", "", "services"), Atom("list", "", "services")})
>>> [(rule.verbs, rule.resources) for rule in rules]
[(('get', 'list'), ('pods', 'services'))]
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.learning.atom import Atom

Rules = tuple[PolicyRule, ...]


def by_place(atoms: Iterable[Atom]) -> tuple[Rules, dict[str, Rules]]:
    """The rules for the whole cluster, and those for each namespace."""
    places: defaultdict[str, set[Atom]] = defaultdict(set)
    for atom in atoms:
        places[atom.namespace].add(atom)
    return written(places.pop("", set())), {place: written(places[place]) for place in sorted(places)}


def written(atoms: Iterable[Atom]) -> Rules:
    """The rules of one place, sorted."""
    names: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    paths: defaultdict[str, set[str]] = defaultdict(set)
    for atom in atoms:
        if atom.path:
            paths[atom.path].add(atom.verb)
        else:
            names[atom.action].add(atom.name)
    verbs: defaultdict[tuple[str, str, tuple[str, ...]], set[str]] = defaultdict(set)
    for (verb, group, resource), every in names.items():
        verbs[(group, resource, tuple(sorted(every - {""})) if "" not in every else ())].add(verb)
    return (*_of_resources(verbs), *_of_paths(paths))


def _of_resources(verbs: Mapping[tuple[str, str, tuple[str, ...]], set[str]]) -> Iterator[PolicyRule]:
    alike: defaultdict[tuple[str, tuple[str, ...], tuple[str, ...]], set[str]] = defaultdict(set)
    for (group, resource, names), every in verbs.items():
        alike[(group, names, tuple(sorted(every)))].add(resource)
    for (group, names, same), resources in sorted(alike.items(), key=lambda item: (item[0][0], sorted(item[1]), item[0])):
        yield PolicyRule(verbs=same, api_groups=(group,), resources=tuple(sorted(resources)), resource_names=names)


def _of_paths(paths: Mapping[str, set[str]]) -> Iterator[PolicyRule]:
    alike: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for path, verbs in paths.items():
        alike[tuple(sorted(verbs))].add(path)
    for same, every in sorted(alike.items()):
        yield PolicyRule(verbs=same, non_resource_urls=tuple(sorted(every)))
