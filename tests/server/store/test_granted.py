"""Grants of the past, read from a store beside its owner: all of them, of that person on that cluster, on both databases, and nothing is changed by it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from ostiary.core.errors import BadInput, Unreachable
from ostiary.model.access import Grant, GrantState
from ostiary.pillars.access import grants as life
from ostiary.pillars.access.asking import asked
from ostiary.server.store.engine import Store, opened, sqlite_url
from ostiary.server.store.granted import granted
from ostiary.server.store.grants import add_grant

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def made(name: str, person: str = "alice", cluster: str = "prod", *, after: int = 0) -> Grant:
    ask = asked(person, cluster, "edit", namespaces=["shop"], everywhere=False, reason="why", seconds=3600)
    now = NOON + timedelta(seconds=after)
    return life.approve(life.requested(ask, name, 1, now), "bob", now)


async def put(store: Store, *some: Grant) -> None:
    async with store.begin() as connection:
        for one in some:
            await add_grant(connection, one, ())


async def test_those_that_began_of_that_person_there(store: Store, store_url: str) -> None:
    live, revoked = made("g1"), life.revoke(made("g2", after=1), NOON + timedelta(minutes=5))
    expired = life.expire(made("g3", after=2), NOON + timedelta(days=1))
    others = (made("g4", "alice2"), made("g5", cluster="dev"), replace(made("g6"), state=GrantState.DENIED))
    await put(store, live, revoked, expired, *others)
    assert await granted(store_url, "alice", "prod") == (expired, revoked, live)
    assert await granted(store_url, "eve", "prod") == ()


async def test_more_than_a_page(store: Store, store_url: str) -> None:
    some = [made(f"g{number:04}", after=number // 2) for number in range(1203)]
    await put(store, *some)
    assert sorted(one.id for one in await granted(store_url, "alice", "prod")) == [one.id for one in some]


async def test_a_writer_is_not_waited_for_and_not_kept_waiting(store: Store, store_url: str) -> None:
    await put(store, made("g1"))
    async with store.begin() as connection:
        await add_grant(connection, made("g2"), ())
        assert [one.id for one in await granted(store_url, "alice", "prod")] == ["g1"]
    assert len(await granted(store_url, "alice", "prod")) == 2


async def test_a_store_that_nobody_has_open(store_url: str) -> None:
    async with opened(store_url) as store:
        await put(store, made("g1"))
    assert await granted(store_url, "alice", "prod") == (made("g1"),)


async def test_one_that_was_never_migrated_is_not_migrated_now(tmp_path: Path) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    with pytest.raises(Unreachable, match="the store cannot be read"):
        await granted(sqlite_url(file), "alice", "prod")
    assert file.read_bytes() == b""


def test_one_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        asyncio.run(granted(sqlite_url(tmp_path / "none.db"), "alice", "prod"))
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_does_not_exist_is_no_traceback(postgres: str) -> None:
    with pytest.raises(Unreachable, match="InvalidCatalogName"):
        await granted(postgres.format("nowhere"), "alice", "prod")


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense"])
async def test_what_is_no_store(url: str) -> None:
    with pytest.raises(BadInput):
        await granted(url, "alice", "prod")
