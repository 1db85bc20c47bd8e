"""Sessions: begun at sign-on, found by an opaque secret, ended by two limits, by the person, or by an administrator.

The secret has 256 bits and is shown once; the store keeps its SHA-256, which suffices for what nobody can guess. The id is public: it stands in tokens and
records. A session ends ``absolute`` after it began whatever happens, and ``idle`` after it was last used; idle time is at least a token's life, so that no
token outlives a session that went idle. ``denied`` names those that were ended early while a token of theirs may still live.

    begun = await sessions.begin(SignedIn("alice@example.com"), "oidc", now)
    await sessions.find(begun.secret, now)      # touches it, at most once a minute
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, and_, delete, insert, or_, select, update

from ostiary.core.errors import BadInput
from ostiary.model.access import TOKEN_SECONDS
from ostiary.server.ports import Principal, Session
from ostiary.server.signon.names import SignedIn
from ostiary.server.store.engine import Store
from ostiary.server.store.people_tables import sessions as table
from ostiary.server.tokens.schedule import SKEW

_TOUCH: Final = timedelta(minutes=1)
_TOKEN: Final = timedelta(seconds=TOKEN_SECONDS)
_KEPT: Final = timedelta(days=1)  # an ended session's row, so that a late request is told the truth
_PREFIX: Final = "ostiary_"  # so that scanners for leaked secrets can know one
_LOUD: Final = "break-glass"  # such a session's id says so, and with it every record, token and audit event that names it


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives at most, and how long unused."""

    absolute: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=4)

    def __post_init__(self) -> None:
        if not _TOKEN <= self.idle <= self.absolute <= timedelta(days=7):
            raise BadInput(
                f"a session of {self.absolute}, idle at most {self.idle}, cannot be",
                todo="15 minutes <= idle <= absolute <= 7 days",
            )


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session; the secret is here and nowhere else."""

    secret: str = field(repr=False)
    session: Session
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A living session, with whom it is of."""

    principal: Principal
    session: Session


def hashed(secret: str) -> str:
    """What is kept of a secret that nobody can guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Sessions:
    """The sessions of a store."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self.limits = limits

    async def begin(self, who: SignedIn, way: str, now: datetime, *, longest: timedelta | None = None) -> Begun:
        """Begin a session; ``longest`` shortens it below the limit."""
        secret, name = _PREFIX + secrets.token_urlsafe(32), (_LOUD if way == _LOUD else "") + secrets.token_hex(16)
        ends = now + min(self.limits.absolute, longest or self.limits.absolute)
        values = {
            "id": name,
            "secret_hash": hashed(secret),
            "person": who.person,
            "groups": who.groups,
            "administrator": who.administrator,
            "way": way,
            "started_at": now,
            "seen_at": now,
            "ends_at": ends,
        }
        async with self._store.begin() as connection:
            await connection.execute(insert(table).values(values))
        return Begun(secret, Session(name, who.person, now, now, ends, way), who.groups)

    async def find(self, secret: str, now: datetime) -> Found | None:
        """Whose secret that is, while the session lives; None otherwise."""
        async with self._store.read() as connection:
            row = (await connection.execute(select(table).where(table.c.secret_hash == hashed(secret)))).one_or_none()
        if row is None or not self._lives(row, now):
            return None
        if now - row.seen_at >= _TOUCH:
            async with self._store.begin() as connection:
                await connection.execute(update(table).where(table.c.id == row.id).values(seen_at=now))
        return Found(Principal(row.person, row.id, row.groups, row.administrator), _session(row))

    async def living(self, now: datetime, person: str | None = None) -> tuple[Session, ...]:
        """Sessions that live, of everybody or of one person, the oldest first."""
        alive = and_(table.c.ended_at.is_(None), table.c.ends_at > now, table.c.seen_at > now - self.limits.idle)
        query = select(table).where(alive).order_by(table.c.started_at, table.c.id)
        if person is not None:
            query = query.where(table.c.person == person)
        async with self._store.read() as connection:
            return tuple(map(_session, await connection.execute(query)))

    async def end(self, name: str, now: datetime) -> Session | None:
        """End a session at once; None when there is none. Ending twice keeps the first moment."""
        async with self._store.begin() as connection:
            row = (await connection.execute(select(table).where(table.c.id == name))).one_or_none()
            if row is None:
                return None
            if row.ended_at is None:
                await connection.execute(update(table).where(table.c.id == name).values(ended_at=now))
        return _session(row)

    async def end_all(self, person: str, now: datetime) -> int:
        """End every session of a person; answers how many lived."""
        mine = and_(table.c.person == person, table.c.ended_at.is_(None), table.c.ends_at > now)
        async with self._store.begin() as connection:
            return int((await connection.execute(update(table).where(mine).values(ended_at=now))).rowcount)

    async def denied(self, now: datetime) -> tuple[str, ...]:
        """Sessions that were ended early while a token of theirs may still live, clock skew included."""
        recent = table.c.ended_at > now - _TOKEN - SKEW
        async with self._store.read() as connection:
            return tuple((await connection.execute(select(table.c.id).where(recent).order_by(table.c.id))).scalars())

    async def sweep(self, now: datetime) -> None:
        """Forget sessions that ended a day ago."""
        old = now - _KEPT
        async with self._store.begin() as connection:
            await connection.execute(delete(table).where(or_(table.c.ends_at < old, table.c.ended_at < old)))

    def _lives(self, row: Row[Any], now: datetime) -> bool:
        return row.ended_at is None and now < row.ends_at and now < row.seen_at + self.limits.idle


def _session(row: Row[Any]) -> Session:
    return Session(row.id, row.person, row.started_at, row.seen_at, row.ends_at, row.way)
