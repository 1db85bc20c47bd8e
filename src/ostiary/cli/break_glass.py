"""``ostiary break-glass``: two people open a cluster when nothing else works. Prepared beforehand, loud, over after a quarter of an hour.

ostiary break-glass enrol                                         once, while all is well: prints a passphrase for a sheet of paper
ostiary break-glass open --cluster prod --reason "login is down"  one person; waits for the other
ostiary break-glass confirm ID                                    the other person
ostiary break-glass list
"""

import getpass
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ostiary.cli.output import Format, answer, answer_json, say, table
from ostiary.core.errors import BadInput, Refused

app = typer.Typer(name="break-glass", help="Two people open a cluster when nothing else works.", no_args_is_help=True)

Server = Annotated[str | None, typer.Option("--server", metavar="URL", help="The control plane: https://HOST:PORT.")]
Authority = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="The authority of its certificate, as PEM.")]
Person = Annotated[str | None, typer.Option("--person", help="Your name, as it was at enrolment.")]
Stdin = Annotated[bool, typer.Option("--passphrase-stdin", help="The passphrase is the first line of stdin.")]
Session = Annotated[str | None, typer.Option("--session", help="A session by its name, instead of the current one.")]
_EVERY = 2.0


@app.command()
def enrol(session: Session = None) -> None:
    """Enrol yourself: shows a passphrase once, which no provider and no session is needed for later."""
    from ostiary.cli.control_plane import control_plane

    made = control_plane(session).post("/v1/break-glass/people")
    answer(made["passphrase"])
    say(f"{made['person']} is enrolled; write this down on paper and lock it away: it is not shown again")
    say("an enrolment before this one is worth nothing any more")


@app.command("open")
def open_glass(
    cluster: Annotated[str, typer.Option("--cluster", metavar="NAME", help="The cluster to open.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; everybody will read it.")],
    person: Person = None,
    passphrase_stdin: Stdin = False,
    server: Server = None,
    ca: Authority = None,
) -> None:
    """Open a cluster: wait until somebody else has confirmed, then be signed in for a quarter of an hour."""
    from ostiary.cli.login import plane_at

    plane = plane_at(server, ca)
    name, passphrase = _proof(person, passphrase_stdin)
    body = {"person": name, "passphrase": passphrase, "cluster": cluster, "reason": reason}
    opened = plane.post("/v1/break-glass", body)
    opening = opened["opening"]
    say(f"BREAK-GLASS on {cluster}: {opening['role']}, for everybody to see. Somebody else has ten minutes to run:")
    say(f"    ostiary break-glass confirm {opening['id']}")
    made = _until_confirmed(plane, opening["id"], opened["ticket"])
    _keep(plane, made)
    answer(opening["id"])
    say(f"{made['person']} is in until {made['ends_at'][:19]}Z; kubectl as usual: ostiary kubeconfig")


def _until_confirmed(plane: Any, name: str, ticket: str) -> Any:
    while True:
        made = plane.post(f"/v1/break-glass/{name}/session", {"ticket": ticket})
        if made["secret"]:
            return made
        time.sleep(_EVERY)


def _keep(plane: Any, made: Any) -> None:
    from ostiary.cli.session_files import SessionFile, save

    file = SessionFile(
        server=plane.server, certificate_authority=plane.certificate_authority, person=made["person"],
        session=made["session"], secret=made["secret"], ends_at=made["ends_at"],
    )  # fmt: skip
    save(file)


@app.command()
def confirm(
    name: Annotated[str, typer.Argument(metavar="ID", help="What `ostiary break-glass open` named.")],
    person: Person = None,
    passphrase_stdin: Stdin = False,
    server: Server = None,
    ca: Authority = None,
) -> None:
    """Confirm what somebody else opened. You answer for it, as they do."""
    from ostiary.cli.login import plane_at

    plane = plane_at(server, ca)
    who, passphrase = _proof(person, passphrase_stdin)
    shown = plane.post(f"/v1/break-glass/{name}/confirm", {"person": who, "passphrase": passphrase})
    say(f"BREAK-GLASS: {shown['person']} has {shown['role']} on {shown['cluster']} until {shown['ends_at'][:19]}Z")
    say(f"end it sooner with: ostiary grant revoke {name}")


@app.command("list")
def list_openings(
    session: Session = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")] = Format.TABLE,
) -> None:
    """What was opened within a week, and by whom."""
    from ostiary.cli.control_plane import control_plane

    found = control_plane(session).get("/v1/break-glass")
    if form is Format.JSON:
        answer_json(found)
        return
    columns = ("id", "opened", "by", "confirmed by", "cluster", "role", "until", "reason")
    rows = [
        (
            one["id"], one["opened_at"][:19], one["person"], one["confirmed_by"] or "nobody", one["cluster"], one["role"],
            ("LIVE until " if one["live"] else "") + (one["ends_at"] or "never")[:19], one["reason"],
        )
        for one in found
    ]  # fmt: skip
    table(columns, rows)
    if not found:
        say("nothing was opened within a week")


@app.command()
def forget(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Whose enrolment ends: yours, or as an administrator any.")],
    session: Session = None,
) -> None:
    """End somebody's enrolment: the passphrase is worth nothing any more."""
    from urllib.parse import quote

    from ostiary.cli.control_plane import control_plane

    control_plane(session).delete(f"/v1/break-glass/people/{quote(person, safe='')}")
    say(f"{person} is no longer enrolled for break-glass")


def _proof(person: str | None, stdin: bool) -> tuple[str, str]:
    if not stdin and not sys.stdin.isatty():
        raise BadInput("there is no terminal to ask for the passphrase at", todo="give it with --passphrase-stdin")
    if not person:
        if stdin:
            raise BadInput("whose passphrase is that?", todo="say it with --person")
        person = input("Name: ").strip()
    passphrase = sys.stdin.readline().rstrip("\n") if stdin else getpass.getpass(f"Break-glass passphrase of {person}: ")
    if not passphrase:
        raise Refused("no passphrase was given", todo="it is on the sheet of paper of your enrolment")
    return person, passphrase


def banner(plane: Any) -> None:
    """Say on stderr whom break-glass lets in at this moment; nothing when nobody is. For every list of grants."""
    for one in plane.get("/v1/break-glass"):
        if one["live"]:
            say(
                f"!!! BREAK-GLASS: {one['person']} has {one['role']} on {one['cluster']} until {one['ends_at'][:19]}Z, "
                f"confirmed by {one['confirmed_by']}: {one['reason']}"
            )
