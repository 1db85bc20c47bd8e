"""The ``ostiary`` command: assembles the verbs and turns errors into messages and exit codes.

Exit codes: 0 holds, 1 findings or refuted, 2 usage, 3 cannot reach, 4 unknown.
"""

import sys

import typer

from ostiary.cli import apply, explain, intent, sandbox, snapshot, verbs
from ostiary.cli.verify import verify
from ostiary.core.errors import OstiaryError

app = typer.Typer(
    name="ostiary",
    help="Makes Kubernetes clusters zero trust, and shows the evidence.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (verbs.check, verbs.learn, verbs.prove, verbs.enforce):
    app.command()(verb)
app.add_typer(explain.app, name="explain")
for effect in (apply.apply, apply.undo):
    app.command()(effect)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(intent.app, name="intent")
app.command()(verify)


def main() -> None:
    """Run the command line; the only place where an error becomes an exit code."""
    try:
        app()
    except OstiaryError as error:
        print(f"ostiary: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
