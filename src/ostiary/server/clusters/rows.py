"""Clusters in the store: read, added, changed, forgotten."""

from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ostiary.core.errors import Refused
from ostiary.server.clusters.record import BehindGateway
from ostiary.server.errors import NotFound
from ostiary.server.store.clusters import clusters
from ostiary.server.store.engine import Store

_FIELDS = tuple(column.name for column in clusters.columns)


async def every(store: Store) -> tuple[BehindGateway, ...]:
    """All clusters, by name."""
    async with store.read() as connection:
        found = await connection.execute(select(clusters).order_by(clusters.c.name))
        return tuple(_cluster(row) for row in found.mappings())


async def one(store: Store, name: str) -> BehindGateway:
    """The cluster of a name. NotFound when there is none."""
    async with store.read() as connection:
        row = (await connection.execute(select(clusters).where(clusters.c.name == name))).mappings().first()
    if row is None:
        raise NotFound(f"there is no cluster {name!r} behind the gateway", todo="see: ostiary cluster list")
    return _cluster(row)


async def add(store: Store, cluster: BehindGateway) -> None:
    """Keep a new one. Refused when its name, or the cluster itself under another name, is known."""
    async with store.begin() as connection:
        rows = (await connection.execute(select(clusters.c.name, clusters.c.uid))).all()
        for name, uid in rows:
            if cluster.uid and uid == cluster.uid and name != cluster.name:
                raise Refused(
                    f"this very cluster is behind the gateway already, as {name}", todo=f"ostiary cluster remove {name}"
                )
        if cluster.name in {name for name, _ in rows}:
            raise _taken(cluster.name)
        try:
            await connection.execute(insert(clusters).values(**_values(cluster)))
        except IntegrityError:
            raise _taken(cluster.name) from None


def _taken(name: str) -> Refused:
    return Refused(
        f"there is a cluster {name!r} behind the gateway already",
        todo=f"choose another name, or: ostiary cluster remove {name}",
    )


async def change(store: Store, name: str, **values: Any) -> None:
    """Change some fields."""
    async with store.begin() as connection:
        await connection.execute(update(clusters).where(clusters.c.name == name).values(**values))


async def forget(store: Store, name: str) -> None:
    """Forget one; nothing happens when it is not known."""
    async with store.begin() as connection:
        await connection.execute(delete(clusters).where(clusters.c.name == name))


def _values(cluster: BehindGateway) -> dict[str, Any]:
    return {name: getattr(cluster, name) for name in _FIELDS}


def _cluster(row: Any) -> BehindGateway:
    return BehindGateway(**{name: row[name] for name in _FIELDS})
