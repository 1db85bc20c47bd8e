"""Two Clusters, object by object: what was added, removed, changed, and what only one of them could not see."""

from dataclasses import dataclass
from typing import Any

from ostiary.core.canonical import encoder
from ostiary.model.blind import Blind
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import KINDS
from ostiary.model.meta import Ref
from ostiary.model.sealed import Sealed
from ostiary.model.world import blind_leaf, encode, write_hook


@dataclass(frozen=True, slots=True)
class Difference:
    """From one Cluster to another; ``unseen``: blind spots of one of them alone."""

    added: tuple[Ref, ...]
    removed: tuple[Ref, ...]
    changed: tuple[Ref, ...]
    unseen: tuple[Blind, ...]

    @property
    def differ(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.unseen)


def compare(before: Cluster, after: Cluster, *, sealed: bool = True) -> Difference:
    """Compare; without ``sealed`` possible secrets count as equal: their digests were made under different keys."""
    write = encode if sealed else encoder(_veil).encode
    old, new = _objects(before, write), _objects(after, write)
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(ref for ref in old.keys() & new.keys() if old[ref] != new[ref])),
        unseen=_unseen(before, after),
    )


def _unseen(before: Cluster, after: Cluster) -> tuple[Blind, ...]:
    """Blind spots of one side alone; the words for people in them are no difference."""
    old, new = ({blind_leaf(blind): blind for blind in cluster.blind} for cluster in (before, after))
    return tuple((old | new)[leaf] for leaf in sorted(old.keys() ^ new.keys()))


def _veil(value: Any) -> Any:
    return "" if isinstance(value, Sealed) else write_hook(value)


def _objects(cluster: Cluster, write: Any) -> dict[Ref, bytes]:
    found: dict[Ref, bytes] = {}
    for kind in KINDS:
        for value in getattr(cluster, kind.section):
            ref = Ref(kind.kind, value.metadata.namespace, value.metadata.name or value.metadata.generate_name)
            found[ref] = found.get(ref, b"") + write(value)
    return found
