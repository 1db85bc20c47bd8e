"""The tightest level that each namespace can take while everything that runs, or that a template would make, is still admitted.

- Never looser than what stands: a namespace whose label is already tighter than what runs in it is left alone, and so is one without need of a
  label (the API server's own default, which no API shows, might be tighter than ``privileged``).
- A version that people pinned is kept: at one version a stricter level never admits more, across versions it may. ``latest`` becomes what it means
  today, for an upgrade of the cluster would change it.
- A namespace without pods and templates takes any level; the policy says so where it names one.
- Old ReplicaSets count: a rollback makes their pods.
"""

from collections.abc import Mapping

from ostiary.model.levels import Level, Version
from ostiary.model.meta import Meta
from ostiary.model.world import World
from ostiary.pillars.pods.judged import Judge
from ostiary.pillars.pods.labels import PREFIX, newest, stance
from ostiary.pillars.pods.makers import Maker, makers
from ostiary.pillars.pods.policy import LevelVersion, PodPolicy
from ostiary.pillars.pods.wanted import wanted


def learn(world: World) -> PodPolicy:
    """What everything that runs now would still be admitted by."""
    return _policy(world, {})


def intended(world: World) -> PodPolicy:
    """What the intent file asks for, or tighter where the namespace can take it; what ``learn`` says where it asks for nothing.

    It asks the same of a namespace that could not be seen; left out of the policy, its pods would be in no proof and missing from none.
    """
    asked = {meta.name: level for meta in _namespaces(world) if (level := wanted(world, meta.name)) is not None}
    policy = _policy(world, asked)
    latest = str(newest(world))
    unseen = {
        name: LevelVersion(level, latest)
        for name in _unseen(world)
        if (level := wanted(world, name) or Level.PRIVILEGED) > Level.PRIVILEGED
    }
    return PodPolicy(levels={**policy.levels, **unseen}, because=policy.because, left=policy.left)


def _unseen(world: World) -> set[str]:
    """Namespaces of which no more is known than their name: not declared, not readable, declared twice."""
    named = {blind.name for blind in world.cluster.blind if blind.kind == "Namespace" and blind.name}
    return named - {meta.name for meta in _namespaces(world)}


def _namespaces(world: World) -> list[Meta]:
    return [namespace.metadata for namespace in world.cluster.namespaces]


def _policy(world: World, asked: Mapping[str, Level]) -> PodPolicy:
    by_namespace: dict[str, list[Maker]] = {}
    for maker in makers(world):
        by_namespace.setdefault(maker.ref.namespace, []).append(maker)
    judge, latest = Judge(), newest(world)
    levels: dict[str, LevelVersion] = {}
    because: dict[str, str] = {}
    left: dict[str, str] = {}
    for meta in _namespaces(world):
        inhabitants = by_namespace.get(meta.name, [])
        level, reason = _of_namespace(judge, meta, inhabitants, asked.get(meta.name, Level.PRIVILEGED), latest)
        if level is None:
            left[meta.name] = reason
        else:
            levels[meta.name] = level
            because.update({meta.name: reason} if reason else {})
    return PodPolicy(levels=levels, because=because, left=left)


_EMPTY = "beware: no pod runs there and no template stands there, so nothing shows what it will need"


def _of_namespace(
    judge: Judge, meta: Meta, inhabitants: list[Maker], asked: Level, latest: Version
) -> tuple[LevelVersion | None, str]:
    """What to enforce, if anything, and what stands in the way of more."""
    said = stance(meta.labels, newest=latest)
    if said.invalid:
        wrong = said.invalid[0]
        return None, f"label {PREFIX}{wrong.key} is {wrong.value!r}, {wrong.reason}: correct it first"
    version = said.enforce.version
    fits, reason = _tightest(judge, inhabitants, version)
    if said.enforce.level > max(fits, asked):
        return None, f"it enforces {said.enforce.level}:{version}, tighter than what runs: {reason}"
    level = max(fits, asked)
    if not inhabitants:
        reason = _EMPTY
    if level is Level.PRIVILEGED:
        return None, f"only privileged admits what runs: {reason}"
    return LevelVersion(level, str(version)), reason if level is fits else ""


def _tightest(judge: Judge, inhabitants: list[Maker], version: Version) -> tuple[Level, str]:
    """The strictest level that admits all of them, and what keeps the next one from it."""
    fits, keeper = Level.RESTRICTED, None
    for maker in inhabitants:
        level = judge.tightest(maker, version)
        if level < fits:
            fits, keeper = level, maker
    if keeper is None:
        return fits, ""
    above = Level.RESTRICTED if fits is Level.BASELINE else Level.BASELINE
    messages = ", ".join(found.message for found in judge.violations(keeper, above, version))
    return fits, f"{keeper.ref}: {messages}"
