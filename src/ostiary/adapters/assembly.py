"""From objects, in any order, to a Cluster: sorted, each name once, with everything that could not be seen.

Of two objects of one name that are equal, one stays. Of two that differ, neither does: which of them an API server would hold depends on the order in
which they reach it. A namespace that holds objects and is declared nowhere is something unseen: its labels decide what is admitted.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Protocol

from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import KINDS, Kind
from ostiary.model.value import Value
from ostiary.model.world import encode


class Collector(Protocol):
    """Takes objects and blind spots as they are read."""

    def add(self, kind: Kind, value: Any, where: str = "") -> None:
        """One object, and where it stood, for people."""
        ...

    def blind(self, *blind: Blind) -> None:
        """Something that could not be seen."""
        ...


class InOrder:
    """Keeps objects and blind spots in the order in which they were read, for answers that follow the input."""

    def __init__(self) -> None:
        self.found: list[tuple[Kind, Any] | Blind] = []

    def add(self, kind: Kind, value: Any, where: str = "") -> None:
        """One object; where it stood is told by the file that was asked for."""
        del where
        self.found.append((kind, value))

    def blind(self, *blind: Blind) -> None:
        """Something that could not be seen."""
        self.found.extend(blind)


class Assembly:
    """Collects objects and blind spots; ``cluster`` makes the value."""

    def __init__(self) -> None:
        self._found: dict[str, list[Any]] = defaultdict(list)
        self._where: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._blind: list[Blind] = []

    def __len__(self) -> int:
        return sum(map(len, self._found.values())) + len(self._blind)

    def add(self, kind: Kind, value: Any, where: str = "") -> None:
        """One object, and where it stood, for people."""
        self._found[kind.section].append(value)
        if where:
            self._where[_address(kind, value)].append(where)

    def extend(self, kind: Kind, values: Iterable[Value]) -> None:
        """Many objects of one kind."""
        self._found[kind.section].extend(values)

    def blind(self, *blind: Blind) -> None:
        """Something that could not be seen."""
        self._blind.extend(blind)

    def cluster(self, server_version: str = "") -> Cluster:
        """The value of everything collected."""
        sections = {kind.section: tuple(self._unique(kind)) for kind in KINDS}
        self._blind.extend(_undeclared(sections, self._blind))
        blind = sorted(set(self._blind), key=lambda item: encode(item))
        return Cluster(**sections, blind=tuple(blind), server_version=server_version)

    def _unique(self, kind: Kind) -> Iterable[Any]:
        ordered = sorted(self._found[kind.section], key=_name)
        for (namespace, name), group in groupby(ordered, key=_name):
            same = list(group)
            if not name:  # only a generateName: the API server makes a new object of each
                yield from sorted(same, key=encode)
            elif all(other == same[0] for other in same[1:]):
                yield same[0]
            else:
                places = self._where[(kind.kind, namespace, name)]
                self.blind(_duplicate(kind, namespace, name, places))


def _name(value: Any) -> tuple[str, str]:
    return value.metadata.namespace, value.metadata.name


def _address(kind: Kind, value: Any) -> tuple[str, str, str]:
    return kind.kind, value.metadata.namespace, value.metadata.name


def _duplicate(kind: Kind, namespace: str, name: str, places: list[str]) -> Blind:
    return Blind(
        kind=kind.kind,
        group=kind.group,
        namespace=namespace,
        name=name,
        reason=Reason.DUPLICATE,
        where=", ".join(sorted(set(places))),
        detail="objects of this name differ; which one counts depends on the order of applying",
    )


def _undeclared(sections: dict[str, tuple[Any, ...]], blind: list[Blind]) -> Iterable[Blind]:
    unseen = {item.name for item in blind if item.kind == "Namespace"}
    if "" in unseen:  # no namespace could be read: that is said already
        return
    declared = {namespace.metadata.name for namespace in sections["namespaces"]}
    used = {value.metadata.namespace for kind in KINDS if kind.namespaced for value in sections[kind.section]}
    for name in sorted(used - declared - unseen):
        yield Blind(
            kind="Namespace", name=name, reason=Reason.MISSING_NAMESPACE, detail="objects stand in it, its labels are not known"
        )
