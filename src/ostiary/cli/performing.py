"""How a plan goes to a cluster from the command line: stale check, rehearsal, consent, journal, performance, answer.

Loaded by ``cli.apply`` when one of its commands runs: this module imports what is heavy.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ostiary.adapters.kubernetes.client import Client
from ostiary.apply import perform, rehearse, undo
from ostiary.apply.api import Api, Stored
from ostiary.apply.files import plan_digest, read_plan
from ostiary.apply.journal import History, Journal, is_journal, read_journal
from ostiary.apply.outcome import Report, Status
from ostiary.apply.stale import refuse_stale
from ostiary.cli import plan_answers as answers
from ostiary.cli.apply import PlanFormat
from ostiary.cli.journals import default_journal, unfinished
from ostiary.cli.output import say
from ostiary.cli.pillars import load
from ostiary.cli.source import LIVE, access_of, read_world
from ostiary.core.errors import BadInput, Refused
from ostiary.model.meta import Ref
from ostiary.model.plan import Plan, Target
from ostiary.model.world import World


class Where(NamedTuple):
    """Which cluster, and which intent file."""

    source: str | None
    kubeconfig: Path | None
    context: str | None
    intent: Path | None


def perform_file(path: Path, where: Where, *, stage: str | None, yes: bool, journal: Path | None, form: PlanFormat) -> int:
    """Perform a plan file; of a journal, say what it holds."""
    if is_journal(path):
        return answers.told(read_journal(path), path, form)
    return carry_out(read_plan(path), where, stage=stage, yes=yes, journal=journal, form=form)


def carry_out(
    plan: Plan,
    where: Where,
    *,
    stage: str | None,
    yes: bool,
    journal: Path | None,
    form: PlanFormat,
    just_proved: bool = False,
) -> int:
    """Show a plan, and with ``yes`` perform it; the exit code. ``just_proved``: its World was read a moment ago."""
    stages = up_to(plan, stage)
    if not perform.due(plan, stages):
        return answers.nothing(plan, "nothing to do: all of it stands already", form)
    if yes:
        unfinished(plan)
    elif not _is_live(where.source):
        say(f"not rehearsed: {where.source} is no live cluster")
        return answers.shown(plan, stages, None, form)
    if yes or not just_proved:
        _refuse_stale(plan, where)
    return run(_carry_out(plan, where, stages, yes, journal, form))


def up_to(plan: Plan, stage: str | None) -> tuple[str, ...]:
    """The stages up to this one; all without one."""
    if stage is None:
        return plan.stages
    if stage not in plan.stages:
        raise BadInput(f"the plan has no stage {stage!r}", todo=f"one of: {', '.join(plan.stages)}")
    return plan.stages[: plan.stages.index(stage) + 1]


def _is_live(source: str | None) -> bool:
    if source in (None, LIVE):
        return True
    try:
        access_of(source)
    except BadInput:
        return False
    return True


async def _carry_out(plan: Plan, where: Where, stages: Sequence[str], yes: bool, journal: Path | None, form: PlanFormat) -> int:
    async with _client(where) as api:
        changes = perform.due(plan, stages)
        rehearsal = await rehearse.rehearse(changes, api)
        if not yes:
            return answers.shown(plan, stages, rehearsal, form)
        if rehearsal.failed:
            report = Report(changes=tuple(rehearsal.outcomes), stopped="nothing was changed: the rehearsal failed")
            return answers.performed(plan, report, None, form)
        if all(outcome.status is Status.ALREADY for outcome in rehearsal.outcomes):
            report = Report(changes=tuple(rehearsal.outcomes))
            return answers.nothing(plan, "nothing to do: all of it stands already", form, report)
        path = journal or default_journal(plan)
        with Journal.create(path, plan, cluster=await cluster_uid(api)) as written:
            answers.announce(path)
            report = await perform.perform(api, written, stages, talk=say)
    return answers.performed(plan, report, path, form)


def go_on(path: Path, where: Where, form: PlanFormat, *, plan_file: Path | None) -> int:
    """Go on with a journal that was cut short."""
    if plan_file and plan_digest(read_plan(plan_file)) != plan_digest(read_journal(path).plan):
        raise BadInput(f"{path} is the journal of another plan than {plan_file}", todo=f"ostiary apply {path} --continue")
    if not is_journal(path):
        raise BadInput(
            f"{path} is no journal", todo="give the journal that `ostiary apply` named: ostiary apply JOURNAL --continue"
        )
    history = read_journal(path)
    if history.undone:
        raise Refused(f"{path} was taken back, so there is nothing to go on with", todo="make the plan anew: ostiary enforce")
    if not history.stages:
        raise Refused(f"{path} was cut short before anything was begun", todo="perform the plan again")
    _refuse_stale(history.plan, where)
    return run(_go_on(path, where, form))


async def _go_on(path: Path, where: Where, form: PlanFormat) -> int:
    async with _client(where) as api:
        with Journal.open(path) as journal:
            history = journal.history
            await _same_cluster(api, history, path)
            left = [(n, change) for n, change in perform.due(history.plan, history.stages) if history.state(n) != "applied"]
            rehearsal = await rehearse.rehearse(left, api)
            if rehearsal.failed:
                report = Report(changes=tuple(rehearsal.outcomes), stopped="nothing more was changed: the rehearsal failed")
            else:
                report = await perform.perform(api, journal, history.stages, talk=say)
    return answers.performed(history.plan, report, path, form)


def take_back(path: Path, where: Where, *, yes: bool, form: PlanFormat) -> int:
    """Take back what a journal says was done."""
    history = read_journal(path)
    if not undo.due(history):
        already = history.having("undone")
        return answers.nothing(
            history.plan, "nothing to undo: " + ("it was taken back" if already else "nothing was changed"), form
        )
    return run(_take_back(path, where, yes, form))


async def _take_back(path: Path, where: Where, yes: bool, form: PlanFormat) -> int:
    async with _client(where) as api:
        with Journal.open(path) as journal:
            history = journal.history
            await _same_cluster(api, history, path)
            if not yes:
                return answers.undo_shown(history, await undo.rehearse_undo(api, history), path, form)
            report = await undo.undo(api, journal)
    return answers.undone(history.plan, report, path, form)


def _client(where: Where) -> Client:
    return Client(access_of(where.source, kubeconfig=where.kubeconfig, context=where.context))


def _refuse_stale(plan: Plan, where: Where) -> None:
    access_of(
        where.source, kubeconfig=where.kubeconfig, context=where.context
    )  # a plan is performed on a live cluster: say so before reading
    world = read_world(where.source, kubeconfig=where.kubeconfig, context=where.context, intent=where.intent)
    refuse_stale(plan, world, _premises(plan))


def _premises(plan: Plan) -> Callable[[World], Mapping[str, Ref]]:
    pillar = load(plan.pillar, "enforce")
    return lambda world: pillar.premises_of(plan, world)


_MARK = Target(api_version="v1", kind="Namespace", resource="namespaces", name="kube-system")


async def cluster_uid(api: Api) -> str:
    """What tells clusters apart: the UID of kube-system. Empty when it may not be read."""
    answer = await api.get(_MARK)
    return str(answer.object.get("metadata", {}).get("uid", "")) if isinstance(answer, Stored) else ""


async def _same_cluster(api: Api, history: History, path: Path) -> None:
    here = await cluster_uid(api)
    if history.cluster and here and here != history.cluster:
        raise Refused(f"{path} is the journal of another cluster", todo="name the right one with --context or --kubeconfig")


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end; Ctrl-C ends it with a word of how things stand."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        todo = "if a journal was named above, `ostiary apply JOURNAL` says what was done; without one, nothing was changed"
        raise Refused("interrupted", todo=todo) from None
