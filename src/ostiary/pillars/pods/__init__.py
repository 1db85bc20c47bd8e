"""Pods: what they may do on their node, by the Pod Security Standards.

>>> from ostiary.pillars import pods
>>> proof = pods.prove(world, pods.learn(world))  # doctest: +SKIP
"""

from collections.abc import Mapping

from ostiary.model.meta import Ref
from ostiary.model.plan import Plan
from ostiary.model.verdict import Missing
from ostiary.model.world import World
from ostiary.pillars.pods import blindness
from ostiary.pillars.pods.check import check
from ostiary.pillars.pods.controls.found import unseen as unseen_by_controls
from ostiary.pillars.pods.drift import drift
from ostiary.pillars.pods.enforce import enforce
from ostiary.pillars.pods.learn import intended, learn
from ostiary.pillars.pods.policy import LevelVersion, PodPolicy, of_certificate
from ostiary.pillars.pods.premises import premises
from ostiary.pillars.pods.prove import prove

__all__ = [
    "LevelVersion",
    "PodPolicy",
    "check",
    "drift",
    "enforce",
    "intended",
    "learn",
    "premises",
    "premises_of",
    "prove",
    "unseen",
]


def premises_of(plan: Plan, world: World) -> Mapping[str, Ref]:
    """The premises that a World shows for the policy of a plan: what ``apply`` compares with the plan's own."""
    return premises(world, of_certificate(plan.certificate))


def unseen(world: World) -> tuple[Missing, ...]:
    """What could not be seen and ``check`` would have needed: for the levels, and for the further controls."""
    return (*blindness.unseen(world), *unseen_by_controls(world))
