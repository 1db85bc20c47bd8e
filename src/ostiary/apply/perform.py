"""Performing the changes of a plan, stage by stage, with the journal written ahead.

Within a stage a failure at one object does not keep the others from being tried; a stage with a failure is the last. After each stage every object
is read back, and the stage's trials are tried. What was begun and never acknowledged is recognised by the live value, so that a run that was
killed can be gone on with.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import msgspec

from ostiary.apply.api import CONFLICT, FIELD_MANAGER, Api, Rejected, Stored
from ostiary.apply.fields import Object, differences, picked, stacked
from ostiary.apply.journal import Journal, JournalLost
from ostiary.apply.managers import authors, owned
from ostiary.apply.outcome import Outcome, Report, Shown, Status, TrialOutcome, outcome
from ostiary.apply.rehearse import Numbered, stored_otherwise
from ostiary.apply.step import ATTEMPTS, Standing, Written, content, fingerprint, judge, left_open, read, write
from ostiary.apply.trials import PATIENCE, try_stage
from ostiary.apply.warnings import contradicts
from ostiary.core.errors import Unreachable
from ostiary.model.plan import Action, Change, Plan


def due(plan: Plan, stages: Sequence[str]) -> list[Numbered]:
    """The changes of these stages with their numbers, in the plan's order."""
    return [(number, change) for number, change in enumerate(plan.changes) if change.stage in stages]


