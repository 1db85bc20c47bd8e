"""For each workload: the tightest level that it can take now, the smallest patch that reaches ``restricted``, and what people have to decide.

A workload is a topmost owner, its own template and all that it made. What it can take now, all of its pods and old ReplicaSets say; what to change, its own
template says. Versions are those of the namespace, as ``learn`` reads them.

>>> [one.workload.name for one in harden(world)]  # doctest: +SKIP
['catalogue', 'storefront']
"""

from collections.abc import Iterator
from typing import Any

from msgspec import field

from ostiary.model.levels import Level, Version
from ostiary.model.meta import Ref
from ostiary.model.pods import PodTemplate
from ostiary.model.value import Value
from ostiary.model.world import World
from ostiary.pillars.pods.harden.decision import Decision
from ostiary.pillars.pods.harden.edit import Edit, patch, value_at
from ostiary.pillars.pods.harden.manifest import fixed, owner_patch
from ostiary.pillars.pods.harden.profile import Profile, profile, read_only_root, user_namespace
from ostiary.pillars.pods.harden.search import Found, edited, search
from ostiary.pillars.pods.harden.tree import tree_of
from ostiary.pillars.pods.judged import Judge
from ostiary.pillars.pods.labels import newest, stance
from ostiary.pillars.pods.makers import Maker, Owners
from ostiary.pillars.pods.policy import LevelVersion
from ostiary.pillars.pods.standards import evaluate

_MIRROR = "kubernetes.io/config.mirror"


class FieldChange(Value, frozen=True, kw_only=True):
    """One field of the owner: what stands there, what shall."""

    field: str
    was: Any = None
    value: Any = None


class Hardening(Value, frozen=True, kw_only=True):
    """One workload. ``after``: the level of its template with the patch in it. ``notes``: what else has to happen, or to be known."""

    workload: Ref
    now: LevelVersion
    after: LevelVersion
    profile: Profile
    fields: tuple[FieldChange, ...] = ()
    patch: dict[str, Any] = field(default_factory=dict)
    decide: tuple[Decision, ...] = ()
    notes: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()

    beyond: tuple[tuple[str, tuple[Edit, ...]], ...] = ()

    @property
    def decided(self) -> bool:
        """Nobody has to be asked before the patch is applied."""
        return not self.decide

    def steps(self) -> tuple[tuple[str, tuple[Edit, ...]], ...]:
        """What a trial run tries, in this order: the patch, then the profile beyond the level."""
        return (("the patch", self.edits), *self.beyond)


def harden(world: World) -> Iterator[Hardening]:
    """Every workload, by namespace, kind and name."""
    latest, owners, study = newest(world), Owners(world), _Study()
    versions = {
        one.metadata.name: stance(one.metadata.labels, newest=latest).enforce.version for one in world.cluster.namespaces
    }
    for top, group in sorted(owners.groups().items(), key=lambda one: (one[0].namespace, one[0].kind, one[0].name)):
        yield study.of(owners.get(top), group, versions.get(top.namespace, latest))


class _Study:
    """Answers for one run; equal postures get equal answers."""

    def __init__(self) -> None:
        self._judge = Judge()
        self._found: dict[tuple[str, Version], Found] = {}

    def of(self, top: Maker, group: list[Maker], version: Version) -> Hardening:
        found = self._search(top, version)
        now = min(self._judge.tightest(maker, version) for maker in [*group, top])
        after = next(level for level in reversed(Level) if not evaluate(edited(top.pod, found.edits), level, version))
        tree, root, edits = tree_of(top.pod), top.field(""), found.edits + found.along
        changes = (FieldChange(field=root + one.field, was=value_at(tree, one.path), value=one.value) for one in edits)
        return Hardening(
            workload=top.ref,
            now=LevelVersion(now, str(version)),
            after=LevelVersion(after, str(version)),
            profile=profile(top.pod),
            fields=tuple(changes),
            patch=owner_patch(top.ref, patch(edits)) if edits else {},
            decide=tuple(_of_owner(one, root) for one in found.decide),
            notes=tuple(_notes(top, group, found, version, self._judge)),
            edits=edits,
            beyond=_beyond(edited(top.pod, found.edits)),
        )

    def _search(self, maker: Maker, version: Version) -> Found:
        key = (maker.posture, version)
        if not maker.posture:
            return search(maker.pod, version)
        if key not in self._found:
            self._found[key] = search(maker.pod, version)
        return self._found[key]


def _beyond(pod: PodTemplate) -> tuple[tuple[str, tuple[Edit, ...]], ...]:
    return (("a read-only root", read_only_root(pod)), ("a user namespace", user_namespace(pod)))


def _of_owner(one: Decision, root: str) -> Decision:
    return Decision(code=one.code, field=root + one.field, question=one.question, options=one.options, patched=one.patched)


def _notes(top: Maker, group: list[Maker], found: Found, version: Version, judge: Judge) -> Iterator[str]:
    if top.meta.controller:
        owner = top.meta.controller
        yield f"{owner.kind} {owner.name} made it, and may undo a patch: change it there"
    if _MIRROR in top.meta.annotations.kept:
        yield "a static pod: change its file on the node"
    elif found.edits and (why := fixed(top.ref)):
        yield why
    old = [maker.ref.name for maker in group if maker.ref.kind == "ReplicaSet" and maker.ref != top.ref]
    if found.edits and old:
        yield f"after the rollout, {', '.join(old)}, kept for a rollback, still makes the pods of today: delete it when nobody will go back"
    pods = (maker for maker in group if maker.ref.kind == "Pod" and maker.ref != top.ref)
    stranger = next((said for pod in pods if (said := _strange(pod, found, version, judge))), "")
    if stranger:
        yield stranger


def _strange(pod: Maker, found: Found, version: Version, judge: Judge) -> str:
    """A pod that is refused though its owner's template, patched, would not be: something else had a hand in it."""
    if not judge.violations(pod, Level.RESTRICTED, version):
        return ""
    known = {violation.control for violation in found.left}
    more = [
        one.message for one in evaluate(edited(pod.pod, found.edits), Level.RESTRICTED, version) if one.control not in known
    ]
    return f"{pod.ref} has what its owner's template has not: {', '.join(more)}; who adds it?" if more else ""
