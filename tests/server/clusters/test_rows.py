"""Clusters in the store, on both databases."""

import asyncio
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from ostiary.core.errors import Refused
from ostiary.server.clusters import rows
from ostiary.server.clusters.record import BehindGateway
from ostiary.server.errors import NotFound
from ostiary.server.store.engine import Store

PROD = BehindGateway(
    name="prod", server="https://10.0.0.1:6443", certificate_authority="PEM", server_name="api.prod", uid="u1", version="v1.37.2",
    constrained=True, roles=("edit", "view"), powerful=("cluster-admin",), break_glass_role="cluster-admin",
    added_at=datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC), added_by="ann@example.com",
)  # fmt: skip


async def test_what_is_kept_comes_back_as_it_was(store: Store) -> None:
    await rows.add(store, PROD)
    assert await rows.one(store, "prod") == PROD
    assert await rows.every(store) == (PROD,)
    await rows.change(store, "prod", version="v1.38.0", constrained=False)
    changed = await rows.one(store, "prod")
    assert (changed.version, changed.constrained, changed.roles) == ("v1.38.0", False, ("edit", "view"))
    await rows.forget(store, "prod")
    await rows.forget(store, "prod")
    with pytest.raises(NotFound):
        await rows.one(store, "prod")


async def test_of_two_that_come_at_once_one_is_kept(store: Store) -> None:
    found = await asyncio.gather(*(rows.add(store, PROD) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["NoneType", "Refused", "Refused", "Refused"]
    assert len(await rows.every(store)) == 1


async def test_a_cluster_has_one_name(store: Store) -> None:
    await rows.add(store, PROD)
    with pytest.raises(Refused, match="as prod"):
        await rows.add(store, replace(PROD, name="production"))
    await rows.add(store, replace(PROD, name="other", uid="u2"))
    await rows.add(store, replace(PROD, name="unknown", uid=""))
    await rows.add(store, replace(PROD, name="unknown-too", uid=""))


@pytest.mark.parametrize(
    ("role", "break_glass", "refused"),
    [
        ("view", False, ""),
        ("cluster-admin", False, ""),
        ("admin", False, "not among the roles"),
        ("cluster-admin", True, ""),
        ("view", True, "break-glass gives cluster-admin"),
    ],
)
def test_what_a_cluster_lets_be_granted(role: str, break_glass: bool, refused: str) -> None:
    said = PROD.refuses(role, (), everywhere=False, break_glass=break_glass)
    assert said == "" if not refused else refused in said
