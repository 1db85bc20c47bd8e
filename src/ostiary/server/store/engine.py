"""Opening the store: SQLite in a file, or PostgreSQL; migrated to the newest form before anybody reads.

SQLite runs in WAL mode with ``synchronous=FULL``: what was answered with success is on the disk, also after a power cut. A transaction that writes
begins as a writer (``BEGIN IMMEDIATE``), so that two of them queue up in place of failing half way; ``read`` begins as a reader and waits for nobody.
PostgreSQL runs at its own READ COMMITTED: every write names the version that it read, and so needs no more.

>>> async with opened("sqlite+aiosqlite:////var/lib/ostiary/store.db") as store, store.begin() as connection: ...
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ostiary.core.errors import BadInput, Unreachable
from ostiary.server.store.revisions import current

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_BUSY_SECONDS = 10
_READS = "ostiary_reads"


class Store:
    """The database, open. ``begin`` writes, ``read`` reads."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._reading = engine.execution_options(**{_READS: True})

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: all of it or nothing. Unreachable when the database is gone."""
        try:
            async with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            if _is_gone(error):
                raise _unreachable(error) from error
            raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, and sees one state throughout on SQLite."""
        try:
            async with self._reading.connect() as connection:
                yield connection
        except DBAPIError as error:
            if _is_gone(error):
                raise _unreachable(error) from error
            raise


def sqlite_url(path: Path) -> str:
    """The URL of a store in a file."""
    return f"sqlite+aiosqlite:///{path}"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """Open and migrate a store. BadInput for a URL that is none, Unreachable when nothing answers there."""
    engine = _engine(url)
    try:
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade)
        except (DBAPIError, OSError) as error:
            raise _unreachable(error) from error
        yield Store(engine)
    finally:
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadInput("the database's URL cannot be read", todo="it looks like postgresql://USER@HOST/NAME") from None
    driver = _DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise BadInput(f"there is no store on {parsed.get_backend_name()}", todo="use SQLite (say nothing) or postgresql://...")
    parsed = parsed.set(drivername=driver)
    if driver.startswith("sqlite"):
        engine = create_async_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine
    return create_async_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=10)


def upserting(connection: AsyncConnection) -> "Callable[[Table], PostgresInsert | SqliteInsert]":
    """The ``insert`` of this database that can say what to do ``on_conflict``; the library of the other one is not loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert


def _upgrade(connection: Connection) -> None:
    """Migrate, when there is something to do: only then the tool for it is loaded."""
    if not current(connection):
        from ostiary.server.store.migrate import upgrade

        upgrade(connection)


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver's own, lazy BEGIN would come too late; see _begin
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _is_gone(error: DBAPIError) -> bool:
    return error.connection_invalidated or isinstance(error.orig, OSError)


def _unreachable(error: Exception) -> Unreachable:
    why = type(getattr(error, "orig", None) or error).__name__
    return Unreachable(f"the database does not answer as it should ({why})", todo="is it up, and may ostiary write there?")
