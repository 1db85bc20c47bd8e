"""``ostiary session``: who is signed in where, and ending it, such as that of a laptop that was lost.

ostiary session list                             your own
ostiary session list --person bob                somebody's, for viewers and administrators
ostiary session list --everybody
ostiary session revoke 3f9a... 77c1...           your own, or any as an administrator

These are sessions as the control plane knows them, by id, on every machine. Which of them this machine holds, and by which name ``--session`` takes them,
``ostiary whoami --all`` says.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ostiary.cli.output import Format, answer_json, say, table

if TYPE_CHECKING:
    from ostiary.cli.control_plane import ControlPlane
    from ostiary.core.errors import OstiaryError

app = typer.Typer(name="session", help="Who is signed in, and ending it.", no_args_is_help=True)

Session = Annotated[str | None, typer.Option("--session", help="Ask with this one, as `ostiary whoami --all` names it.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]
_COLUMNS = ("SESSION", "PERSON", "SIGNED IN BY", "SINCE", "LAST USED", "ENDS", "THIS ONE")


@app.command("list")
def list_sessions(
    person: Annotated[str | None, typer.Option("--person", help="Those of this person; of others: viewers only.")] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Those of everybody; viewers only.")] = False,
    session: Session = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List living sessions, the oldest first: your own, unless you say whose.

    Viewers and administrators may see those of others. A session ends by itself, at its end or when it was not used for a while; end one before with
    `ostiary session revoke`.
    """
    from ostiary.cli.control_plane import control_plane

    plane = control_plane(session)
    asked = {"person": person} if person is not None else {}
    found = plane.get("/v1/sessions", asked | ({"everybody": "true"} if everybody else {}))
    if form is Format.JSON:
        answer_json(found)
        return
    table(_COLUMNS, [_row(one, plane.own) for one in found])
    if not found:
        say("nobody is signed in by that name; names: ostiary session list --everybody")


@app.command()
def revoke(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Sessions, by the ids that the list shows.")],
    session: Session = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """End sessions at once: your own, or any as an administrator.

    The gateway refuses the tokens of an ended session within a second, and whoever held it has to sign in again. Grants stay: they are the person's, not the
    session's (`ostiary grant revoke`). Streams that are open already, such as `kubectl logs -f`, are not cut. The session that asks, if it is named too, goes
    last. An id that is not known is said, and the others are ended all the same.
    """
    from ostiary.cli.control_plane import control_plane
    from ostiary.cli.session_files import forget

    plane = control_plane(session)
    ended, wrong = _end(plane, sorted(dict.fromkeys(ids), key=lambda one: one == plane.own))
    _answer(ended, form)
    if plane.own in ended:
        forget(plane.name)
        say("your own session has ended, too; sign in again: ostiary login")
    for error in wrong[:-1]:
        say(error.happened)
    if wrong:
        raise wrong[-1]


def _end(plane: "ControlPlane", ids: list[str]) -> tuple[list[str], list["OstiaryError"]]:
    """Which have ended, and what went wrong. An unknown id stops nothing; a control plane that is gone, or a session that has ended, does."""
    from ostiary.core.errors import BadInput, OstiaryError

    ended: list[str] = []
    wrong: list[OstiaryError] = []
    for one in ids:
        try:
            plane.delete(f"/v1/sessions/{_segment(one)}")
        except BadInput as error:
            wrong.append(BadInput(f"session {one[:60]!r}: {error.happened}", todo=error.todo or "see: ostiary session list"))
        except OstiaryError as error:
            return ended, [*wrong, error]
        else:
            ended.append(one)
    return ended, wrong


def _answer(ended: list[str], form: Format) -> None:
    if form is Format.JSON:
        answer_json({"ended": ended})
    else:
        table(("ENDED",), [(one,) for one in ended])


def _row(one: dict[str, Any], mine: str) -> tuple[str, ...]:
    moments = (_moment(one[name]) for name in ("started_at", "seen_at", "ends_at"))
    return (one["id"], one["person"], one["way"], *moments, "yes" if one["id"] == mine else "")


def _moment(text: str) -> str:
    """A moment to the second, in UTC."""
    return text[:19].replace("T", " ") + "Z"


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
