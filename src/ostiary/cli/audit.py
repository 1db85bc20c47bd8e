"""``ostiary audit``: the gateway's own records, as they come or all that are still there, each with the grants that held then.

ostiary audit tail --follow --person alice@example.com
ostiary audit search --cluster prod --verb delete --namespace shop --since 2h
ostiary audit search --resource pods/exec --format json
ostiary audit search --grant g7k2m9qxab --control-plane
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostiary.cli.output import FINDINGS, HOLDS, Format, answer, say, table
from ostiary.core.errors import BadInput

if TYPE_CHECKING:
    from ostiary.cli.audit_grants import GrantsAtHand
    from ostiary.pillars.access.records import Record
    from ostiary.pillars.access.why import Allowed

app = typer.Typer(help="What the gateway saw: who asked for what, and what became of it.", no_args_is_help=True)

Directory = Annotated[
    Path | None, typer.Option("--directory", metavar="DIR", help="The gateway's directory; default: that of `ostiary up` here.")
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The configuration of `ostiary up`, whose store has the grants.")
]
Plane = Annotated[
    bool, typer.Option("--control-plane", help="Ask the control plane that you are signed in to for grants, not the store.")
]
GrantId = Annotated[
    str, typer.Option("--grant", metavar="ID", help="Only what was allowed while this grant held, where it held.")
]
Person = Annotated[str, typer.Option("--person", help="Only what this person did.")]
Session = Annotated[str, typer.Option("--session", help="Only what was done in this session.")]
Cluster = Annotated[str, typer.Option("--cluster", help="Only at this cluster.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Only in this namespace.")]
Verb = Annotated[str, typer.Option("--verb", help="Only this verb, such as delete.")]
Resource = Annotated[str, typer.Option("--resource", help="Only this resource, such as pods, pods/exec or deployments.apps.")]
Name = Annotated[str, typer.Option("--name", help="Only the object of this name.")]
Id = Annotated[str, typer.Option("--id", help="Only this request; the same id is the auditID of the API server's event.")]
Outcome = Annotated[str, typer.Option("--outcome", help="Only done, refused, failed or pending ones.")]
Since = Annotated[str, typer.Option("--since", help="Only from this moment on: 2026-11-24T12:00:00Z, or 30m, 2h, 7d ago.")]
Until = Annotated[str, typer.Option("--until", help="Only before this moment, written likewise.")]
Starts = Annotated[bool, typer.Option("--starts", help="Also the records of requests that start, not only of those that end.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="A table, or one JSON object a line.")]

_COLUMNS = ("TIME", "PERSON", "CLUSTER", "VERB", "WHAT", "NAMESPACE", "NAME", "OUTCOME", "MS", "GRANT", "WHY")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are wanted; an empty field wants all."""

    person: str = ""
    session: str = ""
    cluster: str = ""
    namespace: str = ""
    verb: str = ""
    resource: str = ""
    name: str = ""
    id: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""
    starts: bool = False

    def wants(self, record: "Record") -> bool:
        """Whether this is one of them."""
        if not self.starts and record.stage.value == "started":
            return False
        exact = (
            (self.person, record.person), (self.session, record.session), (self.cluster, record.cluster), (self.verb, record.verb),
            (self.namespace, record.namespace), (self.name, record.name), (self.id, record.id), (self.outcome, record.outcome.value),
        )  # fmt: skip
        if any(wanted and wanted != found for wanted, found in exact):
            return False
        if self.resource and self.resource not in (record.what, record.resource):
            return False
        return (not self.since or record.at >= self.since) and (not self.until or record.at < self.until)


@app.command()
def tail(
    directory: Directory = None,
    config: Config = None,
    control_plane: Plane = False,
    follow: Annotated[bool, typer.Option("--follow", "-F", help="Go on as new ones come, until interrupted.")] = False,
    last: Annotated[int, typer.Option("--last", min=0, help="How many to begin with.")] = 20,
    person: Person = "",
    session: Session = "",
    cluster: Cluster = "",
    namespace: Namespace = "",
    verb: Verb = "",
    resource: Resource = "",
    outcome: Outcome = "",
    starts: Starts = False,
    form: Form = Format.TABLE,
) -> None:
    """The newest records, and with --follow each new one within a second."""
    from collections import deque

    from ostiary.gateway.following import everything

    wanted = Filter(person, session, cluster, namespace, verb, resource, outcome=_outcome(outcome), starts=starts)
    place, grants = _places(directory, config, control_plane=control_plane)
    if follow:
        _follow(place, last, wanted, grants, form)
    else:
        newest = deque(filter(wanted.wants, everything(place)), maxlen=last)
        _print(((record, grants.why(record)) for record in newest), form)


