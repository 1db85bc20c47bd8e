"""``ostiary cluster``: clusters behind the gateway.

ostiary cluster add prod --kubeconfig admin.kubeconfig          shows every object that would be installed
ostiary cluster add prod --kubeconfig admin.kubeconfig --yes    installs them, and takes the cluster in
ostiary cluster list
ostiary cluster remove prod --kubeconfig admin.kubeconfig --yes

The kubeconfig is used here and goes nowhere: the control plane is given a token of an account that was made for it.
"""

from pathlib import Path
from typing import Annotated

import typer

from ostiary.cli.output import Format

app = typer.Typer(name="cluster", help="Clusters behind the gateway.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What people call the cluster: a DNS label.")]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="The kubeconfig of an administrator of the cluster; used here only.")
]
Context = Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig, instead of its current one.")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="ROLE", help="A ClusterRole that may be granted; repeatable. Default: view, edit, admin."),
]
Powerful = Annotated[
    list[str] | None,
    typer.Option("--powerful-role", metavar="ROLE", help="One that may be granted though it hands out rights; repeatable."),
]
BreakGlass = Annotated[
    str, typer.Option("--break-glass-role", metavar="ROLE", help="The ClusterRole of break-glass there, such as cluster-admin.")
]
TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Take over an installation whose control plane is gone: its grants are swept.")
]
Server = Annotated[
    str,
    typer.Option("--server", metavar="URL", help="The API server's address for the gateway, where the kubeconfig has another."),
]
Session = Annotated[str | None, typer.Option("--session", help="A session by its name, instead of the current one.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without this everything is shown and nothing is changed.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]


@app.command()
def add(
    name: Name,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    role: Roles = None,
    powerful_role: Powerful = None,
    break_glass_role: BreakGlass = "",
    server: Server = "",
    take_over: TakeOver = False,
    yes: Yes = False,
    session: Session = None,
) -> None:
    """Put a cluster behind the gateway: show every object that is installed there, and with --yes install them."""
    from ostiary.cli.cluster_adding import Wanted, add_cluster

    roles = tuple(role) if role else ("admin", "edit", "view")
    wanted = Wanted(name, roles, tuple(powerful_role or ()), break_glass_role, server)
    add_cluster(wanted, (kubeconfig, context), session, take_over=take_over, yes=yes)


@app.command()
def renew(
    name: Name,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    role: Roles = None,
    powerful_role: Powerful = None,
    break_glass_role: BreakGlass = "",
    yes: Yes = False,
    session: Session = None,
) -> None:
    """Give the control plane a new credential for a cluster that it knows, and the roles that may be granted there from now on."""
    from ostiary.cli.cluster_adding import Wanted, renew_cluster

    roles = tuple(role) if role else ("admin", "edit", "view")
    wanted = Wanted(name, roles, tuple(powerful_role or ()), break_glass_role)
    renew_cluster(wanted, (kubeconfig, context), session, yes=yes)


@app.command("list")
def list_clusters(session: Session = None, form: FormatOption = Format.TABLE) -> None:
    """The clusters behind the gateway, and how the last look at each went."""
    from ostiary.cli.control_plane import control_plane
    from ostiary.cli.output import answer_json, say, table

    found = control_plane(session).get("/v1/clusters")
    if form is Format.JSON:
        answer_json(found)
        return
    columns = ("cluster", "server", "version", "limited by request", "roles", "reached", "problems")
    rows = [
        (
            one["name"], one["server"], one["version"], "yes" if one["constrained"] else "no", ", ".join(one["roles"]),
            (one["reached_at"] or "never")[:19], "; ".join(one["problems"]),
        )
        for one in found
    ]  # fmt: skip
    table(columns, rows)
    if not found:
        say("no cluster is behind the gateway yet: ostiary cluster add NAME --kubeconfig FILE")


@app.command()
def remove(
    name: Name,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Also when the cluster does not answer: it is gone for good.")
    ] = False,
    yes: Yes = False,
    session: Session = None,
) -> None:
    """Take a cluster from behind the gateway: end every grant there, and with a kubeconfig remove everything that was installed."""
    from ostiary.cli.cluster_adding import remove_cluster

    remove_cluster(name, (kubeconfig, context), session, forget=forget, yes=yes)
