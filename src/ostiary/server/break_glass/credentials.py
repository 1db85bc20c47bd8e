"""What somebody shows to break the glass: a passphrase made up at enrolment, printed once, kept as argon2id in the store.

It is independent of the identity provider and of every session, so that it works when neither does. Guesses are counted as at sign-on, a name that is not
enrolled costs and says the same as one that is, and verifying runs in a thread, one at a time.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, select

from ostiary.server.errors import NotFound, Unauthenticated
from ostiary.server.ports import Principal
from ostiary.server.signon.throttle import Throttle
from ostiary.server.store.break_glass import enrolled as table
from ostiary.server.store.engine import Store

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that two people read differently from a sheet of paper
_BLOCKS, _BLOCK = 5, 5  # 31 letters, 25 of them: 123 bits
_NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Somebody who may take part, as they were when they enrolled."""

    person: str
    groups: tuple[str, ...]
    administrator: bool
    enrolled_at: datetime


class Credentials:
    """Everybody who is enrolled in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._throttle = Throttle(store)
        self._hasher = PasswordHasher()
        self._gate = asyncio.Semaphore(1)
        self._decoy = ""

    async def enrol(self, who: Principal, now: datetime) -> str:
        """Enrol the caller, in place of an enrolment before; answers the passphrase, which is shown this once."""
        passphrase = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_BLOCK)) for _ in range(_BLOCKS))
        values = {
            "person": who.person,
            "digest": await self._in_turn(self._hasher.hash, passphrase),
            "groups": who.groups,
            "administrator": who.administrator,
            "enrolled_at": now,
        }
        async with self._store.begin() as connection:
            await connection.execute(delete(table).where(table.c.person == who.person))
            await connection.execute(insert(table).values(values))
        return passphrase

    async def proved(self, person: str, passphrase: str, address: str, now: datetime) -> Enrolled:
        """Who that is. Unauthenticated when it is nobody, TooMany when it was tried too often."""
        name = person.lower()
        await self._throttle.attempt(f"break-glass {name}", address, now)
        row = await self._row(name)
        digest = str(row["digest"]) if row else await self._of_nobody()
        right = await self._in_turn(self._matches, digest, passphrase.strip().lower())
        if row is None or not right:
            raise Unauthenticated(
                "nobody is enrolled for break-glass by that name and passphrase",
                todo="it was shown at enrolment: ostiary break-glass enrol",
            )
        await self._throttle.succeeded(f"break-glass {name}", address)
        return _enrolled(row)

    async def every(self) -> tuple[Enrolled, ...]:
        """Everybody, by name."""
        async with self._store.read() as connection:
            rows = (await connection.execute(select(table).order_by(table.c.person))).mappings().all()
        return tuple(map(_enrolled, rows))

    async def forget(self, person: str) -> None:
        """End somebody's enrolment. NotFound when there is none."""
        async with self._store.begin() as connection:
            done = await connection.execute(delete(table).where(table.c.person == person))
        if not done.rowcount:
            raise NotFound(f"{person} is not enrolled for break-glass", todo="see: ostiary break-glass list")

    async def _row(self, name: str) -> Mapping[Any, Any] | None:
        async with self._store.read() as connection:
            return (await connection.execute(select(table).where(table.c.person == name))).mappings().one_or_none()

    async def _of_nobody(self) -> str:
        self._decoy = self._decoy or await self._in_turn(self._hasher.hash, _NOBODY)
        return self._decoy

    async def _in_turn(self, work: Any, *arguments: str) -> Any:
        async with self._gate:
            return await asyncio.to_thread(work, *arguments)

    def _matches(self, digest: str, passphrase: str) -> bool:
        try:
            return self._hasher.verify(digest, passphrase)
        except (VerificationError, InvalidHashError):
            return False


def _enrolled(row: Mapping[Any, Any]) -> Enrolled:
    return Enrolled(row["person"], row["groups"], row["administrator"], row["enrolled_at"])
