"""What an upgrade of the cluster changes for the pods that run and the templates that stand, and what it leaves.

A namespace whose labels name a version keeps that version; one that says ``latest``, or a version that the server does not know yet, moves. For those,
every pod is evaluated at both versions, and where the answers differ, in anything, both are given.

>>> upgrade(world, Version(33), Version(34)).changes  # doctest: +SKIP
"""

from collections.abc import Iterator, Sequence

from ostiary.model.levels import Level, Version
from ostiary.model.meta import Ref
from ostiary.model.value import Value
from ostiary.model.world import World
from ostiary.pillars.pods.judged import Judge
from ostiary.pillars.pods.labels import MODES, Mode, stance
from ostiary.pillars.pods.makers import Maker, Owners
from ostiary.pillars.pods.standards import CONTROLS, Violation
from ostiary.pillars.pods.standards.registry import in_force


class ControlChange(Value, frozen=True, kw_only=True):
    """A control of a level that reads otherwise at the later version. ``change``: appears, reads differently, ends."""

    level: Level
    control: str
    change: str
    title: str


class Move(Value, frozen=True, kw_only=True):
    """A mode of a namespace that goes along with the cluster."""

    namespace: str
    mode: str
    level: Level
    before: str
    after: str


class PodChange(Value, frozen=True, kw_only=True):
    """An owner with a pod or template about which the two versions differ; ``shown_by`` is the first such. ``fields`` are that one's."""

    workload: Ref
    shown_by: Ref
    mode: str
    level: Level
    verdict: str  # refused then, admitted then, still refused
    appears: tuple[str, ...]
    ends: tuple[str, ...]
    fields: tuple[str, ...]


class Upgrade(Value, frozen=True, kw_only=True):
    """All of it. ``kept``: namespaces that declare something and move in no mode."""

    before: str
    after: str
    controls: tuple[ControlChange, ...]
    moves: tuple[Move, ...]
    kept: tuple[str, ...]
    changes: tuple[PodChange, ...]

    @property
    def refuses(self) -> bool:
        """Whether a pod that is admitted now would be refused then."""
        return any(one.mode == "enforce" and one.verdict == "refused then" for one in self.changes)


def upgrade(world: World, before: Version, after: Version) -> Upgrade:
    """Between any two versions that the levels are known at."""
    moves = tuple(_moves(world, before, after))
    moving = {move.namespace for move in moves}
    said = (one.metadata for one in world.cluster.namespaces)
    kept = tuple(meta.name for meta in said if _declares(meta.labels, before) and meta.name not in moving)
    controls = tuple(change for level in (Level.BASELINE, Level.RESTRICTED) for change in control_changes(level, before, after))
    changes = tuple(_changes(world, moves))
    return Upgrade(before=str(before), after=str(after), controls=controls, moves=moves, kept=kept, changes=changes)


def control_changes(level: Level, before: Version, after: Version) -> Iterator[ControlChange]:
    """Controls of a level whose rule differs between the two."""
    then, later = ({control.id: variant for control, variant in in_force(level, at.minor)} for at in (before, after))
    for control in CONTROLS:
        old, new = then.get(control.id), later.get(control.id)
        if old == new:
            continue
        change = "appears" if old is None else "ends" if new is None else "reads differently"
        yield ControlChange(level=level, control=control.id, change=change, title=control.title)


def _declares(labels: dict[str, str], at: Version) -> bool:
    said = stance(labels, newest=at)
    return any(getattr(said, mode).declared for mode in MODES)


def _moves(world: World, before: Version, after: Version) -> Iterator[Move]:
    for one in world.cluster.namespaces:
        name, then, later = one.metadata.name, *(stance(one.metadata.labels, newest=at) for at in (before, after))
        for mode in MODES:
            old, new = _mode(then, mode), _mode(later, mode)
            if old.version != new.version and new.level > Level.PRIVILEGED:
                yield Move(namespace=name, mode=mode, level=new.level, before=str(old.version), after=str(new.version))


def _mode(said: object, mode: str) -> Mode:
    found: Mode = getattr(said, mode)
    return found


def _changes(world: World, moves: Sequence[Move]) -> Iterator[PodChange]:
    judge, groups = Judge(), Owners(world).groups()
    by_namespace: dict[str, list[Move]] = {}
    for move in moves:
        by_namespace.setdefault(move.namespace, []).append(move)
    for top, group in sorted(groups.items()):
        for move in by_namespace.get(top.namespace, ()):
            found = (change for maker in group if (change := _change(judge, top, maker, move)))
            worst = min(found, key=lambda one: one.verdict != "refused then", default=None)
            if worst:
                yield worst


def _change(judge: Judge, top: Ref, maker: Maker, move: Move) -> PodChange | None:
    old, new = (judge.violations(maker, move.level, _version(at)) for at in (move.before, move.after))
    if old == new:
        return None
    verdict = "still refused" if old and new else "refused then" if new else "admitted then"
    appearing = [one for one in new if one not in old]
    return PodChange(
        workload=top,
        shown_by=maker.ref,
        mode=move.mode,
        level=move.level,
        verdict=verdict,
        appears=_messages(appearing),
        ends=_messages([one for one in old if one not in new]),
        fields=tuple(maker.field(path) for one in appearing for path in one.fields),
    )


def _messages(violations: Sequence[Violation]) -> tuple[str, ...]:
    return tuple(f"{one.control}: {one.message}" for one in violations)


def _version(text: str) -> Version:
    version = Version.parse(text)
    assert version is not None, text  # noqa: S101, written by _moves
    return version
