"""The grants that somebody has ever had on a cluster, from a store that a control plane works with: for whoever explains what is past.

The store is read as it is: nothing is migrated, nothing written, nobody waits. SQLite is opened read-only, PostgreSQL in a transaction that is.

>>> asyncio.run(granted("sqlite:////var/lib/ostiary/store.db", "alice@example.com", "prod"))
()
"""

import dataclasses
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import quote

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ostiary.core.errors import BadInput, Unreachable
from ostiary.model.access import Grant, GrantState
from ostiary.server.store.grants import Selection, list_grants

_BEGUN = (GrantState.ACTIVE, GrantState.REVOKED, GrantState.EXPIRED)
_PAGE = 500
_BUSY_SECONDS = 10


async def granted(url: str, person: str, cluster: str) -> tuple[Grant, ...]:
    """Every grant of a person on a cluster that is active or has ended, the newest first. Unreachable when the store cannot be read."""
    engine = _engine(url)
    try:
        if engine.dialect.name == "sqlite":
            _refuse_what_does_not_open(str(engine.url.database))
        async with engine.connect() as connection:
            return tuple(await _all(connection, Selection(states=_BEGUN, cluster=cluster, person=person, limit=_PAGE)))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        own = getattr(error, "orig", None) or error
        why = type(own.__cause__ or own).__name__
        todo = "is it up, of this version, and may you read it?"
        raise Unreachable(f"the store cannot be read ({why})", todo=todo) from error
    finally:
        await engine.dispose()


async def _all(connection: AsyncConnection, chosen: Selection) -> Sequence[Grant]:
    found: list[Grant] = []
    while True:
        page = [one.grant for one in await list_grants(connection, chosen)]
        found += page
        if len(page) < chosen.limit:
            return found
        chosen = dataclasses.replace(chosen, after=(page[-1].requested_at, page[-1].id))


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
    except SQLAlchemyError:
        raise BadInput("the database's URL cannot be read", todo="it looks like postgresql://USER@HOST/NAME") from None
    if parsed.get_backend_name() == "sqlite":
        file = f"file:{quote(parsed.database or '')}?mode=ro"
        parsed = parsed.set(drivername="sqlite+aiosqlite", database=file, query={"uri": "true"})
        return create_async_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise BadInput(f"there is no store on {parsed.get_backend_name()}", todo="use SQLite (say nothing) or postgresql://...")
    parsed = parsed.set(drivername="postgresql+asyncpg")
    return create_async_engine(parsed, execution_options={"postgresql_readonly": True})


def _refuse_what_does_not_open(file: str) -> None:
    """The asynchronous driver leaves a thread behind when it cannot open a file, which then complains on stderr."""
    with closing(sqlite3.connect(file, uri=True, timeout=_BUSY_SECONDS)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master")
