"""Tokens as they are signed, before the verifier that is really in front of clusters: Envoy, with the keys as they are published. Nobody listens behind it.

503 means that a token passed every check and the API server behind was not there; 401 that it did not pass.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.gateway.door import ISSUER, Door, eventually

from ostiary.model.access import Grant, GrantState, Upstream
from ostiary.server.ports import Session
from ostiary.server.store.engine import Store, opened, sqlite_url
from ostiary.server.tokens.schedule import AHEAD, PERIOD
from ostiary.server.tokens.signer import Signer

PASSED, REFUSED = 503, 401


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = Door(tmp_path_factory.mktemp("door"), [], {})
    nowhere = Upstream(name="c1", server="https://127.0.0.1:9", certificate_authority=made.ca.read_text())
    made.state, made.tokens = replace(made.state, upstreams=(nowhere,)), {"c1": "gateway-token"}
    with made:
        yield made


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(sqlite_url(tmp_path / "store.db")) as found:
        yield found


async def minted(signer: Signer, now: datetime) -> str:
    ends = now + timedelta(hours=1)
    grant = Grant(
        id="g1", person="alice", cluster="c1", role="view", namespaces=("shop",), reason="a test", seconds=3600, requested_at=now,
        state=GrantState.ACTIVE, ends_at=ends,
    )  # fmt: skip
    return (await signer.mint("alice", Session("s1", "alice", now, now, ends), "c1", now, [grant])).token


def status(door: Door, token: str) -> int:
    return door.get("/api/v1/pods", token)[0]


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
async def test_envoy_knows_what_is_signed_and_rotation_leaves_no_gap(door: Door, store: Store, algorithm: str) -> None:
    signer = Signer(store, bytes(32), issuer=ISSUER, algorithm=algorithm)
    now = datetime.now(UTC)
    await signer.tend(now - PERIOD)  # a key that is old by now
    door.apply(replace(door.state, jwks=await signer.jwks(now - PERIOD)))
    old = await minted(signer, now)
    eventually(lambda: status(door, old) == PASSED)
    assert await signer.tend(now), "its successor is published"
    both = await signer.jwks(now)
    door.apply(replace(door.state, jwks=both))
    assert status(door, old) == PASSED
    early = await minted(signer, now)
    assert early.partition(".")[0] == old.partition(".")[0], "the new key does not sign before its time"
    new = await minted(signer, now + AHEAD)
    assert new.partition(".")[0] != old.partition(".")[0]
    assert await signer.jwks(now + AHEAD) == both
    assert status(door, old) == PASSED, "while its tokens live, the old key is known"


async def test_envoy_refuses_a_key_that_is_not_published(door: Door, store: Store) -> None:
    signer, now = Signer(store, bytes(32), issuer=ISSUER), datetime.now(UTC)
    token = await minted(signer, now)
    assert status(door, token) == REFUSED
    door.apply(replace(door.state, jwks=await signer.jwks(now)))
    eventually(lambda: status(door, token) == PASSED)
