"""Rights that a request needed beside the one on its line, and that are held today.

- Whoever wrote a role or a binding had every right in it, or ``escalate`` or ``bind``. Where these verbs are held today they stay, with their names; where
  they are not, fewer rights would mean that roles can no longer be written, and nothing shows which: ``by_holding``.
- Whoever approved or signed a certificate had ``approve`` or ``sign`` for its signer; the line does not name it, so what is held of these stays.
- ``get`` on exec, attach and port-forward is a websocket, which takes ``create`` as well since 1.35.
- Whoever makes objects for a custom resource that it also changes may set ``blockOwnerDeletion``, which takes ``update`` on its ``finalizers``.

Source: ``secondary``, each with the file of the API server.

>>> inferred((), Held.of(()), Server())
frozenset()
"""

from collections.abc import Iterable, Iterator

from ostiary.pillars.rbac.learning.atom import Atom
from ostiary.pillars.rbac.learning.beside import BESIDE, OWNERLESS, READS, STREAMS
from ostiary.pillars.rbac.learning.standing import Held
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import group_matches, resource_matches, verb_matches
from ostiary.pillars.rbac.server import Server
from ostiary.pillars.rbac.vocabulary import CLUSTER_SCOPED, NAMESPACED

_BUILT_IN = frozenset({*NAMESPACED, *CLUSTER_SCOPED})


def inferred(needed: Iterable[Atom], held: Held, server: Server) -> frozenset[Atom]:
    """The further atoms, all of them held."""
    every = tuple(needed)
    found = {*_beside(every, held), *_streams(every, server), *_finalizers(every)}
    return frozenset(atom for atom in found if held.covers(atom))


def by_holding(needed: Iterable[Atom], held: Held) -> bool:
    """Whether roles or bindings were written without ``escalate`` or ``bind``: by holding what stands in them."""
    for atom in needed:
        beside = BESIDE.get((atom.api_group, atom.resource))
        if beside and beside[1] in ("escalate", "bind") and atom.verb in beside[0]:
            verb, resources = beside[1:]
            if not any(held_atoms(held, verb, atom.api_group, resource, atom.namespace) for resource in resources):
                return True
    return False


def _beside(needed: Iterable[Atom], held: Held) -> Iterator[Atom]:
    for atom in needed:
        beside = BESIDE.get((atom.api_group, atom.resource))
        if beside and atom.verb in beside[0]:
            for resource in beside[2]:
                yield from held_atoms(held, beside[1], atom.api_group, resource, atom.namespace)


def held_atoms(held: Held, verb: str, group: str, resource: str, namespace: str) -> tuple[Atom, ...]:
    """What is held of an action in a place, name by name as the rules have it."""
    request = Request(verb, resource, group, namespace=namespace)
    rules = [
        rule
        for rule in held.in_force(namespace)
        if verb_matches(rule, verb) and group_matches(rule, group) and resource_matches(rule, request)
    ]
    names = dict.fromkeys(name for rule in rules for name in rule.resource_names or ("",))
    return tuple(Atom(verb, group, resource, name, namespace) for name in names)


def _streams(needed: Iterable[Atom], server: Server) -> Iterator[Atom]:
    if server.enabled("AuthorizePodWebsocketUpgradeCreatePermission"):
        yield from (atom._replace(verb="create") for atom in needed if atom.verb == "get" and atom.resource in STREAMS)


def _finalizers(needed: tuple[Atom, ...]) -> Iterator[Atom]:
    """For owners of what is made: custom resources that the subject changes, in the places where it makes something."""
    made = {
        (atom.namespace, atom.api_group, atom.resource)
        for atom in needed
        if atom.verb == "create" and "/" not in atom.resource and atom.resource not in OWNERLESS
    }
    owners = {
        (atom.api_group, atom.resource.removesuffix("/status"))
        for atom in needed
        if atom.verb not in READS and atom.api_group and atom.api_group not in _BUILT_IN
    }
    for group, resource in owners:
        if "/" not in resource:
            places = {namespace for namespace, *kind in made if kind != [group, resource]}
            yield from (Atom("update", group, f"{resource}/finalizers", "", namespace) for namespace in places)
