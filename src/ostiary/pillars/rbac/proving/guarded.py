"""Whether guardrails hold: proved, refuted with the shortest chains, or unknown with what could not be seen.

Refuted by what holds for sure. Proved when not even all whom a guardrail keeps out, together and with everything that perhaps holds, reach the goal. In
between it is unknown, and the chain that would be is named.

>>> guarded(World.of(Cluster(), today=date(2026, 11, 24)), (Guardrail(name="admin", cluster_admin=True),), ()).held[0].guardrail.name
'admin'
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ostiary.model.blind import Blind, Reason
from ostiary.model.meta import Ref
from ostiary.model.rbac_intent import Assumed, Guardrail
from ostiary.model.verdict import Missing, Witness
from ostiary.model.world import World
from ostiary.pillars.rbac.defaults import CLUSTER_ADMIN, is_default
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, Hidden, doubt
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.proving.atoms import AS
from ostiary.pillars.rbac.proving.chains import Chain, chain, everybody
from ostiary.pillars.rbac.proving.goals import checked, goal, starts
from ostiary.pillars.rbac.proving.horn import Atom, Closure, Level
from ostiary.pillars.rbac.proving.program import clauses
from ostiary.pillars.rbac.proving.scene import Scene
from ostiary.pillars.rbac.subject import USER, SubjectKey

SEEN_KINDS = ("ServiceAccount", "Namespace", "Secret", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class Held:
    """A guardrail that holds, and the closed set that shows it: everything that all others together can have."""

    guardrail: Guardrail
    closure: Closure
    keys: tuple[SubjectKey, ...] = ()  # everybody there is


@dataclass(frozen=True, slots=True)
class Guarded:
    """The answer for several guardrails. All hold when nothing speaks against them and nothing is missing."""

    held: tuple[Held, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    missing: tuple[Missing, ...] = ()


def guarded(world: World, guardrails: Iterable[Guardrail], assume: Iterable[Assumed]) -> Guarded:
    """Decide each guardrail for this World: one closure for what is sure, one for what may be, O(E log V) each."""
    every = checked(guardrails, world.cluster)
    if not every:
        return Guarded()
    scene = clauses(world, assume)
    held, witnesses, missing = [], [], [*unseen(scene)]
    for guardrail in every:
        found, would_be, closure = _one(scene, guardrail)
        witnesses += found
        missing += would_be
        held += [Held(guardrail, closure, scene.keys)] if not found and not would_be else []
    return Guarded(tuple(held), tuple(witnesses), tuple(missing))


def _one(scene: Scene, guardrail: Guardrail) -> tuple[list[Witness], list[Missing], Closure]:
    target, who = goal(scene, guardrail), starts(scene, guardrail)
    start = [AS(key) for key in who]
    sure = Level.BOUND if guardrail.directly else Level.SURE
    closure = scene.program.closure(start, sure, target)
    if closure.has(target):
        found = tuple(everybody(scene, who, target, sure)) or (chain(scene, closure, target),)
        shortest_first = sorted(found, key=lambda one: len(one.steps))
        return [_witness(guardrail, one) for one in shortest_first], [], closure
    if guardrail.directly:
        return [], [], closure
    perhaps = scene.program.closure(start, Level.PERHAPS)
    return [], [_perhaps(scene, guardrail, perhaps, target)] if perhaps.has(target) else [], perhaps


def _witness(guardrail: Guardrail, found: Chain) -> Witness:
    if len(found.subjects) != 1:
        return Witness(Ref("Guardrail", "", guardrail.name), str(found))
    key = found.subjects[0]
    account = split_service_account(key.name) if key.kind == USER else None
    subject = Ref("ServiceAccount", *account) if account else Ref(key.kind, "", key.name)
    return Witness(subject, f"breaks {guardrail.name}: {found.words}")


def _perhaps(scene: Scene, guardrail: Guardrail, closure: Closure, target: Atom) -> Missing:
    """The chain that would be there if what cannot be seen were so."""
    notes = [scene.program.notes[one] for one in closure.clauses(target) if scene.program.levels[one] is Level.PERHAPS]
    what = Blind(
        kind="Guardrail",
        name=guardrail.name,
        reason=Reason.UNOBSERVED,
        detail=f"perhaps {chain(scene, closure, target)}",
    )
    open_ends = "; ".join(dict.fromkeys(str(note) for note in notes if note is not None)) or "a namespace that cannot be seen"
    return Missing(
        what, f"not known from the objects of the cluster: {open_ends}. Take away a right in the chain, or allow its subject"
    )


def unseen(scene: Scene) -> Iterator[Missing]:
    """What could not be seen, or is not sure, and could give somebody more."""
    cluster = scene.world.cluster
    blind = (*Hidden.of(cluster.blind).blind, *(one for one in cluster.blind if seen_kind(one)))
    yield from (Missing(one, doubt(one).todo) for one in blind)
    for grant in scene.authorizer.grants.doubtful:
        for one in grant.rules.doubts:
            yield Missing(_about(grant.binding, one.what), one.todo)
    for grant in scene.authorizer.grants.all if not cluster.server_version else ():
        name = grant.role.name
        if grant.dangling and grant.role.kind == CLUSTER_ROLE and is_default(name) and name != CLUSTER_ADMIN:
            what = f"it binds ClusterRole {name}, which every API server has and this source does not show"
            yield Missing(_about(grant.binding, what), f"add it to the source: kubectl get clusterrole {name} -o yaml")


def seen_kind(blind: Blind) -> bool:
    """Whether something unseen is of a kind, beside those of RBAC, that a guardrail needs to see."""
    return blind.kind in SEEN_KINDS and blind.reason is not Reason.MISSING_RESOURCE


def _about(binding: Ref, detail: str) -> Blind:
    return Blind(kind=binding.kind, namespace=binding.namespace, name=binding.name, reason=Reason.UNREADABLE, detail=detail)
