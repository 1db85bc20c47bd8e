"""What the pillar proposes: for each subject of bindings the rules that it needs, and the bindings that they take the place of.

A proposal is about one subject as bindings name it. Its rules are held in place of what the bindings in ``replaces`` grant to that subject; other subjects of
those bindings keep what they have, and so does whatever the subject holds by other bindings and by its groups. Never more than is granted today.

>>> RbacPolicy().tightened
()
"""

from collections.abc import Iterator
from enum import Enum
from typing import ClassVar

from msgspec import field

from ostiary.model.evidence import Usage
from ostiary.model.meta import Ref
from ostiary.model.rbac import PolicyRule
from ostiary.model.rbac_intent import Assumed, Guardrail
from ostiary.model.value import Value
from ostiary.pillars.rbac.subject import SubjectKey

Rules = tuple[PolicyRule, ...]


class Outcome(Enum):
    """What is proposed for a subject."""

    TIGHTEN = "tighten"
    KEEP = "keep"
    NOT_ENOUGH = "not enough evidence"

    def __str__(self) -> str:
        return self.value


class Measures(Value, frozen=True, kw_only=True):
    """How good a proposal is. Ratios between 0 and 1; None where it cannot be computed.

    Over-permission is the part of the granted actions (verb, resource, namespace) that nobody used; ``risk`` weighs an action that leads further ten times.
    ``broken`` of ``held_out`` later requests would have been denied by rules learned from the time before them. ``unseen``: the chance that the next
    request is of a kind not seen yet (Good and Turing).
    """

    over_before: float | None = None
    over_after: float | None = None
    risk_before: float | None = None
    risk_after: float | None = None
    held_out: int = 0
    broken: int = 0
    unseen: float | None = None


class Review(Value, frozen=True, kw_only=True):
    """A request that is in no rule, for a person to look at: it was denied, or seen too seldom to be told from an accident or an attack."""

    usage: Usage
    reason: str


class Proposal(Value, frozen=True, kw_only=True):
    """For one subject. ``cluster_rules`` are for a ClusterRoleBinding, ``namespaced`` for a RoleBinding in each namespace."""

    subject: SubjectKey
    outcome: Outcome
    reason: str = ""
    cluster_rules: Rules = ()
    namespaced: dict[str, Rules] = field(default_factory=dict)
    replaces: tuple[Ref, ...] = ()
    measures: Measures = field(default_factory=Measures)
    review: tuple[Review, ...] = ()
    requests: int = 0  # allowed requests that the bindings in ``replaces`` could have allowed


class RbacPolicy(Value, frozen=True, kw_only=True):
    """One proposal for each subject that some binding names and that is not Kubernetes' own; sorted by subject.

    ``guardrails`` have to hold once the proposals are made.
    """

    proposals: tuple[Proposal, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    assume: tuple[Assumed, ...] = ()

    COLUMNS: ClassVar[tuple[str, ...]] = ("SUBJECT", "OUTCOME", "RULES", "OVER", "BROKEN", "UNSEEN", "WHY")

    @property
    def tightened(self) -> tuple[Proposal, ...]:
        """The proposals that change something."""
        return tuple(one for one in self.proposals if one.outcome is Outcome.TIGHTEN)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The policy as people read it, one subject a row."""
        for one in self.proposals:
            yield _row(one)


def _row(one: Proposal) -> tuple[str, ...]:
    measures = one.measures
    rules = len(one.cluster_rules) + sum(map(len, one.namespaced.values()))
    over = f"{_percent(measures.over_before)} > {_percent(measures.over_after)}"
    broken = f"{measures.broken} of {measures.held_out}" if measures.held_out else "-"
    shown = str(rules) if one.outcome is Outcome.TIGHTEN else "-"
    return str(one.subject), str(one.outcome), shown, over, broken, _percent(measures.unseen, 2), one.reason


def _percent(ratio: float | None, digits: int = 0) -> str:
    return "-" if ratio is None else f"{100 * ratio:.{digits}f}%"
