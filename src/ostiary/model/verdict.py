"""The three answers: proved, refuted with a witness, unknown with what is missing.

``enforce`` takes a Proof and nothing else. A Proof holds for its own World, and for every later World whose premises are among its own: the claim
says "for all premises", so fewer premises need no new proof and one new premise makes the proof stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ostiary.model.blind import Blind
from ostiary.model.meta import Ref

PolicyT = TypeVar("PolicyT", covariant=True)


@dataclass(frozen=True, slots=True)
class Proof(Generic[PolicyT]):
    """The claim holds. ``certificate`` is plain JSON that ``ostiary verify`` re-checks without the code that made it."""

    claim: str  # one sentence
    policy: PolicyT
    world: str  # digest
    premises: Mapping[str, Ref]  # fact -> an object that shows it
    assumptions: tuple[str, ...]  # what no source can show; checked by trying, after the change
    certificate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Witness:
    """An object that breaks the claim, and how."""

    subject: Ref
    reason: str


@dataclass(frozen=True, slots=True)
class Refutation:
    """The claim does not hold; the smallest witness comes first."""

    claim: str
    witnesses: tuple[Witness, ...]

    def __post_init__(self) -> None:
        if not self.witnesses:
            raise ValueError("a refutation needs a witness")


@dataclass(frozen=True, slots=True)
class Missing:
    """A piece of evidence that is not there, and what to do to get it."""

    what: Blind
    todo: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither shown nor refuted: this evidence is missing."""

    claim: str
    missing: tuple[Missing, ...]

    def __post_init__(self) -> None:
        if not self.missing:
            raise ValueError("an unknown verdict says what is missing")
