"""Grants as rows: read, added, and replaced by whoever read the latest version; and the trail of what was done to each.

``replace_grant`` is the only way a grant changes: it names the version that was read and says whether it won. Nothing is ever deleted here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.model.access import Grant, GrantState
from ostiary.server.store.tables import grant_events, grants

_FIELDS = Grant.__struct_fields__


@dataclass(frozen=True, slots=True)
class Kept:
    """A grant with what only the store needs."""

    grant: Grant
    version: int
    groups: tuple[str, ...]  # the requester's, then


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to a grant."""

    at: datetime
    who: str
    what: str
    note: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which grants to list; None means any. ``person_or_open`` adds every open request to those of the person."""

    states: tuple[GrantState, ...] = ()
    cluster: str | None = None
    person: str | None = None
    person_or_open: bool = False
    after: tuple[datetime, str] | None = None  # the last one of the page before
    limit: int = 100


def _kept(row: Row[Any]) -> Kept:
    values = row._asdict()
    fields = {name: values[name] for name in _FIELDS} | {"state": GrantState(values["state"])}
    return Kept(Grant(**fields), values["version"], values["groups"])


def _values(grant: Grant) -> dict[str, Any]:
    return asdict(grant) | {"state": grant.state.value}


async def add_grant(connection: AsyncConnection, grant: Grant, groups: tuple[str, ...]) -> None:
    """A new row, at version 1."""
    await connection.execute(insert(grants).values(**_values(grant), version=1, groups=groups))


async def replace_grant(connection: AsyncConnection, grant: Grant, version: int) -> bool:
    """Put a grant in the place of itself as it was at a version; False when somebody else was faster."""
    statement = (
        update(grants).where(grants.c.id == grant.id, grants.c.version == version).values(**_values(grant), version=version + 1)
    )
    return (await connection.execute(statement)).rowcount == 1


async def get_grant(connection: AsyncConnection, name: str) -> Kept | None:
    """One grant."""
    row = (await connection.execute(select(grants).where(grants.c.id == name))).one_or_none()
    return None if row is None else _kept(row)


async def list_grants(connection: AsyncConnection, chosen: Selection) -> Sequence[Kept]:
    """A page of grants, the newest first."""
    statement = select(grants).order_by(grants.c.requested_at.desc(), grants.c.id.desc()).limit(chosen.limit)
    return [_kept(row) for row in await connection.execute(_chosen(statement, chosen))]


def _chosen(statement: Select[Any], chosen: Selection) -> Select[Any]:
    if chosen.states:
        statement = statement.where(grants.c.state.in_([state.value for state in chosen.states]))
    if chosen.cluster is not None:
        statement = statement.where(grants.c.cluster == chosen.cluster)
    if chosen.person is not None:
        own = grants.c.person == chosen.person
        is_open = grants.c.state == GrantState.REQUESTED.value
        statement = statement.where(or_(own, is_open) if chosen.person_or_open else own)
    if chosen.after is not None:
        at, name = chosen.after
        older = or_(grants.c.requested_at < at, and_(grants.c.requested_at == at, grants.c.id < name))
        statement = statement.where(older)
    return statement


async def active_grants(
    connection: AsyncConnection, *, cluster: str | None = None, person: str | None = None
) -> Sequence[Kept]:
    """Every grant whose state is active, whether or not its end is past, by id."""
    chosen = Selection(states=(GrantState.ACTIVE,), cluster=cluster, person=person)
    return [_kept(row) for row in await connection.execute(_chosen(select(grants).order_by(grants.c.id), chosen))]


async def due_grants(connection: AsyncConnection, now: datetime, skew: timedelta, open_for: timedelta) -> Sequence[Kept]:
    """Every grant that time may end at this moment; ``life.due`` decides."""
    past = or_(
        grants.c.ends_at.is_(None), grants.c.ends_at <= now, grants.c.decided_at.is_(None), grants.c.decided_at > now + skew
    )
    active = and_(grants.c.state == GrantState.ACTIVE.value, past)
    forgotten = and_(grants.c.state == GrantState.REQUESTED.value, grants.c.requested_at <= now - open_for)
    return [_kept(row) for row in await connection.execute(select(grants).where(or_(active, forgotten)))]


async def next_end(connection: AsyncConnection, open_for: timedelta) -> datetime | None:
    """When time ends the next grant, active or undecided."""
    active = select(func.min(grants.c.ends_at)).where(grants.c.state == GrantState.ACTIVE.value)
    waiting = select(func.min(grants.c.requested_at)).where(grants.c.state == GrantState.REQUESTED.value)
    ends = (await connection.execute(active)).scalar_one()
    asked = (await connection.execute(waiting)).scalar_one()
    return min((one for one in (ends, asked and asked + open_for) if one is not None), default=None)


async def count_open(connection: AsyncConnection, person: str) -> int:
    """How many requests of a person wait for a decision."""
    waiting = and_(grants.c.person == person, grants.c.state == GrantState.REQUESTED.value)
    return (await connection.execute(select(func.count()).select_from(grants).where(waiting))).scalar_one()


async def add_events(connection: AsyncConnection, name: str, events: Iterable[Event]) -> None:
    """Write down what was done."""
    rows = [{"grant_id": name, "at": one.at, "who": one.who, "what": one.what, "note": one.note} for one in events]
    await connection.execute(insert(grant_events), rows)


async def events_of(connection: AsyncConnection, name: str) -> Sequence[Event]:
    """What was done to a grant, in its order."""
    columns = (grant_events.c.at, grant_events.c.who, grant_events.c.what, grant_events.c.note)
    rows = await connection.execute(select(*columns).where(grant_events.c.grant_id == name).order_by(grant_events.c.number))
    return [Event(*row) for row in rows]
