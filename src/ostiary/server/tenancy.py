"""One control plane for one store: who comes second goes away, and is told where the first one is.

A file lock holds the data directory, and ends with the process however that ends. Two data directories with one PostgreSQL would be two control planes all
the same, so there an advisory lock is held on a connection of its own besides. Neither needs cleaning up after a crash.

    async with tenant(data, store): ...
"""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import text

from ostiary.core.errors import Refused
from ostiary.server.store.engine import Store

_ADVISORY = 0x6F737469617279  # "ostiary"; one number for every control plane in a database


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


@asynccontextmanager
async def sole_tenant(store: Store) -> AsyncIterator[None]:
    """Hold a PostgreSQL database; SQLite lies in the data directory, which is held already. Refused when another control plane holds it."""
    if store.engine.dialect.name != "postgresql":
        yield
        return
    async with store.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        if not (await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY})).scalar_one():
            raise Refused(
                "another ostiary works with this database", todo="stop it first, or give this one a database of its own"
            )
        try:
            yield
        finally:
            await connection.invalidate()  # closes it, and so gives the lock back
