"""The answer to "may this identity do that", with what it rests on.

``allow``, ``deny`` and ``no-opinion`` are what an authorizer answers; a chain of authorizers that have no opinion refuses the request, without
anybody having denied it. RBAC never denies. ``conditional``: allowed if the object fulfils a condition (KEP-5681). ``unknown``: something that decides is
not seen.

>>> str(Decision.NO_OPINION)
'no-opinion'
"""

from dataclasses import dataclass
from enum import Enum

from ostiary.model.rbac import PolicyRule, Subject
from ostiary.pillars.rbac.doubt import Doubt
from ostiary.pillars.rbac.grants import Grant


class Decision(Enum):
    """What is answered."""

    ALLOW = "allow"
    DENY = "deny"
    NO_OPINION = "no-opinion"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule of one grant that allows the request. Not ``sure``: it may not be there."""

    grant: Grant
    subject: Subject
    rule: PolicyRule
    sure: bool = True

    def __str__(self) -> str:
        subject = self.subject
        where = f"{subject.namespace or self.grant.scope}/" if subject.kind == "ServiceAccount" else ""
        return f"{self.grant.binding} of {self.grant.role} to {subject.kind} {where}{subject.name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision and one sentence why. ``doubts``: what would have to be seen to know; only when unknown."""

    decision: Decision
    reason: str = ""
    doubts: tuple[Doubt, ...] = ()
    condition: str = ""

    @property
    def allowed(self) -> bool:
        return self.decision is Decision.ALLOW
