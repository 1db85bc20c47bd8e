"""Which revisions a store has had, and whether they are the newest: answered without loading the migration tool, since most starts have nothing to migrate.

``HEADS`` is written by hand and held against the migrations by a test; ``migrate`` brings a store there. A store that differs in any way is for ``migrate``.
"""

from typing import Final

from sqlalchemy import Connection, inspect, text

HEADS: Final = frozenset({"break_glass_0001", "clusters_0001", "grants_0001", "people_0001"})


def applied(connection: Connection) -> frozenset[str]:
    """The revisions that the store says it is at; none when it is new."""
    if not inspect(connection).has_table("alembic_version"):
        return frozenset()
    return frozenset(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def current(connection: Connection) -> bool:
    """Whether there is nothing to migrate."""
    return applied(connection) == HEADS
