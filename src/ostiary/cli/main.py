"""The ``ostiary`` command: assembles the verbs and turns errors into messages and exit codes.

Exit codes: 0 holds, 1 findings or refuted, 2 usage, 3 cannot reach, 4 unknown.
"""

import os
import sys

import typer

from ostiary.cli import (
    account,
    apply,
    audit,
    break_glass,
    cluster,
    config,
    explain,
    gateway,
    grant,
    intent,
    sandbox,
    session,
    snapshot,
    verbs,
)
from ostiary.cli.credential import credential
from ostiary.cli.kubeconfig import kubeconfig
from ostiary.cli.login import login
from ostiary.cli.logout import logout, whoami
from ostiary.cli.output import UNKNOWN, answer_error
from ostiary.cli.up import up
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
app.command()(up)
app.add_typer(config.app, name="config")
app.add_typer(grant.app, name="grant")
app.add_typer(cluster.app, name="cluster")
app.add_typer(break_glass.app, name="break-glass")
app.add_typer(sandbox.app, name="sandbox")
app.command()(gateway.gateway)
app.add_typer(audit.app, name="audit")
for person in (login, logout, whoami, kubeconfig):
    app.command()(person)
app.command(hidden=True)(credential)
app.add_typer(session.app, name="session")
app.add_typer(account.app, name="account")
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(intent.app, name="intent")
app.command()(verify)


def main() -> None:
    """Run the command line; the only place where an error becomes an exit code. A bug is never a verdict: it exits 4."""
    try:
        app()
    except OstiaryError as error:
        answer_error(error, sys.argv[1:])
        print(f"ostiary: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        if os.environ.get("OSTIARY_TRACEBACK"):
            raise
        print(f"ostiary: a bug in ostiary ended this: {type(error).__name__}; nothing is known", file=sys.stderr)
        print("  see where with OSTIARY_TRACEBACK=1 (it may show parts of the input), and please report it", file=sys.stderr)
        raise SystemExit(UNKNOWN) from None
