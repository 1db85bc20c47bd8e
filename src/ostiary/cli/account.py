"""``ostiary account``: people of the built-in sign-on. Administrators make and close accounts; everybody changes their own password.

ostiary account add bob              shows a made-up password, once
ostiary account password             changes your own; every session of yours ends
ostiary account disable bob          at once, with every session
"""

from typing import Annotated

import typer

from ostiary.cli.output import Format, answer, answer_json, say, table

app = typer.Typer(help="People of the built-in sign-on.", no_args_is_help=True)
Person = Annotated[str, typer.Argument(metavar="PERSON", help="The person's name.")]
Session = Annotated[str | None, typer.Option("--session", help="A session, as `ostiary whoami --all` names it.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]


@app.command()
def add(
    person: Person,
    administrator: Annotated[bool, typer.Option("--administrator", help="Let them keep accounts and clusters.")] = False,
    session: Session = None,
) -> None:
    """Make an account; its password is made up and shown once, on stdout."""
    from ostiary.cli.control_plane import control_plane

    made = control_plane(session).post("/v1/accounts", {"person": person, "administrator": administrator})
    answer(made["password"])
    say(f"{made['person']} signs in with: ostiary login --person {made['person']}; then: ostiary account password")


@app.command("list")
def list_(session: Session = None, form: Form = Format.TABLE) -> None:
    """Every account."""
    from ostiary.cli.control_plane import control_plane

    accounts = control_plane(session).get("/v1/accounts")["accounts"]
    if form is Format.JSON:
        answer_json({"accounts": accounts})
        return
    rows = [
        (
            one["person"],
            "administrator" if one["administrator"] else "",
            "closed" if one["disabled"] else "",
            str(one["passkeys"]),
        )
        for one in accounts
    ]
    table(("person", "role", "state", "passkeys"), rows)


@app.command()
def disable(person: Person, session: Session = None) -> None:
    """Close an account: its sessions end at once and its passkeys are removed."""
    from ostiary.cli.control_plane import control_plane

    control_plane(session).post(f"/v1/accounts/{_segment(person)}/disable")
    say(f"{person} is closed, and signed out everywhere")


@app.command()
def enable(person: Person, session: Session = None) -> None:
    """Open a closed account again."""
    from ostiary.cli.control_plane import control_plane

    control_plane(session).post(f"/v1/accounts/{_segment(person)}/enable")
    say(f"{person} is open again")


@app.command()
def reset(person: Person, session: Session = None) -> None:
    """Make up a new password for somebody who lost theirs; it is shown once, on stdout, and their sessions end."""
    from ostiary.cli.control_plane import control_plane

    answer(control_plane(session).post(f"/v1/accounts/{_segment(person)}/password")["password"])
    say(f"{person} is signed out everywhere")


@app.command()
def forget(person: Person, session: Session = None) -> None:
    """Free a name that is bound to one person of one provider, so that another may come with it; its sessions end."""
    from ostiary.cli.control_plane import control_plane

    control_plane(session).post(f"/v1/accounts/{_segment(person)}/forget")
    say(f"the name {person} is free")


@app.command()
def password(session: Session = None) -> None:
    """Change your own password; every session of yours ends, on every machine."""
    import getpass

    from ostiary.cli.control_plane import control_plane
    from ostiary.cli.session_files import forget as forget_session
    from ostiary.core.errors import BadInput

    plane = control_plane(session)
    current, new = getpass.getpass("Current password: "), getpass.getpass("New password: ")
    if new != getpass.getpass("New password again: "):
        raise BadInput("the two new passwords differ", todo="try again; nothing was changed")
    plane.post("/v1/accounts/me/password", {"current": current, "new": new})
    forget_session(plane.name)
    say("changed; sign in again: ostiary login")


def _segment(person: str) -> str:
    from urllib.parse import quote

    return quote(person, safe="")
