"""Taking back what a journal says was done, in reverse order, and only where what stands is still what ostiary wrote.

An object that somebody changed since is left as it is and named; the others are taken back. What is taken back is written to the same journal, so
that an undo that was cut short can be run again, and an undo that is complete says so.
"""

import msgspec

from ostiary.apply.api import FIELD_MANAGER, Api, Rejected, Stored
from ostiary.apply.fields import Object
from ostiary.apply.journal import History, Journal, JournalLost
from ostiary.apply.managers import authors, owned
from ostiary.apply.outcome import Outcome, Report, Status, outcome
from ostiary.apply.rehearse import Numbered, Rehearsal, rehearse, stored_otherwise
from ostiary.apply.step import Judge, Judged, Standing, Written, fingerprint, inverse, judge, write
from ostiary.core.errors import Unreachable
from ostiary.model.plan import Action, Change

_SINCE = "what stands is not what ostiary wrote: somebody else wrote it since"


def due(history: History) -> list[Numbered]:
    """What has to be taken back, last first: everything that was done or begun and is not taken back yet."""
    numbers = history.having("applying", "applied", "undoing", "kept")
    return [(number, inverse(_as_done(history, number))) for number in reversed(numbers)]


def _as_done(history: History, number: int) -> Change:
    """The change with what the journal knows better than the plan: what the server stored, and the whole of what was deleted."""
    change = history.plan.changes[number]
    after, before = history.kept(number, "stored"), history.kept(number, "object")
    return msgspec.structs.replace(change, after=after or change.after, before=before or change.before)


async def rehearse_undo(api: Api, history: History) -> Rehearsal:
    """What an undo would do; nothing is stored."""
    return await rehearse(due(history), api, judge_of=lambda number: _judge(history, number))


async def undo(api: Api, journal: Journal) -> Report:
    """Take back. Never raises for what happens to the changes: the Report says it, object by object."""
    todo = due(journal.history)
    outcomes = {number: outcome(number, change, Status.UNTRIED) for number, change in todo}
    try:
        for number, change in todo:
            outcomes[number] = await _take_back(number, change, api, journal)
        report = Report(changes=tuple(outcomes.values()))
        journal.append("end", exit=report.exit_code)
    except Unreachable as error:
        return Report(changes=tuple(outcomes.values()), stopped=str(error), unreachable=True)
    return report


async def _take_back(number: int, change: Change, api: Api, journal: Journal) -> Outcome:
    judged_by = _judge(journal.history, number)
    try:
        written = await write(api, change, intend=lambda _: journal.append("undoing", change=number), judged_by=judged_by)
    except JournalLost:
        raise
    except Unreachable as error:
        raise Unreachable(
            f"{change.target.ref}: no answer, it may have been taken back: {error.happened}", todo=error.todo
        ) from None
    found = _outcome(number, change, written)
    journal.append("undone" if found.good else "kept", change=number, detail=found.detail)
    return found


def _outcome(number: int, change: Change, written: Written) -> Outcome:
    if isinstance(written.answer, Stored):
        otherwise = stored_otherwise(change, written.answer.object)
        detail = f"the API server stored something else: {otherwise}" if otherwise else ""
        return outcome(number, change, Status.FAILED if detail else Status.UNDONE, detail, written.answer.warnings)
    if isinstance(written.answer, Rejected):
        return outcome(number, change, Status.FAILED, str(written.answer))
    if written.judged.standing is Standing.DONE:
        return outcome(number, change, Status.ALREADY, "it stands as it was before")
    return outcome(number, change, Status.STALE, written.judged.why)


def _judge(history: History, number: int) -> Judge:
    """As ``judge``, and what stands must be ostiary's own work: the very content that was created; a field it never had an answer for, by its owner."""
    wrote, answered = history.fingerprint(number), history.kept(number, "stored") is not None

    def judged_by(change: Change, live: Object | None) -> Judged:
        judged = judge(change, live)
        if judged.standing is not Standing.READY or live is None:
            return judged
        if change.action is Action.DELETE:
            ours = fingerprint(live) == wrote if wrote else authors(live) <= {FIELD_MANAGER}
        else:
            ours = answered or owned(live, change.before)
        return judged if ours else Judged(Standing.STALE, _SINCE)

    return judged_by
