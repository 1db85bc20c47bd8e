"""``ostiary credential``: what kubectl runs for a token, see ``credential_plugin``. The common call of kubectl never comes here: ``entry`` answers it."""

from typing import Annotated

import typer


def credential(
    cluster: Annotated[str, typer.Option("--cluster", help="A cluster behind the gateway.")],
    session: Annotated[str | None, typer.Option("--session", help="A session, as `ostiary whoami --all` names it.")] = None,
) -> None:
    """Print a token for one cluster, as kubectl asks for it. kubectl runs this; `ostiary kubeconfig` sets it up."""
    from ostiary.cli.credential_plugin import answer_kubectl

    answer_kubectl(cluster, session)
