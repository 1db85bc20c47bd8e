"""The glass: opened by one person, confirmed by another, good for a quarter of an hour and one session.

    open (A, passphrase, cluster, reason) -> waits at most ten minutes -> confirm (B, passphrase) -> a grant of the cluster's break-glass role
    -> A's ticket, which only A's terminal holds, becomes a session, once

Nothing in it needs the identity provider or an earlier session. Who may take part stands in the intent file (``access.breakGlass``), else administrators
may; it is asked when they enrol, and again, as far as names and the groups of that day go, whenever they use it. A single person opens nothing.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update

from ostiary.core.errors import Refused
from ostiary.model.access import Grant, GrantState
from ostiary.pillars.access.asking import sentence
from ostiary.pillars.access.permission import Power, is_one_of
from ostiary.server.break_glass.alarm import Alarm
from ostiary.server.break_glass.credentials import Credentials, Enrolled
from ostiary.server.errors import Forbidden, NotFound, Unauthenticated
from ostiary.server.grants import Clock, Grants
from ostiary.server.ports import ClusterSide, Principal
from ostiary.server.rules import Rules
from ostiary.server.sessions import Begun, Sessions, hashed
from ostiary.server.signon.names import SignedIn
from ostiary.server.store.break_glass import openings as table
from ostiary.server.store.engine import Store

LASTS: Final = timedelta(minutes=15)
WAITS: Final = timedelta(minutes=10)
SHOWN: Final = timedelta(days=7)
WAY: Final = "break-glass"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Opening:
    """One use of the glass, as it is shown."""

    id: str
    person: str
    cluster: str
    role: str
    reason: str
    opened_at: datetime
    waits_until: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    ends_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        """Whether somebody is in by it at this moment."""
        return self.ends_at is not None and self.ends_at > now


@dataclass(frozen=True, slots=True)
class Opened:
    """An opening that was just made, with the ticket of who made it."""

    opening: Opening
    ticket: str = field(repr=False)


class BreakGlass:
    """See the module."""

    def __init__(
        self,
        store: Store,
        *,
        grants: Grants,
        sessions: Sessions,
        rules: Rules,
        clusters: ClusterSide,
        alarm: Alarm,
        clock: Clock,
    ) -> None:
        self._store = store
        self._grants = grants
        self._sessions = sessions
        self._rules = rules
        self._clusters = clusters
        self.alarm = alarm
        self.clock = clock
        self.people = Credentials(store)

    async def enrol(self, who: Principal) -> str:
        """Enrol the caller; answers the passphrase, once. Forbidden for those who may not take part."""
        self._refuse_others(who.person, who.groups, administrator=who.administrator)
        passphrase = await self.people.enrol(who, self.clock())
        self.alarm.raise_("enrolled", person=who.person, at=self.clock())
        return passphrase

    async def open(self, person: str, passphrase: str, cluster: str, reason: str, address: str) -> Opened:
        """The first person's part."""
        now = self.clock()
        who = await self._proved(person, passphrase, address)
        why = sentence(reason)
        known = next((one for one in await self._clusters.statuses() if one.name == cluster), None)
        if known is None or not known.break_glass_role:
            raise Refused(
                f"there is no break-glass on a cluster {cluster[:63]!r}",
                todo="a role for it is named when a cluster is added: ostiary cluster add --break-glass-role",
            )
        name, ticket = "breakglass" + "".join(secrets.choice(_ALPHABET) for _ in range(10)), secrets.token_urlsafe(32)
        opening = Opening(name, who.person, cluster, known.break_glass_role, why, now, now + WAITS)
        values = {
            key: getattr(opening, key) for key in ("id", "person", "cluster", "role", "reason", "opened_at", "waits_until")
        }
        async with self._store.begin() as connection:
            await connection.execute(insert(table).values(ticket_hash=hashed(ticket), **values))
        self._tell("opened", opening)
        return Opened(opening, ticket)

    async def confirm(self, name: str, person: str, passphrase: str, address: str) -> Opening:
        """The second person's part: from here on the first one is in."""
        who = await self._proved(person, passphrase, address)
        now = self.clock()
        opening = await self._opening(name)
        if who.person == opening.person:
            self._tell("refused", opening)
            raise Refused("it takes two people: you opened it yourself", todo="have somebody else confirm it")
        if opening.confirmed_by is not None or now >= opening.waits_until:
            raise Refused(f"{name} waits for nobody any more", todo="open it again: ostiary break-glass open")
        ends = now + LASTS
        waiting = (table.c.id == name, table.c.confirmed_by.is_(None), table.c.waits_until > now)
        async with self._store.begin() as connection:
            values = {"confirmed_by": who.person, "confirmed_at": now, "ends_at": ends}
            if not (await connection.execute(update(table).where(*waiting).values(values))).rowcount:
                raise Refused(f"somebody else confirmed {name} just now", todo="see: ostiary break-glass list")
        await self._grants.begin_break_glass(_grant(opening, who.person, now, ends))
        confirmed = await self._opening(name)
        self._tell("confirmed", confirmed)
        return confirmed

    async def session(self, name: str, ticket: str) -> Begun | None:
        """The session that a ticket becomes, once; None while nobody has confirmed."""
        now = self.clock()
        mine = (table.c.id == name, table.c.ticket_hash == hashed(ticket), table.c.session_at.is_(None))
        async with self._store.begin() as connection:
            row = (await connection.execute(select(table).where(*mine))).mappings().one_or_none()
            if row is None:
                raise Unauthenticated("that ticket is unknown, or was used", todo="open it again: ostiary break-glass open")
            opening = _shown(row)
            if opening.ends_at is None and now < opening.waits_until:
                return None
            if not opening.live(now):
                raise Refused(f"{name} is over", todo="open it again: ostiary break-glass open")
            await connection.execute(update(table).where(table.c.id == name).values(session_at=now))
        self._tell("used", opening)
        longest = (opening.ends_at or now) - now
        return await self._sessions.begin(SignedIn(opening.person), WAY, now, longest=longest)

    async def recent(self) -> tuple[Opening, ...]:
        """What was opened within a week, the newest first."""
        query = select(table).where(table.c.opened_at > self.clock() - SHOWN).order_by(table.c.opened_at.desc())
        async with self._store.read() as connection:
            return tuple(map(_shown, (await connection.execute(query)).mappings()))

    async def _opening(self, name: str) -> Opening:
        async with self._store.read() as connection:
            row = (await connection.execute(select(table).where(table.c.id == name))).mappings().one_or_none()
        if row is None:
            raise NotFound(f"nothing was opened under {name[:64]!r}", todo="see: ostiary break-glass list")
        return _shown(row)

    async def _proved(self, person: str, passphrase: str, address: str) -> Enrolled:
        who = await self.people.proved(person, passphrase, address, self.clock())
        self._refuse_others(who.person, who.groups, administrator=who.administrator)
        return who

    def _refuse_others(self, person: str, groups: tuple[str, ...], *, administrator: bool) -> None:
        intent = self._rules.intent
        named = intent.break_glass if intent else ()
        powers = self._rules.powers(Principal(person, "", groups, administrator))
        if not (is_one_of(named, person, groups) if named else Power.ADMINISTRATOR in powers):
            raise Forbidden(
                f"{person} may not take part in break-glass", todo="access.breakGlass in the intent file says who may"
            )

    def _tell(self, event: str, opening: Opening) -> None:
        self.alarm.raise_(
            event, id=opening.id, person=opening.person, cluster=opening.cluster, role=opening.role, reason=opening.reason,
            confirmed_by=opening.confirmed_by, at=self.clock(), ends_at=opening.ends_at,
        )  # fmt: skip


def _grant(opening: Opening, by: str, now: datetime, ends: datetime) -> Grant:
    return Grant(
        id=opening.id, person=opening.person, cluster=opening.cluster, role=opening.role, everywhere=True,
        reason=opening.reason, seconds=int(LASTS.total_seconds()), requested_at=opening.opened_at, state=GrantState.ACTIVE,
        decided_by=(by,), decided_at=now, ends_at=ends, break_glass=True,
    )  # fmt: skip


def _shown(row: Mapping[Any, Any]) -> Opening:
    return Opening(
        row["id"], row["person"], row["cluster"], row["role"], row["reason"], row["opened_at"], row["waits_until"],
        row["confirmed_by"], row["confirmed_at"], row["ends_at"],
    )  # fmt: skip
