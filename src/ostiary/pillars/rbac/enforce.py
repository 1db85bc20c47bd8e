"""A proved policy as native objects: roles and bindings in three stages, access reviews that show each of them, and a plan that gives everything back.

What will be changed is worked out from the very World that was proved (``ready``), and goes along in the proof: ``enforce`` needs nothing else.

>>> proof = with_steps(world, prove(world, policy))  # doctest: +SKIP
>>> enforce(proof).stages  # doctest: +SKIP
('prepare', 'canary', 'enforce')
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from ostiary.model.plan import Change, Plan, Trial
from ostiary.model.value import Value
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.world import World
from ostiary.pillars.rbac.enforcing.canary import canary
from ostiary.pillars.rbac.enforcing.questions import questions
from ostiary.pillars.rbac.enforcing.restoring import restores, restoring
from ostiary.pillars.rbac.enforcing.standing import Standing
from ostiary.pillars.rbac.enforcing.steps import STAGES, steps
from ostiary.pillars.rbac.policy import RbacPolicy

_READ_IN_CACHES = "every API server has read a new binding by the time that a later stage deletes an old one: they read through caches, a moment behind"


class Enforceable(Value, frozen=True, kw_only=True):
    """A policy with what it takes, in one World, to enforce it, and what it takes to give everything back."""

    policy: RbacPolicy
    changes: tuple[Change, ...] = ()
    trials: tuple[Trial, ...] = ()
    restores: tuple[Change, ...] = ()

    COLUMNS: ClassVar[tuple[str, ...]] = RbacPolicy.COLUMNS

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The policy as people read it."""
        return self.policy.rows()


def ready(world: World, policy: RbacPolicy, *, first: Sequence[str] = ()) -> Enforceable:
    """What it takes to enforce a policy here. ``first``: the namespaces whose subjects go first; without one the smallest is chosen."""
    proposals = Standing.of(world.cluster).touched(policy)
    going_first = canary(world.cluster, proposals, first)
    changes = steps(world.cluster, proposals, going_first)
    return Enforceable(
        policy=policy,
        changes=changes,
        trials=questions(world, proposals, going_first, changes) if changes else (),
        restores=restores(world.cluster, proposals) if changes else (),
    )


def with_steps(
    world: World, verdict: Proof[RbacPolicy] | Refutation | Unknown, *, first: Sequence[str] = ()
) -> Proof[Enforceable] | Refutation | Unknown:
    """A verdict about this World; a proof gets what it takes to enforce it."""
    if not isinstance(verdict, Proof):
        return verdict
    return Proof(
        claim=verdict.claim,
        policy=ready(world, verdict.policy, first=first),
        world=verdict.world,
        premises=verdict.premises,
        assumptions=verdict.assumptions,
        certificate=verdict.certificate,
    )


def enforce(proof: Proof[Enforceable]) -> Plan:
    """The plan of a proof: new roles first, then nobody keeps by an old one what they did not use. A stage without changes is left out."""
    return Plan(
        pillar="rbac",
        world=proof.world,
        claim=proof.claim,
        stages=tuple(stage for stage in STAGES if any(change.stage == stage for change in proof.policy.changes)),
        changes=proof.policy.changes,
        trials=proof.policy.trials,
        premises=dict(proof.premises),
        assumptions=(*proof.assumptions, _READ_IN_CACHES) if proof.policy.changes else proof.assumptions,
        certificate=dict(proof.certificate),
        policy={} if proof.certificate else msgspec.to_builtins(proof.policy.policy),
    )


def giving_back(proof: Proof[Enforceable]) -> Plan:
    """The plan that gives back everything that ``enforce`` takes, whenever it is performed."""
    return restoring(enforce(proof), proof.policy.restores)