@app.command()
def search(
    directory: Directory = None,
    config: Config = None,
    control_plane: Plane = False,
    person: Person = "",
    session: Session = "",
    cluster: Cluster = "",
    namespace: Namespace = "",
    verb: Verb = "",
    resource: Resource = "",
    name: Name = "",
    request: Id = "",
    outcome: Outcome = "",
    grant: GrantId = "",
    since: Since = "",
    until: Until = "",
    starts: Starts = False,
    form: Form = Format.TABLE,
) -> None:
    """Every record that fits, oldest first. Exit 0: there are some; 1: there is none."""
    from ostiary.gateway.following import everything

    now = datetime.now(UTC)
    wanted = Filter(
        person, session, cluster, namespace, verb, resource, name, request, _outcome(outcome), _moment(since, now), _moment(until, now), starts
    )  # fmt: skip
    place, grants = _places(directory, config, control_plane=control_plane, must=bool(grant))
    joined = ((record, grants.why(record)) for record in everything(place) if wanted.wants(record))
    found = _print((one for one in joined if not grant or (one[1] and grant in one[1].grants)), form)
    if not found:
        say("no record fits")
    raise typer.Exit(HOLDS if found else FINDINGS)


def _follow(directory: Path, last: int, wanted: Filter, grants: "GrantsAtHand", form: Format) -> None:
    from ostiary.gateway.following import follow

    try:
        for record in follow(directory, last=last, wanted=wanted.wants):
            if record is not None and wanted.wants(record):
                why = grants.why(record)
                answer(_json(record, why) if form is Format.JSON else "  ".join(_cells(record, why)))
                _flush()
    except KeyboardInterrupt:
        return


def _print(records: "Iterator[tuple[Record, Allowed | None]]", form: Format) -> int:
    if form is Format.JSON:
        count = 0
        for count, one in enumerate(records, 1):  # noqa: B007 - the last one counts
            answer(_json(*one))
        return count
    rows = [_cells(*one) for one in records]
    if rows:
        table(_COLUMNS, rows)
    return len(rows)


def _cells(record: "Record", allowed: "Allowed | None") -> tuple[str, ...]:
    verb = f"{record.verb} ({record.upgrade})" if record.upgrade else record.verb or record.method
    outcome = f"{record.outcome} {record.status or ''}".strip()
    said = ": ".join(part for part in (record.by if record.outcome.value == "refused" else "", record.why) if part)
    why = "; ".join(part for part in (said, allowed.why if allowed else "") if part)
    grants = ", ".join(allowed.grants) if allowed else "?"
    return (
        record.at, record.person or "-", record.cluster or "-", verb, record.what, record.namespace or "-", record.name or "-",
        outcome, str(record.milliseconds), grants or "-", why or "-",
    )  # fmt: skip


def _json(record: "Record", allowed: "Allowed | None") -> str:
    import msgspec

    joined = {"grants": allowed and allowed.grants, "whyAllowed": allowed and allowed.why}
    return msgspec.json.encode(msgspec.to_builtins(record) | joined).decode()


def _flush() -> None:
    import sys

    sys.stdout.flush()


def _places(
    directory: Path | None, config: Path | None, *, control_plane: bool, must: bool = False
) -> tuple[Path, "GrantsAtHand"]:
    """The gateway's directory, and the grants to go with its records."""
    from ostiary.cli.audit_grants import grants_at_hand
    from ostiary.cli.up import configured

    if directory is not None and config is None:  # it stands for itself: what the environment configures may be another one
        return directory, grants_at_hand(directory.absolute().parent, control_plane=control_plane, must=must)
    settings = configured(config, None).settings
    grants = grants_at_hand(settings.directory, settings.database, control_plane=control_plane, must=must)
    return directory or settings.directory / "gateway", grants


def _outcome(text: str) -> str:
    from ostiary.pillars.access.records import Outcome as Known

    known = [one.value for one in Known]
    if text and text not in known:
        raise BadInput(f"{text!r} is no outcome", todo=f"one of: {', '.join(known)}")
    return text


def _moment(text: str, now: datetime) -> str:
    """A moment as records write it, so that text compares as time does."""
    if not text:
        return ""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    if text[:-1].isascii() and text[:-1].isdecimal() and text[-1] in units:
        moment = now - timedelta(seconds=int(text[:-1]) * units[text[-1]])
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadInput(
                f"{text!r} is no moment", todo="write 2026-11-24T12:00:00Z, or 30m, 2h, 7d for so long ago"
            ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
