"""A sign-in on its way: what is known so far, kept for ten minutes, used up once.

Two names for it: the ``id`` stands in a page's address and lets nobody in; the secret is known only to the command that began it, so that whoever
tricks somebody else into signing in gets nothing. ``take`` removes the row and answers it: of two who come at once, one gets it.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, insert, select, update

from ostiary.server.errors import NotFound
from ostiary.server.sessions import hashed
from ostiary.server.store.engine import Store
from ostiary.server.store.people_tables import sign_ins as table

LIFE: Final = timedelta(minutes=10)
_AGAIN: Final = "start again: ostiary login"


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a sign-in. Fields of other ways are empty."""

    provider: str
    redirect_uri: str = ""
    state: str = ""
    nonce: str = ""
    verifier: str = ""
    device_code: str = ""
    interval: int = 0
    asked_at: float = 0.0  # when the provider was last asked about the device code, in seconds since 1970
    browser_hash: str = ""  # of the cookie of the one browser that has the page open
    challenge: str = ""  # for a passkey, hexadecimal; used up by one answer
    person: str = ""  # of the built-in sign-on, once proven
    way: str = ""
    code_hash: str = ""  # of what the page sends back to the command


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in that was begun."""

    id: str
    secret: str = field(repr=False)


class SignIns:
    """The sign-ins of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def start(self, progress: Progress, now: datetime) -> Started:
        """Keep a new one."""
        started = Started(secrets.token_hex(16), secrets.token_urlsafe(32))
        values = {
            "id": started.id,
            "secret_hash": hashed(started.secret),
            "ends_at": now + LIFE,
            "progress": _written(progress),
        }
        async with self._store.begin() as connection:
            await connection.execute(delete(table).where(table.c.ends_at <= now))
            await connection.execute(insert(table).values(values))
        return started

    async def of_page(self, name: str, now: datetime) -> Progress:
        """The sign-in of a page. NotFound when there is none, or no longer."""
        async with self._store.read() as connection:
            query = select(table.c.progress).where(table.c.id == name, table.c.ends_at > now)
            row = (await connection.execute(query)).one_or_none()
        return _read(row.progress if row else None)

    async def of_command(self, secret: str, now: datetime) -> Progress:
        """The sign-in of the command that knows the secret."""
        async with self._store.read() as connection:
            query = select(table.c.progress).where(table.c.secret_hash == hashed(secret), table.c.ends_at > now)
            row = (await connection.execute(query)).one_or_none()
        return _read(row.progress if row else None)

    async def move(self, name: str, before: Progress, after: Progress) -> None:
        """Replace what is known, if nobody else has since. NotFound otherwise."""
        async with self._store.begin() as connection:
            same = (table.c.id == name) & (table.c.progress == _written(before))
            done = await connection.execute(update(table).where(same).values(progress=_written(after)))
        if not done.rowcount:
            raise _gone()

    async def move_mine(self, secret: str, before: Progress, after: Progress) -> bool:
        """The same for the command; answers whether it was done."""
        async with self._store.begin() as connection:
            same = (table.c.secret_hash == hashed(secret)) & (table.c.progress == _written(before))
            return bool((await connection.execute(update(table).where(same).values(progress=_written(after)))).rowcount)

    async def take(self, secret: str, now: datetime) -> Progress:
        """Use up the sign-in of the command that knows the secret."""
        async with self._store.begin() as connection:
            query = (
                delete(table).where(table.c.secret_hash == hashed(secret), table.c.ends_at > now).returning(table.c.progress)
            )
            row = (await connection.execute(query)).one_or_none()
        return _read(row.progress if row else None)


def _written(progress: Progress) -> str:
    return msgspec.json.encode(progress).decode()


def _read(text: str | None) -> Progress:
    if text is None:
        raise _gone()
    return msgspec.json.decode(text, type=Progress)


def _gone() -> NotFound:
    return NotFound("that sign-in is over, or took longer than ten minutes", todo=_AGAIN)
