"""Accounts of the built-in sign-on: people with an argon2id password, for a laptop or a small team without a provider.

Verifying costs 64 MiB and some tens of milliseconds (RFC 9106, the second recommended choice): it runs in a thread, two at a time, so that sign-ins can
exhaust neither memory nor the loop. A name that nobody has costs the same as one that somebody has, and says the same.
"""

import asyncio
import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, insert, select, update

from ostiary.core.errors import BadInput, Refused
from ostiary.server.errors import NotFound, Unauthenticated
from ostiary.server.signon.names import SignedIn, checked_name, is_name
from ostiary.server.signon.throttle import Throttle
from ostiary.server.store.engine import Store
from ostiary.server.store.people_tables import accounts as table
from ostiary.server.store.people_tables import passkeys

BUILTIN: Final = "builtin"  # the provider's name
SHORTEST, LONGEST = 12, 512
_AT_ONCE: Final = 2
_NOBODY: Final = "?"  # stands for whatever is no name; no account can be called so
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is shown."""

    person: str
    administrator: bool
    disabled: bool
    passkeys: int
    created_at: datetime


class Accounts:
    """The accounts of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._throttle = Throttle(store)
        self._hasher = PasswordHasher()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._nobody = ""

    async def create(self, person: str, now: datetime, *, password: str | None = None, administrator: bool = False) -> str:
        """Make an account and answer its password, which is made up when none is given. Refused when the name is taken."""
        name = checked_name(person)
        chosen = made_up() if password is None else _acceptable(name, password)
        values = {
            "person": name,
            "password": await self._hash(chosen),
            "handle": secrets.token_bytes(32),
            "administrator": administrator,
            "disabled": False,
            "created_at": now,
        }
        async with self._store.begin() as connection:
            if (await connection.execute(select(table.c.person).where(table.c.person == name))).first() is not None:
                raise Refused(f"{name} has an account already", todo="choose another name, or: ostiary account list")
            await connection.execute(insert(table).values(values))
        return chosen

    async def by_password(self, person: str, password: str, address: str, now: datetime) -> SignedIn:
        """Who that is. Unauthenticated when it is nobody, TooMany when it was tried too often."""
        name = person.lower() if is_name(person) else _NOBODY
        await self._throttle.attempt(name, address, now)
        row = await self._row(name)
        known = row is not None and not row.disabled
        right = await self._matches(row.password if row is not None and known else await self._decoy(), password)
        if not (known and right) or row is None:
            raise Unauthenticated(
                "the name or the password is wrong", todo="try again, or have an administrator make a new one"
            )
        await self._throttle.succeeded(name, address)
        return SignedIn(row.person, (), row.administrator, row.person)

    async def known(self, person: str) -> SignedIn:
        """Who that is, proven by other means. Unauthenticated when the account is gone or disabled."""
        row = await self._row(person)
        if row is None or row.disabled:
            raise Unauthenticated("there is no such account any more", todo="ask an administrator")
        return SignedIn(row.person, (), row.administrator, row.person)

    async def set_password(self, person: str, password: str | None) -> str:
        """Replace a password and answer it, made up when none is given. NotFound when there is no such account."""
        chosen = made_up() if password is None else _acceptable(person, password)
        digest = await self._hash(chosen)
        async with self._store.begin() as connection:
            done = await connection.execute(update(table).where(table.c.person == person).values(password=digest))
        if not done.rowcount:
            raise _no_account(person)
        return chosen

    async def set_disabled(self, person: str, disabled: bool) -> None:
        """Close an account, or open it again; closing one removes its passkeys. NotFound when there is none."""
        async with self._store.begin() as connection:
            done = await connection.execute(update(table).where(table.c.person == person).values(disabled=disabled))
            if not done.rowcount:
                raise _no_account(person)
            if disabled:
                await connection.execute(delete(passkeys).where(passkeys.c.person == person))

    async def all(self) -> tuple[Account, ...]:
        """Every account, by name."""
        async with self._store.read() as connection:
            rows = (await connection.execute(select(table).order_by(table.c.person))).all()
            owners = list((await connection.execute(select(passkeys.c.person))).scalars())
        return tuple(
            Account(row.person, row.administrator, row.disabled, owners.count(row.person), row.created_at) for row in rows
        )

    async def _row(self, person: str) -> Row[Any] | None:
        async with self._store.read() as connection:
            return (await connection.execute(select(table).where(table.c.person == person))).one_or_none()

    async def _hash(self, password: str) -> str:
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _matches(self, digest: str, password: str) -> bool:
        async with self._gate:
            return await asyncio.to_thread(self._verify, digest, password[: LONGEST + 1])

    def _verify(self, digest: str, password: str) -> bool:
        try:
            return self._hasher.verify(digest, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _decoy(self) -> str:
        if not self._nobody:
            self._nobody = await self._hash(made_up())
        return self._nobody


def made_up() -> str:
    """A password of 119 bits that can be typed anywhere: letters and digits alone."""
    return "".join(secrets.choice(_LETTERS) for _ in range(20))


def _acceptable(person: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST or password.lower() == person or len(set(password)) < 5:
        raise BadInput(
            f"that password is too easy: at least {SHORTEST} characters, five different ones, and not the name",
            todo="choose a longer one, or let one be made up",
        )
    return password


def _no_account(person: str) -> NotFound:
    return NotFound(f"there is no account {person}", todo="see: ostiary account list")
