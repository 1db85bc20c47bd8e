"""``ostiary grant``: asking for a right on a cluster for a while, and deciding on the requests of others.

ostiary grant request --cluster prod --role edit -n shop --for 1h --reason "mend the checkout"
ostiary grant list                               one's own, and what waits for one's decision
ostiary grant approve g7k2m9qxab
ostiary grant revoke g7k2m9qxab
"""

from typing import Annotated, Any

import typer

from ostiary.cli.output import Format, answer, answer_json, say, table

app = typer.Typer(name="grant", help="Rights on clusters, for a while.", no_args_is_help=True)

Session = Annotated[str | None, typer.Option("--session", help="A session by its name, instead of the current one.")]
Id = Annotated[str, typer.Argument(metavar="GRANT", help="The grant's id, as the list shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; for who reads it later.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]
_COLUMNS = ("GRANT", "STATE", "PERSON", "CLUSTER", "ROLE", "WHERE", "FOR", "ENDS", "DECIDED BY", "REASON")


@app.command()
def request(
    cluster: Annotated[str, typer.Option("--cluster", help="On which cluster.")],
    role: Annotated[str, typer.Option("--role", help="Which ClusterRole, such as view or edit.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever decides reads it.")],
    duration: Annotated[str, typer.Option("--for", metavar="DURATION", help="For how long: 30m, 1h, 1h30m.")] = "1h",
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", help="In which namespace; again for more.")
    ] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="In the whole cluster, in place of namespaces.")] = False,
    session: Session = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Ask for a right in your own name; somebody else has to agree."""
    from ostiary.cli.control_plane import control_plane
    from ostiary.pillars.access.durations import seconds_of

    body = {
        "cluster": cluster, "role": role, "namespaces": namespace or [], "everywhere": everywhere, "reason": reason,
        "seconds": seconds_of(duration),
    }  # fmt: skip
    grant = control_plane(session).post("/v1/grants", body)
    _answer(grant, form)
    others = "1 other person has" if grant["approvals"] == 1 else f"{grant['approvals']} other people have"
    say(f"{others} to agree: ostiary grant approve {grant['id']}")


@app.command()
def approve(grant: Id, reason: Reason = "", session: Session = None, form: FormatOption = Format.TABLE) -> None:
    """Agree to a request of somebody else."""
    found = _decide(grant, "approve", reason, session)
    _answer(found, form)
    missing = found["approvals"] - len(found["decided_by"])
    say(f"{missing} more to agree" if found["state"] == "requested" else f"live until {_moment(found['ends_at'])}")


@app.command()
def deny(grant: Id, reason: Reason = "", session: Session = None, form: FormatOption = Format.TABLE) -> None:
    """Refuse a request of somebody else."""
    _answer(_decide(grant, "deny", reason, session), form)


@app.command()
def withdraw(grant: Id, session: Session = None, form: FormatOption = Format.TABLE) -> None:
    """Take your own request back before it is decided."""
    _answer(_decide(grant, "withdraw", None, session), form)


@app.command()
def revoke(grant: Id, reason: Reason = "", session: Session = None, form: FormatOption = Format.TABLE) -> None:
    """End a live grant at once: yours, one that you may decide on, or any as an administrator."""
    _answer(_decide(grant, "revoke", reason, session), form)


@app.command("list")
def list_grants(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only these: requested, active, ...; again for more.")
    ] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="Only those on this cluster.")] = None,
    person: Annotated[str | None, typer.Option("--person", help="Only those of this person.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The newest so many.")] = 50,
    session: Session = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List grants that you may see, the newest first."""
    from ostiary.cli.break_glass import banner
    from ostiary.cli.control_plane import control_plane

    plane = control_plane(session)
    banner(plane)
    found = _pages(plane, state or [], {"cluster": cluster, "person": person}, limit)
    if form is Format.JSON:
        answer_json(found)
        return
    table(_COLUMNS, map(_row, found))
    if not found:
        say("there are none: ostiary grant request --help")


@app.command()
def show(grant: Id, session: Session = None, form: FormatOption = Format.TABLE) -> None:
    """Show one grant and everything that was done to it."""
    from urllib.parse import quote

    from ostiary.cli.control_plane import control_plane

    found = control_plane(session).get(f"/v1/grants/{quote(grant, safe='')}")
    if form is Format.JSON:
        answer_json(found)
        return
    table(_COLUMNS, [_row(found["grant"])])
    for event in found["events"]:
        answer(f"{_moment(event['at'])}  {event['what']} by {event['who']}" + (f": {event['note']}" if event["note"] else ""))


@app.command()
def options(session: Session = None, form: FormatOption = Format.TABLE) -> None:
    """What you may ask for, and who decides on it."""
    from ostiary.cli.control_plane import control_plane

    found = control_plane(session).get("/v1/grants/options")
    if form is Format.JSON:
        answer_json(found)
        return
    columns = ("ROLES", "CLUSTERS", "WHERE", "AT MOST", "APPROVALS", "WHO DECIDES")
    table(columns, [
        (_words(one["roles"]), _words(one["clusters"]), _where(one), one["maximum"], str(one["approvals"]), _words(one["approvers"]))
        for one in found
    ])  # fmt: skip
    if not found:
        say("no rule names you; the rules are the section access of the intent file")


def _decide(grant: str, verb: str, reason: str | None, session: str | None) -> dict[str, Any]:
    from urllib.parse import quote

    from ostiary.cli.control_plane import control_plane

    path = f"/v1/grants/{quote(grant, safe='')}/{verb}"
    found: dict[str, Any] = control_plane(session).post(path, None if reason is None else {"note": reason})
    return found


def _pages(plane: Any, states: list[str], chosen: dict[str, str | None], limit: int) -> list[Any]:
    from urllib.parse import urlencode

    found: list[Any] = []
    after = ""
    while len(found) < limit:
        pairs = [("limit", str(min(500, limit))), *(("state", one) for one in states)]
        pairs += [(key, value) for key, value in (*chosen.items(), ("after", after)) if value]
        page = plane.get(f"/v1/grants?{urlencode(pairs)}")
        found += page["grants"]
        after = page["next"]
        if not after:
            break
    return found[:limit]


def _answer(grant: dict[str, Any], form: Format) -> None:
    if form is Format.JSON:
        answer_json(grant)
    else:
        table(_COLUMNS, [_row(grant)])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    from ostiary.pillars.access.durations import written

    state = f"{one['state']} (break-glass)" if one["break_glass"] else one["state"]
    return (
        one["id"], state, one["person"], one["cluster"], one["role"], _where(one), written(one["seconds"]),
        _moment(one["ends_at"]), _words(one["decided_by"]), one["reason"],
    )  # fmt: skip


def _where(one: dict[str, Any]) -> str:
    return ", ".join((*one["namespaces"], *(("everywhere",) if one["everywhere"] else ())))


def _words(some: list[str]) -> str:
    return ", ".join(some)


def _moment(text: str | None) -> str:
    """A moment to the second, in UTC: what is in the cluster's own objects and records."""
    return text[:19].replace("T", " ") + "Z" if text else ""
