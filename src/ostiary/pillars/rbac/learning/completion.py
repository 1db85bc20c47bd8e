"""What belongs to work that was seen, by knowledge of how it is done, not by counting.

- An informer watches, and lists again when its watch breaks: ``watch`` brings ``list``; both together bring ``get``, which shows nothing that they do not.
- Leader election: whoever renews a lease has read it, may have to make it, and writes an event when it becomes the leader, in either API of events.
- Events are made and then counted up: ``create`` and ``patch`` come together.

Every completion is limited to what is held today, and dropped where it would open a way that was not observed.

>>> seen = Atom("watch", "", "pods"), Atom("update", "coordination.k8s.io", "leases", "ctl", "shop")
>>> [str(atom) for atom in sorted(completed(seen)) if atom.resource != "events"]
['create leases.coordination.k8s.io in namespace shop', 'get leases.coordination.k8s.io "ctl" in namespace shop', 'list pods cluster-wide']
"""

from collections.abc import Iterable, Iterator

from ostiary.pillars.rbac.learning.atom import Atom

_LEASES = "coordination.k8s.io"
_EVENTS = ("", "events.k8s.io")


def completed(needed: Iterable[Atom]) -> frozenset[Atom]:
    """The further atoms."""
    every = frozenset(needed)
    return frozenset((*_lists(every), *_gets(every), *_leaders(every), *_events(every))) - every


def _lists(every: Iterable[Atom]) -> Iterator[Atom]:
    yield from (atom._replace(verb="list") for atom in every if atom.verb == "watch" and not atom.path)


def _gets(every: frozenset[Atom]) -> Iterator[Atom]:
    for atom in every:
        if atom.verb == "watch" and not atom.path and atom._replace(verb="list") in every:
            yield atom._replace(verb="get")


def _leaders(every: frozenset[Atom]) -> Iterator[Atom]:
    groups = {atom.api_group for atom in every if atom.resource == "events"} or set(_EVENTS)
    for atom in every:
        if atom.resource == "leases" and atom.api_group == _LEASES and atom.verb in ("update", "patch"):
            yield atom._replace(verb="get")
            yield atom._replace(verb="create", name="")
            for group in sorted(groups):
                yield from (Atom(verb, group, "events", "", atom.namespace) for verb in ("create", "patch"))


def _events(every: Iterable[Atom]) -> Iterator[Atom]:
    for atom in every:
        if atom.resource == "events" and atom.verb in ("create", "patch"):
            yield from (atom._replace(verb=verb, name="") for verb in ("create", "patch"))
