"""One control plane for one store: who comes second goes away, and is told where the first one is.

A file lock holds the data directory, and ends with the process however that ends. Two data directories with one PostgreSQL would be two control planes all
the same, so there an advisory lock is held on a connection of its own besides. Neither needs cleaning up after a crash.

    with sole_user(data): async with opened(url) as store, sole_tenant(store): ...
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.core.errors import Refused, Unreachable
from ostiary.server.store.engine import Store

_ADVISORY = 0x6F737469617279  # "ostiary"; one number for every control plane in a database
_CHECK_EVERY = 5.0  # seconds


@contextmanager
def sole_user(data: Path) -> Iterator[None]:
    """Hold a data directory, made 0700 when it is not there. Refused when another process holds it."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise Refused(
                f"another ostiary works with {data}" + (f" (process {who})" if who.isdigit() else ""),
                todo="stop it first, or give this one a directory of its own: --data DIRECTORY",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


class Tenant:
    """Who holds a database. The lock ends with its connection, so ``check`` looks after that."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: AsyncConnection | None = None

    async def check(self) -> None:
        """Take the lock, or make sure that it is still held; one that was lost is taken again. Refused when somebody else has it now."""
        if self._store.engine.dialect.name != "postgresql":
            return  # SQLite lies in the data directory, which is held already
        if self._connection is not None:
            try:
                await self._connection.execute(text("SELECT 1"))
                return
            except (DBAPIError, OSError):
                await self.release()
        self._connection = await self._lock()

    async def _lock(self) -> AsyncConnection:
        try:
            connection = await self._store.engine.connect()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            held = (await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY})).scalar_one()
        except (DBAPIError, OSError) as error:
            raise Unreachable("the database does not answer", todo="is it up?") from error
        if not held:
            await connection.close()
            raise Refused(
                "another ostiary works with this database", todo="stop it first, or give this one a database of its own"
            )
        return connection

    async def release(self) -> None:
        """Give it back."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(DBAPIError, OSError):
                await connection.invalidate()  # closes it, and so gives the lock back
                await connection.close()


@asynccontextmanager
async def sole_tenant(store: Store) -> AsyncIterator[Tenant]:
    """Hold a database. Refused when another control plane holds it."""
    tenant = Tenant(store)
    await tenant.check()
    try:
        yield tenant
    finally:
        await tenant.release()


async def keep(tenant: Tenant) -> None:
    """Look after the lock until cancelled. Refused when it was lost to somebody else: then this control plane has to end."""
    while True:
        await asyncio.sleep(_CHECK_EVERY)
        with contextlib.suppress(Unreachable):  # said by everything else that needs the database
            await tenant.check()
