"""``ostiary logout`` and ``ostiary whoami``: the sessions of this machine, ended and named."""

from typing import Annotated

import typer

from ostiary.cli.output import Format, answer, answer_json, say, table
from ostiary.core.errors import OstiaryError, Refused, Unreachable

Session = Annotated[str | None, typer.Option("--session", help="A session, as `ostiary whoami --all` names it.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]


def logout(
    session: Session = None, every: Annotated[bool, typer.Option("--all", help="Every session of this machine.")] = False
) -> None:
    """Sign out: the session and its tokens are refused from now on, and forgotten here."""
    from ostiary.cli.session_files import choose, names

    chosen = list(names()) if every else [choose(session).name]
    if not chosen:
        raise Refused("nobody is signed in", todo="nothing is left to do")
    failed = [error for name in chosen if (error := _end(name)) is not None]
    if failed:
        raise failed[0]


def _end(name: str) -> OstiaryError | None:
    from ostiary.cli.control_plane import control_plane
    from ostiary.cli.session_files import forget

    error: OstiaryError | None = None
    try:
        control_plane(name).post("/v1/logout")
    except Unreachable as unreachable:
        error = Unreachable(
            f"{name} is forgotten here, but the control plane was not told: {unreachable.happened}",
            todo="the session lives there until it ends by itself; an administrator can revoke it",
        )
    except Refused:
        pass  # it had ended already
    forget(name)
    if error is None:
        say(f"signed out {name}")
    return error


def whoami(
    session: Session = None,
    every: Annotated[bool, typer.Option("--all", help="The sessions of this machine; nobody is asked.")] = False,
    form: Form = Format.TABLE,
) -> None:
    """Who is signed in, at which control plane, in which groups, until when."""
    if every:
        _list(form)
        return
    from ostiary.cli.control_plane import control_plane

    plane = control_plane(session)
    me = plane.get("/v1/whoami")
    if form is Format.JSON:
        answer_json({"name": plane.name, "server": plane.server, **me})
        return
    answer(f"{me['person']} at {plane.server}")
    answer(f"groups: {', '.join(me['groups']) or 'none'}{'; administrator' if me['administrator'] else ''}")
    answer(f"signed in by {me['way']} since {me['started_at']}, until {me['ends_at']}")


def _list(form: Format) -> None:
    from ostiary.cli.session_files import choose, current, names

    rows = [(name, choose(name).file) for name in names()]
    if form is Format.JSON:
        fields = [{"name": name, "person": file.person, "server": file.server, "ends_at": file.ends_at} for name, file in rows]
        answer_json({"sessions": fields, "current": current()})
        return
    if not rows:
        say("nobody is signed in on this machine: ostiary login")
        return
    marked = ["*" if name == current() else "" for name, _ in rows]
    table(
        ("", "session", "person", "control plane", "ends"),
        [(mark, name, file.person, file.server, file.ends_at) for mark, (name, file) in zip(marked, rows, strict=True)],
    )