async def perform(
    api: Api,
    journal: Journal,
    stages: Sequence[str],
    *,
    patience: float = PATIENCE,
    talk: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make the changes of these stages, telling ``talk`` of each. Never raises for what happens to the changes: the Report says it, object by object."""
    run = _Run(api, journal, stages, patience, talk)
    try:
        journal.append("start", stages=list(stages))
        await run.all()
        report = run.report()
        journal.append("end", exit=report.exit_code)
    except Unreachable as error:
        return run.report(str(error))
    return report


class _Run:
    """One run: what became of each change so far."""

    def __init__(self, api: Api, journal: Journal, stages: Sequence[str], patience: float, talk: Callable[[str], None]) -> None:
        self._api = api
        self._journal = journal
        self._plan = journal.history.plan
        self._due = due(self._plan, stages)
        self._stages = [stage for stage in self._plan.stages if stage in stages]
        self._patience = patience
        self._talk = talk
        self._outcomes: dict[int, Outcome] = {}
        self._trials: list[TrialOutcome] = []
        self._stopped = ""

    def report(self, lost: str = "") -> Report:
        """What became of everything; ``lost`` says why there was no answer any more."""
        untried = {number: outcome(number, change, Status.UNTRIED) for number, change in self._due}
        changes = tuple((untried | self._outcomes).values())
        return Report(changes=changes, trials=tuple(self._trials), stopped=lost or self._stopped, unreachable=bool(lost))

    async def all(self) -> None:
        """Every stage, until one fails."""
        for stage in self._stages:
            changes = [(number, change) for number, change in self._due if change.stage == stage]
            if changes:
                self._talk(f"stage {stage}: {len(changes)} change{'s' * (len(changes) != 1)}")
            for number, change in changes:
                await self._change(number, change)
            for number, change in changes:
                await self._read_back(number, change)
            if self._fails(changes, stage):
                return
            self._trials += await try_stage(self._plan, stage, self._api, patience=self._patience)
            if any(trial.shown is Shown.CONTRADICTS for trial in self._trials):
                self._stopped = f"stage {stage} is in place, but the API server does not do what was proved: take it back"
                return

    def _fails(self, changes: Sequence[Numbered], stage: str) -> bool:
        if not all(self._outcomes[number].good for number, _ in changes):
            self._stopped = f"stage {stage} is not complete"
        return bool(self._stopped)

    async def _change(self, number: int, change: Change) -> None:
        if self._journal.history.state(number) == "applied":
            self._outcomes[number] = outcome(number, change, Status.APPLIED, "by an earlier run")
            return
        begun = self._journal.history.state(number) == "applying"
        try:
            written = await write(self._api, change, intend=lambda live: self._intend(number, change, live))
        except JournalLost:
            raise
        except Unreachable as error:
            intended = self._journal.history.state(number) == "applying"
            status = Status.UNKNOWN if intended else Status.UNTRIED
            self._outcomes[number] = outcome(number, change, status, f"no answer: {error.happened}")
            raise
        self._outcomes[number] = self._settle(number, change, written, begun)

    def _intend(self, number: int, change: Change, live: Object | None) -> None:
        """Write ahead; of an object that is to be deleted all of it, for the plan may hold only what ostiary reads of it."""
        whole = {"object": content(live)} if change.action is Action.DELETE and live else {}
        self._journal.append("applying", change=number, **whole)

    def _settle(self, number: int, change: Change, written: Written, begun: bool) -> Outcome:
        """Journal what became of a change, and say it."""
        if isinstance(written.answer, Stored):
            return self._applied(number, change, written.answer.object, written.answer.warnings)
        begun_here = bool(written.tries)
        if written.judged.standing is Standing.DONE and (begun or begun_here) and _ours(change, written.live):
            detail = "" if begun_here else "by the run that was cut short"
            return self._applied(number, change, written.live or {}, (), detail)
        found = _refused(number, change, written)
        if not left_open(written.answer):
            entry = "already" if found.status is Status.ALREADY else "failed"
            self._journal.append(entry, change=number, detail=found.detail)
        return found

    def _applied(self, number: int, change: Change, stored: Object, warnings: tuple[str, ...], detail: str = "") -> Outcome:
        found = outcome(number, change, Status.APPLIED, detail, warnings)
        self._outcomes[number] = outcome(
            number, change, Status.APPLIED, "not in the journal; --continue recognises it", warnings
        )
        self._journal.append("applied", change=number, **_wrote(change, stored))
        for warning in filter(contradicts, warnings):
            self._stopped = f"the API server contradicts the proof: {warning}"
        if otherwise := stored_otherwise(change, stored):
            return outcome(
                number, change, Status.FAILED, f"applied, but the API server stored something else: {otherwise}", warnings
            )
        return found

    async def _read_back(self, number: int, change: Change) -> None:
        if self._outcomes[number].status is not Status.APPLIED:
            return
        live = await read(self._api, change.target)
        if isinstance(live, Rejected):
            self._outcomes[number] = outcome(number, change, Status.FAILED, f"applied, but cannot be read back: {live}")
        elif wrong := self._otherwise(number, change, live):
            self._outcomes[number] = outcome(number, change, Status.FAILED, f"applied, but reads back otherwise: {wrong}")

    def _otherwise(self, number: int, change: Change, live: Object | None) -> str:
        """Where the object is not as this change, and those done to it later, leave it; one that was begun may have been done or not."""
        done = _differs(self._with_later(number, change, "applied"), live)
        return done and _differs(self._with_later(number, change, "applied", "applying"), live) and done

    def _with_later(self, number: int, change: Change, *states: str) -> Change:
        later = ((n, other) for n, other in enumerate(self._plan.changes) if n > number and other.target == change.target)
        chain = [other for n, other in later if self._journal.history.state(n) in states]
        after = reduce(stacked, [other.after for other in chain], change.after)
        return msgspec.structs.replace(change, action=chain[-1].action if chain else change.action, after=after)


def _differs(change: Change, live: Object | None) -> str:
    if change.action is Action.DELETE:
        return "" if judge(change, live).standing is Standing.DONE else "it is still there"
    return "it is gone" if live is None else "; ".join(map(str, differences(live, change.after)))


def _wrote(change: Change, stored: Object) -> dict[str, Any]:
    """What undo compares with: the fields of a patch, the content of a created object, as the server stored them."""
    version = stored.get("metadata", {}).get("resourceVersion", "")
    match change.action:
        case Action.PATCH:
            return {"resourceVersion": version, "stored": picked(stored, change.after)}
        case Action.CREATE:
            return {"resourceVersion": version, "fingerprint": fingerprint(stored)}
        case Action.DELETE:
            return {}


def _ours(change: Change, live: Object | None) -> bool:
    """Whether what stands was written by a write of ostiary's that was never acknowledged, and not by somebody else just then."""
    if change.action is Action.DELETE or live is None:
        return True
    return owned(live, change.after) if change.action is Action.PATCH else authors(live) <= {FIELD_MANAGER}


def _refused(number: int, change: Change, written: Written) -> Outcome:
    if isinstance(written.answer, Rejected):
        if written.answer.code == CONFLICT and written.tries >= ATTEMPTS:
            return outcome(
                number, change, Status.STALE, f"it kept changing under the write, {ATTEMPTS} times: {written.answer}"
            )
        return outcome(number, change, Status.FAILED, str(written.answer))
    if written.judged.standing is Standing.DONE:
        return outcome(number, change, Status.ALREADY)
    return outcome(number, change, Status.STALE, written.judged.why)
