"""``ostiary sandbox``: a real Kubernetes cluster on this machine, without Docker."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="A real Kubernetes cluster on this machine, without Docker.\n\n"
    "\b\n"
    "  ostiary sandbox up                     API server, controllers, scheduler: ready in seconds\n"
    "  ostiary sandbox exec -- kubectl get ns with the cluster's own kubectl\n"
    "  export KUBECONFIG=$(ostiary sandbox kubeconfig)\n"
    "  ostiary sandbox down                   nothing stays behind",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Option("--name", "-n", metavar="NAME", help="Which cluster; several can run side by side.")]


@app.command()
def up(
    name: Name = "default",
    nodes: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="none: pods stay Pending. simulated=N: N nodes on which pods of any image seem to run. "
            "real: one node with containers, Services and NetworkPolicies (needs root).",
        ),
    ] = "none",
    load: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Apply the manifests below DIR once the cluster is ready; repeatable."),
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(metavar="TAR", help="Import an image archive into a real node; repeatable.")
    ] = None,
    kubernetes_version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Such as 1.36; default: the newest that is pinned.")
    ] = None,
    feature_gates: Annotated[
        str, typer.Option(metavar="A=true,B=false", help="Feature gates of every Kubernetes component.")
    ] = "",
    apiserver_flag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A flag of the API server, in place of the sandbox's own of that name; repeatable."
        ),
    ] = None,
    audit_policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Audit policy; default: the metadata of every request.")
    ] = None,
    audit_webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Post audit events there too, besides the log.")
    ] = None,
) -> None:
    """Start a cluster; return when it is ready. Engines that are missing are built first, which takes minutes, once."""
    from ostiary.cli import sandbox_output
    from ostiary.sandbox import SandboxOptions
    from ostiary.sandbox.lifecycle import up as start
    from ostiary.sandbox.options import parse_flag, parse_gates, parse_nodes

    options = SandboxOptions(
        name=name,
        nodes=parse_nodes(nodes),
        kubernetes_version=kubernetes_version,
        feature_gates=parse_gates(feature_gates),
        api_server_flags=tuple(parse_flag(text) for text in apiserver_flag or ()),
        audit_policy=audit_policy,
        audit_webhook=audit_webhook,
        load=tuple(load or ()),
        images=tuple(image or ()),
    )
    with sandbox_output.talking() as talk:
        cluster = start(options, progress=talk)
    sandbox_output.started(cluster)


@app.command()
def down(name: Name = "default") -> None:
    """End a cluster and remove everything of it. Other clusters are not touched."""
    from ostiary.cli import sandbox_output
    from ostiary.sandbox.lifecycle import down as end

    with sandbox_output.talking() as talk:
        existed = end(name, progress=talk)
    typer.echo(f"{name} has ended, and nothing of it is left" if existed else f"there is no cluster called {name}", err=True)


@app.command()
def status(
    output: Annotated[str, typer.Option("--format", metavar="table|json", help="How to print.")] = "table",
) -> None:
    """Show every cluster, and why one ended."""
    from ostiary.cli import sandbox_output
    from ostiary.sandbox.lifecycle import status as clusters

    sandbox_output.print_status(clusters(), output)


@app.command()
def kubeconfig(name: Name = "default") -> None:
    """Print the path of a running cluster's kubeconfig."""
    from ostiary.sandbox.lifecycle import get

    typer.echo(get(name).kubeconfig)


@app.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run.")],
    name: Name = "default",
) -> None:
    """Run a command against a cluster.

    It gets the cluster's KUBECONFIG, and the cluster's kubectl first on PATH; its exit code is passed on.
    """
    import os
    import sys

    from ostiary.core.errors import BadInput
    from ostiary.sandbox.lifecycle import get

    environment = get(name).environment()
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - becoming the command is what this is for
    except OSError as error:
        raise BadInput(f"cannot run {command[0]}: {error.strerror}") from error
