"""Derivations as people read them: whose chain, step by step, each with the binding, the role and the request that it rests on.

>>> str(Chain((SubjectKey("User", "ann"),), ("may get secrets in namespace shop, by RoleBinding shop/a of Role shop/b",)))
'User ann may get secrets in namespace shop, by RoleBinding shop/a of Role shop/b'
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ostiary.model.meta import Ref
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.proving.atoms import AS, ByGrant
from ostiary.pillars.rbac.proving.horn import Atom, Closure, Level
from ostiary.pillars.rbac.proving.scene import Scene
from ostiary.pillars.rbac.subject import GROUP, USER, SubjectKey

LISTED = 40  # subjects whose chain is shown
_TRIES = 1_000_000  # clauses that are looked at, at most, to try subjects one by one


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain. ``subjects``: who starts it, several when it takes all of them; ``steps``: sentences about them."""

    subjects: tuple[SubjectKey, ...]
    steps: tuple[str, ...]
    bindings: tuple[Ref, ...] = ()

    def __str__(self) -> str:
        many = len(self.subjects) > 1
        return f"{' and '.join(map(shown, self.subjects))}{', together,' if many else ''} {self.words}"

    @property
    def words(self) -> str:
        """The steps without who takes them."""
        if len(self.steps) == 1:
            return self.steps[0]
        listed = "".join(f"\n    {number}. {step}" for number, step in enumerate(self.steps, 1))
        return f"gets there in {len(self.steps)} steps:{listed}"


def shown(key: SubjectKey) -> str:
    """A subject as people write it."""
    account = split_service_account(key.name) if key.kind == USER else None
    return f"ServiceAccount {account[0]}/{account[1]}" if account else str(key)


def chain(scene: Scene, closure: Closure, goal: Atom) -> Chain:
    """The derivation of a goal as a chain."""
    program, clauses = scene.program, closure.clauses(goal)
    holder = {program.heads[one]: _subject(program.atoms[program.bodies[one][0]]) for one in clauses if _is_holding(scene, one)}
    steps, bindings = [], []
    for clause in clauses:
        note = program.notes[clause]
        if note is None:
            continue
        if isinstance(note, ByGrant):
            bindings.append(note.grant.binding)
            who = holder.get(program.bodies[clause][0])
            steps.append(f"{who} {note}" if who else str(note))
        else:
            steps.append(str(note))
    subjects = tuple(SubjectKey(str(atom[1]), str(atom[2])) for atom in closure.leaves(goal) if atom[0] == "as")
    if len(subjects) == 1:
        own = f"{shown(subjects[0])} "
        steps = [step.removeprefix(own) for step in steps]
    return Chain(subjects, tuple(dict.fromkeys(steps)), tuple(dict.fromkeys(bindings)))


def _is_holding(scene: Scene, clause: int) -> bool:
    return scene.program.atoms[scene.program.heads[clause]][0] == "holds"


def _subject(atom: Atom) -> str:
    return shown(SubjectKey(str(atom[1]), str(atom[2])))


def everybody(scene: Scene, keys: Iterable[SubjectKey], goal: Atom, level: Level = Level.SURE) -> Iterator[Chain]:
    """The shortest chain of each subject that has one by itself, nearest first; of the nearest ``LISTED``.

    Who has it only by a group that has it too is not named again. Chains that need two rights of one subject in different requests are looked for
    subject by subject, in the first few that could have one (all, in a small cluster).
    """
    wanted = set(keys)
    near = scene.program.nearest(goal, level)
    found = [(cost, key) for key in wanted if (cost := near.cost(AS(key))) is not None]
    for _, key in sorted(one for one in found if not _by_group(near.first(AS(one[1])), wanted))[:LISTED]:
        yield chain(scene, near.way(AS(key)), goal)
    could = scene.program.leading_to(goal, level)
    others = sorted(key for key in wanted - {key for _, key in found} if AS(key) in could)
    for key in others[: max(3, min(LISTED, _TRIES // (1 + len(scene.program.heads))))]:
        closure = scene.program.closure([AS(key)], level, goal)
        if closure.has(goal):
            yield chain(scene, closure, goal)


def _by_group(first: Atom, wanted: set[SubjectKey]) -> bool:
    """Whether the way begins with being in a group that is asked about itself."""
    return first[:2] == ("as", GROUP) and SubjectKey(GROUP, str(first[2])) in wanted
