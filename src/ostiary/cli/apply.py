"""``ostiary apply`` and ``ostiary undo``: performing a plan, and taking it back.

ostiary enforce pods --save-plan plan.json      prove, and write the plan down
ostiary apply plan.json                         what it would do, rehearsed on the API server; nothing is changed
ostiary apply plan.json --stage observe --yes   do it, up to that stage
ostiary apply plan.json --shadow --evidence DIR  what it would have denied of what happened since; of roles
ostiary apply JOURNAL                           what a run did, for one that was cut short
ostiary apply JOURNAL --continue                go on with it
ostiary undo JOURNAL --yes                      take back exactly what it changed
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostiary.cli.output import Format, say
from ostiary.cli.where import EvidenceFiles

if TYPE_CHECKING:
    from ostiary.cli.performing import Where
    from ostiary.model.plan import Plan


class PlanFormat(StrEnum):
    """How a plan and its outcome are written."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "md"


SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="SOURCE", help="The cluster: `live`, or a kubeconfig file. Without it: the current context."
    ),
]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="A kubeconfig file, instead of $KUBECONFIG or ~/.kube/config.")
]
Context = Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig, instead of its current one.")]
IntentFile = Annotated[Path | None, typer.Option("--intent", help="The intent file; ./ostiary.yaml is read if it is there.")]
FormatOption = Annotated[PlanFormat, typer.Option("--format", "-f", help="How the answer is written on stdout.")]
StageOption = Annotated[str | None, typer.Option("--stage", help="Go up to this stage of the plan and no further.")]
JournalOption = Annotated[Path | None, typer.Option("--journal", help="Where to keep the journal, or which one to continue.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without this it is rehearsed and shown, and nothing is changed.")]
Continue = Annotated[
    bool, typer.Option("--continue", help="Go on with a journal that was cut short, with the stages agreed to then.")
]


def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A plan (from `ostiary enforce --save-plan`), or the journal of a run.")
    ],
    source: SourceOption = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    intent: IntentFile = None,
    stage: StageOption = None,
    journal: JournalOption = None,
    yes: Yes = False,
    go_on: Continue = False,
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="Of rbac: say what the plan would have denied of what happened, and change nothing."),
    ] = False,
    evidence: EvidenceFiles = None,
    form: FormatOption = PlanFormat.TABLE,
) -> None:
    """Perform a plan: refused when the cluster moved since, rehearsed by dry-run, journalled, checked afterwards.

    Exit 0: done, or nothing to do; 1: refused, stale or failed; 3: no answer; 4: done, but a trial showed nothing.
    """
    from ostiary.cli import performing

    where = performing.Where(source, kubeconfig, context, intent)
    with _errors_as(form):
        if shadow or evidence:
            raise typer.Exit(_shadow(file, where, evidence or [], yes=yes, asked=shadow, form=form))
        if go_on:
            raise typer.Exit(_continue(file, where, stage, journal, form))
        raise typer.Exit(performing.perform_file(file, where, stage=stage, yes=yes, journal=journal, form=form))


def _shadow(file: Path, where: "Where", evidence: list[str], *, yes: bool, asked: bool, form: PlanFormat) -> int:
    from ostiary.apply.files import read_plan
    from ostiary.cli import rbac_enforcing
    from ostiary.cli.source import read_world
    from ostiary.core.errors import BadInput

    if not asked:
        raise BadInput("a plan is performed without evidence", todo="to ask what it would have denied, add --shadow")
    plan = read_plan(file)
    rbac_enforcing.refuse_wrong_use(plan.pillar, shadow=True, restore_plan=None, yes=yes)
    world = read_world(where.source, kubeconfig=where.kubeconfig, context=where.context, intent=where.intent, evidence=evidence)
    return rbac_enforcing.show_shadow(plan.changes, world, Format.JSON if form is PlanFormat.JSON else Format.TABLE)


def _continue(file: Path, where: "Where", stage: str | None, journal: Path | None, form: PlanFormat) -> int:
    from ostiary.cli import performing
    from ostiary.core.errors import BadInput

    if stage:
        raise BadInput("--continue goes on with the stages agreed to when the journal was begun", todo="leave --stage away")
    return performing.go_on(journal or file, where, form, plan_file=file if journal else None)


def undo(
    journal: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="The journal that `ostiary apply` or `ostiary enforce` named.")
    ],
    source: SourceOption = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    yes: Yes = False,
    form: FormatOption = PlanFormat.TABLE,
) -> None:
    """Take back exactly what a journal says was changed, where it still is what ostiary wrote.

    Exit 0: taken back, or nothing to take back; 1: something was left as it is, because somebody changed it since; 3: no answer.
    """
    from ostiary.cli import performing

    where = performing.Where(source, kubeconfig, context, None)
    with _errors_as(form):
        code = performing.take_back(journal, where, yes=yes, form=form)
    raise typer.Exit(code)


def carry_out(
    plan: "Plan",
    *,
    source: str | None,
    kubeconfig: Path | None,
    context: str | None,
    intent: Path | None,
    stage: str | None,
    yes: bool,
    journal: Path | None,
    form: Format,
) -> None:
    """What ``ostiary enforce`` does with its plan: show it, and with ``yes`` perform it. Ends the command with its exit code."""
    from ostiary.cli import performing

    where = performing.Where(source, kubeconfig, context, intent)
    shown = PlanFormat(form.value)
    with _errors_as(shown):
        code = performing.carry_out(plan, where, stage=stage, yes=yes, journal=journal, form=shown, just_proved=True)
    raise typer.Exit(code)


@contextmanager
def _errors_as(form: PlanFormat) -> Iterator[None]:
    """With JSON wanted, what went wrong is the answer, too; the message for people follows on stderr."""
    from ostiary.cli.output import answer_json
    from ostiary.core.errors import OstiaryError

    try:
        yield
    except OstiaryError as error:
        if form is PlanFormat.JSON:
            answer_json({"applied": [], "failed": [], "trials": [], "stopped": error.happened, "todo": error.todo})
        raise


def save(plan: "Plan", path: Path) -> None:
    """Write the plan file, and say what to do with it."""
    from ostiary.apply.files import write_plan

    write_plan(path, plan)
    say(f"plan: {path}  (perform it with: ostiary apply {path})")
