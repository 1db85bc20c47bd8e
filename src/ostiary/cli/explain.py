"""``ostiary explain``: why is this allowed or denied, every rule that mattered, what would change it."""

import typer

from ostiary.cli.explain_pods import pods
from ostiary.cli.explain_rbac import rbac

app = typer.Typer(help="Why something is allowed or denied, and what would change that.", no_args_is_help=True)
app.command()(pods)
app.command()(rbac)
