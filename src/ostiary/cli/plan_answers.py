"""How plans and their outcomes are answered: a diff or a table on stdout, or one JSON document; what to do next on stderr."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ostiary.apply import show, undo
from ostiary.apply.journal import History
from ostiary.apply.outcome import Outcome, Report, Status
from ostiary.apply.rehearse import Rehearsal
from ostiary.cli.apply import PlanFormat
from ostiary.cli.output import FINDINGS, HOLDS, answer, answer_json, say, table
from ostiary.model.meta import Ref
from ostiary.model.plan import Plan

_BAD = (Status.STALE, Status.FAILED, Status.UNKNOWN)


def undo_command(path: Path) -> str:
    """What takes a run back."""
    return f"ostiary undo {path}"


def announce(path: Path) -> None:
    """Say where the journal is before anything is changed."""
    say(f"journal: {path}\n  take it back with: {undo_command(path)}")


def nothing(plan: Plan, why: str, form: PlanFormat, report: Report | None = None) -> int:
    """There is nothing to do."""
    if form is PlanFormat.JSON:
        answer_json(_document(plan, report or Report(), None))
    say(why)
    return HOLDS


def shown(plan: Plan, stages: Sequence[str], rehearsal: Rehearsal | None, form: PlanFormat) -> int:
    """A plan that was not performed."""
    report = Report(changes=tuple(rehearsal.outcomes)) if rehearsal else Report()
    if form is PlanFormat.JSON:
        diffs = {
            str(n): list(show.diff(n, change, rehearsal)) for n, change in enumerate(plan.changes) if change.stage in stages
        }
        answer_json({**_document(plan, report, None), "stages": list(stages), "diff": diffs})
    else:
        answer((show.markdown if form is PlanFormat.MARKDOWN else show.text)(plan, stages, rehearsal))
    if report.failed:
        _say_all("it would be refused:", report.failed)
        return FINDINGS
    say(f"nothing was changed; {_how(stages) if rehearsal else _ELSEWHERE}")
    return HOLDS


_ELSEWHERE = "to perform it on a live cluster: --save-plan FILE, then ostiary apply FILE"


def _how(stages: Sequence[str]) -> str:
    return "to do it, add --yes" + (f" (and --stage {stages[0]} to begin with that)" if len(stages) > 1 else "")


def undo_shown(history: History, rehearsal: Rehearsal, path: Path, form: PlanFormat) -> int:
    """An undo that was not performed."""
    report = Report(changes=tuple(rehearsal.outcomes))
    if form is PlanFormat.JSON:
        answer_json(_document(history.plan, report, path))
    else:
        answer(show.undo_text(undo.due(history), rehearsal))
    if report.failed:
        _say_all("these would be left as they are:", report.failed)
    say(f"nothing was changed; to do it: {undo_command(path)} --yes")
    return FINDINGS if report.failed else HOLDS


def performed(plan: Plan, report: Report, path: Path | None, form: PlanFormat) -> int:
    """What became of a plan."""
    _answer(plan, report, path, form)
    _say_warnings(report)
    for trial in (*report.contradicted, *report.inconclusive):
        say(str(trial))
    if report.stopped:
        say(f"stopped: {report.stopped}")
    if path and report.exit_code in (1, 3):
        say(f"go on with: ostiary apply {path} --continue\ntake it back with: {undo_command(path)} --yes")
    return report.exit_code


def undone(plan: Plan, report: Report, path: Path, form: PlanFormat) -> int:
    """What became of an undo."""
    _answer(plan, report, path, form)
    if report.failed:
        _say_all("left as they are:", report.failed)
    if report.stopped:
        say(f"stopped: {report.stopped}\nrun it again: {undo_command(path)} --yes")
    return report.exit_code


def told(history: History, path: Path, form: PlanFormat) -> int:
    """What a journal says."""
    rows = [
        (str(change.target.ref), change.stage, history.state(n) or "not begun", change.sentence)
        for n, change in enumerate(history.plan.changes)
    ]
    if form is PlanFormat.JSON:
        states = [
            {"change": n, "object": change.target.ref, "stage": change.stage, "state": history.state(n)}
            for n, change in enumerate(history.plan.changes)
        ]
        answer_json({"changes": states, "ended": history.ended, "journal": str(path), "undo": undo_command(path)})
    else:
        table(("OBJECT", "STAGE", "STATE", "WHAT"), rows)
    if history.ended or history.undone:
        return HOLDS
    say(f"the run was cut short\ngo on with: ostiary apply {path} --continue\ntake it back with: {undo_command(path)} --yes")
    return FINDINGS


def _answer(plan: Plan, report: Report, path: Path | None, form: PlanFormat) -> None:
    if form is PlanFormat.JSON:
        answer_json(_document(plan, report, path))
        return
    rows = [(str(o.object), o.stage, str(o.status), o.detail or _without(o.object, o.sentence)) for o in report.changes]
    rows += [(str(t.object), t.stage, f"trial {t.shown}", t.sentence) for t in report.trials]
    table(("OBJECT", "STAGE", "STATUS", "WHAT"), rows)


def _document(plan: Plan, report: Report, path: Path | None) -> dict[str, Any]:
    having = {
        "applied": (Status.APPLIED,),
        "already": (Status.ALREADY,),
        "undone": (Status.UNDONE,),
        "would": (Status.WOULD,),
        "failed": _BAD,
        "untried": (Status.UNTRIED,),
    }
    found = {name: [o for o in report.changes if o.status in statuses] for name, statuses in having.items()}
    return {
        "pillar": plan.pillar,
        "claim": plan.claim,
        **found,
        "trials": report.trials,
        "stopped": report.stopped,
        "journal": str(path) if path else None,
        "undo": undo_command(path) if path else None,
    }


def _say_warnings(report: Report) -> None:
    for outcome in report.changes:
        for warning in outcome.warnings:
            say(f"{outcome.object}: the API server warns: {warning}")


def _say_all(title: str, outcomes: Iterable[Outcome]) -> None:
    say("\n".join([title, *(f"  {outcome}" for outcome in outcomes)]))


def _without(ref: Ref, sentence: str) -> str:
    """The sentence beside its object, which then need not be named twice."""
    return sentence.replace(f"{ref}: ", "", 1)
