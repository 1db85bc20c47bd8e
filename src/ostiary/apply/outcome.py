"""What became of a plan, object by object: the values that are printed, and the exit code that follows from them."""

from enum import Enum

from ostiary.model.meta import Ref
from ostiary.model.plan import Change, Trial
from ostiary.model.value import Value


class Status(Enum):
    """What became of one change."""

    WOULD = "would-apply"  # rehearsed: the API server would take it
    APPLIED = "applied"
    ALREADY = "already"  # it stood already; left alone, and an undo leaves it alone
    STALE = "stale"  # somebody changed the object; left alone
    FAILED = "failed"  # the API server refused, or stored something else
    UNDONE = "undone"
    UNKNOWN = "unknown"  # no answer: it may have been done
    UNTRIED = "not-tried"

    def __str__(self) -> str:
        return self.value


GOOD = frozenset({Status.WOULD, Status.APPLIED, Status.ALREADY, Status.UNDONE})


class Shown(Enum):
    """What a trial showed."""

    HOLDS = "holds"
    CONTRADICTS = "contradicts"  # the API server answered otherwise than was proved
    INCONCLUSIVE = "inconclusive"  # refused for another reason, so the trial shows nothing

    def __str__(self) -> str:
        return self.value


class Outcome(Value, frozen=True, kw_only=True):
    """What became of one change. ``change`` is its number in the plan, from 0."""

    change: int
    stage: str
    action: str
    object: Ref
    status: Status
    sentence: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.status in GOOD

    def __str__(self) -> str:
        return f"{self.object}: {self.status}" + (f": {self.detail}" if self.detail else "")


class TrialOutcome(Value, frozen=True, kw_only=True):
    """What one trial showed; ``answer`` is the API server's."""

    trial: int
    stage: str
    object: Ref
    shown: Shown
    sentence: str
    answer: str = ""

    def __str__(self) -> str:
        return f"{self.object}: {self.shown}: {self.sentence}" + (f" (answer: {self.answer})" if self.answer else "")


class Report(Value, frozen=True, kw_only=True):
    """All of it. ``stopped`` says why it ended before its end; ``unreachable`` that this was for want of an answer."""

    changes: tuple[Outcome, ...] = ()
    trials: tuple[TrialOutcome, ...] = ()
    stopped: str = ""
    unreachable: bool = False

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.changes if not outcome.good)

    @property
    def contradicted(self) -> tuple[TrialOutcome, ...]:
        return tuple(trial for trial in self.trials if trial.shown is Shown.CONTRADICTS)

    @property
    def inconclusive(self) -> tuple[TrialOutcome, ...]:
        return tuple(trial for trial in self.trials if trial.shown is Shown.INCONCLUSIVE)

    @property
    def exit_code(self) -> int:
        """3 no answer, 1 something failed, 4 done but a trial showed nothing, 0 done and shown."""
        if self.unreachable:
            return 3
        if self.failed or self.contradicted or self.stopped:
            return 1
        return 4 if self.inconclusive else 0


def outcome(number: int, change: Change, status: Status, detail: str = "", warnings: tuple[str, ...] = ()) -> Outcome:
    """The outcome of a change."""
    return Outcome(
        change=number,
        stage=change.stage,
        action=change.action.value,
        object=change.target.ref,
        status=status,
        sentence=change.sentence,
        detail=detail,
        warnings=warnings,
    )


def trial_outcome(number: int, trial: Trial, shown: Shown, answer: str = "") -> TrialOutcome:
    """The outcome of a trial."""
    return TrialOutcome(
        trial=number, stage=trial.stage, object=trial.target.ref, shown=shown, sentence=trial.sentence, answer=answer
    )
