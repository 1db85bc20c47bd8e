"""Decisions, one package a pillar; each is blind to the others.

Every pillar is a package that has the verbs of ``Pillar`` as functions. They are pure: no sockets, no clock, no files.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

from ostiary.model.finding import Finding
from ostiary.model.meta import Ref
from ostiary.model.plan import Plan
from ostiary.model.verdict import Missing, Proof, Refutation, Unknown
from ostiary.model.world import World

PolicyT = TypeVar("PolicyT")


class Pillar(Protocol[PolicyT]):
    """What every pillar can do. Same World, same answer, byte for byte."""

    def check(self, world: World) -> Iterator[Finding]:
        """What is wrong now, worst first."""
        ...

    def unseen(self, world: World) -> tuple[Missing, ...]:
        """What could not be seen and ``check`` would have needed: while it is not empty, silence is not health."""
        ...

    def learn(self, world: World) -> PolicyT:
        """The least that the evidence needs."""
        ...

    def intended(self, world: World) -> PolicyT:
        """What the intent file asks for, where it says something; what ``learn`` says elsewhere."""
        ...

    def prove(self, world: World, policy: PolicyT) -> Proof[PolicyT] | Refutation | Unknown:
        """Whether the policy may be enforced: for all cases, or a witness, or what is missing."""
        ...

    def premises(self, world: World, policy: PolicyT) -> Mapping[str, Ref]:
        """The facts that a proof of this policy rests on, each with an object that shows it."""
        ...

    def premises_of(self, plan: Plan, world: World) -> Mapping[str, Ref]:
        """The same, for the policy that a plan carries: what a later World is compared by before the plan is performed."""
        ...

    def enforce(self, proof: Proof[PolicyT]) -> Plan:
        """Native objects, staged, with undo. Takes a Proof and nothing else."""
        ...
