"""The store: migrated as the tables say, one transaction is all or nothing, and a later version's store is refused."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from ostiary.core.errors import BadInput, Refused, Unreachable
from ostiary.server.store import migrations
from ostiary.server.store.columns import Moment
from ostiary.server.store.engine import Store, opened
from ostiary.server.store.revisions import HEADS, current
from ostiary.server.store.tables import grant_events, grants, metadata

ROW = {
    "id": "g1", "version": 1, "person": "alice", "groups": ("dev", "a,b"), "cluster": "prod", "role": "view", "namespaces": ("shop",),
    "everywhere": False, "reason": "läuft 🦊", "seconds": 60, "approvals": 1, "state": "requested", "decided_by": (), "break_glass": False,
    "requested_at": datetime(2026, 11, 24, 22, 0, 0, 123456, tzinfo=UTC),
}  # fmt: skip


async def test_a_row_comes_back_as_it_went_in(store: Store) -> None:
    async with store.begin() as connection:
        await connection.execute(insert(grants).values(ROW))
    async with store.read() as connection:
        row = (await connection.execute(select(grants))).one()._asdict()
    assert row == {**ROW, "decided_at": None, "ends_at": None}


async def test_what_fails_half_way_leaves_nothing(store: Store) -> None:
    async def half() -> None:
        async with store.begin() as connection:
            await connection.execute(insert(grants).values(ROW))
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await half()
    async with store.read() as connection:
        assert (await connection.execute(select(grants))).all() == []


async def test_an_event_of_no_grant_is_refused_by_the_database(store: Store) -> None:
    event = {"grant_id": "none", "at": ROW["requested_at"], "who": "x", "what": "approve", "note": ""}
    async with store.begin() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(insert(grant_events).values(event))
        await connection.rollback()


async def test_migrations_make_what_the_tables_say(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda _o, name, *_: name != "alembic_version"}
        )
        return list(compare_metadata(context, metadata))

    import pkgutil

    import ostiary.server.store as package

    for module in pkgutil.iter_modules(package.__path__):  # the tables of every part
        __import__(f"ostiary.server.store.{module.name}")
    async with store.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_store_of_a_later_version_is_refused(store_url: str) -> None:
    async with opened(store_url) as store, store.begin() as connection:
        await connection.execute(text("INSERT INTO alembic_version VALUES ('from_the_future')"))
    with pytest.raises(Refused, match=r"later ostiary.*from_the_future"):
        async with opened(store_url):
            pytest.fail("it opened")


def test_the_newest_revisions_are_those_of_the_migrations() -> None:
    assert set(ScriptDirectory(migrations.__path__[0]).get_heads()) == HEADS


async def test_a_store_that_lacks_one_revision_is_given_it(store_url: str) -> None:
    async with opened(store_url) as store, store.begin() as connection:
        assert await connection.run_sync(current)
        await connection.execute(text("DROP TABLE clusters"))
        await connection.execute(text("DELETE FROM alembic_version WHERE version_num = 'clusters_0001'"))
        assert not await connection.run_sync(current)
    async with opened(store_url) as store, store.read() as connection:
        assert await connection.run_sync(current)
        assert await connection.run_sync(lambda one: inspect(one).has_table("clusters"))


async def test_what_was_committed_survives_closing(store_url: str) -> None:
    async with opened(store_url) as store, store.begin() as connection:
        await connection.execute(insert(grants).values(ROW))
    async with opened(store_url) as store, store.read() as connection:
        assert (await connection.execute(select(grants.c.id))).scalars().all() == ["g1"]


@pytest.mark.parametrize("url", ["mysql://root:geheim@db/x", "no url at all"])
async def test_other_databases_are_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(BadInput) as error:
        async with opened(url):
            pytest.fail("it opened")
    assert "geheim" not in str(error.value)


async def test_a_database_that_is_not_there_is_unreachable_and_its_password_not_shown() -> None:
    with pytest.raises(Unreachable) as error:
        async with opened("postgresql://u:geheim@127.0.0.1:1/x"):
            pytest.fail("it opened")
    assert "geheim" not in str(error.value)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="two"):
        Moment().process_bind_param(datetime(2026, 1, 1), None)
