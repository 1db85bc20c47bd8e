"""The loops: an end and a change are acted on within a second, trouble is tried again, and a loop does not die of anything."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ostiary.core.errors import Unreachable
from ostiary.model.access import GatewayState, Grant, Upstream
from ostiary.pillars.access.asking import asked
from ostiary.server.loops.clusters import Following
from ostiary.server.loops.ends import ends
from ostiary.server.loops.gateway import GatewayLoops
from ostiary.server.loops.steady import steadily
from ostiary.server.plane import Plane
from ostiary.server.ports import ClusterStatus, GatewayToken, Outcome, Principal
from ostiary.server.rules import Rules
from ostiary.server.settings import GatewaySettings
from ostiary.server.store.engine import Store, opened, sqlite_url

ALICE, ADMIN = Principal("alice", "s1"), Principal("root", "s2", administrator=True)


class RecordingClusters:
    """The place of the clusters: it writes down what it was told and when, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ("prod", "test")
        self.told: list[tuple[str, tuple[str, ...], bool]] = []
        self.fails: dict[str, int] = {}
        self.mints = 0

    async def upstreams(self) -> tuple[Upstream, ...]:
        return tuple(Upstream(name=name, server=f"https://{name}:6443", certificate_authority="") for name in self.names)

    async def statuses(self) -> tuple[ClusterStatus, ...]:
        return ()

    async def reconcile(self, cluster: str, live: Sequence[Grant], now: datetime, *, thorough: bool = False) -> Outcome:
        self.told.append((cluster, tuple(one.id for one in live), thorough))
        if self.fails.get(cluster, 0) > 0:
            self.fails[cluster] -= 1
            if self.fails[cluster] % 2:
                raise RuntimeError("a bug")
            return Outcome(cluster, problems=("it does not answer",))
        return Outcome(cluster)

    async def refuse(self, cluster: str, role: str, *, everywhere: bool, break_glass: bool = False) -> None:
        return None

    async def mint_gateway_token(self, cluster: str) -> GatewayToken:
        self.mints += 1
        if self.fails.get(cluster, 0) > 0:
            self.fails[cluster] -= 1
            raise Unreachable("nobody there")
        now = datetime.now(UTC)
        return GatewayToken(f"{cluster}-{self.mints}", now + timedelta(hours=1), now + timedelta(hours=2))


class RecordingPeople:
    """The place of sign-on."""

    def __init__(self) -> None:
        self.ended: tuple[str, ...] = ()

    async def denied(self, now: datetime) -> tuple[str, ...]:
        return self.ended

    async def jwks(self, now: datetime) -> dict[str, object]:
        return {"keys": []}


class RecordingGateway:
    """The place of Envoy."""

    def __init__(self) -> None:
        self.applied: list[tuple[GatewayState, dict[str, str]]] = []

    async def apply(self, state: GatewayState, *, tls: tuple[Path, Path], tokens: Mapping[str, str]) -> None:
        self.applied.append((state, dict(tokens)))

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(sqlite_url(tmp_path / "store.db")) as found:
        yield found


@pytest.fixture
def plane(store: Store) -> Plane:
    people: Any = RecordingPeople()
    return Plane(store, Rules(None), RecordingClusters(), people, issuer="https://x")


@pytest.fixture
async def running() -> AsyncIterator[Callable[..., None]]:
    tasks: list[asyncio.Task[None]] = []
    yield lambda *some: tasks.extend(asyncio.create_task(one) for one in some)
    for task in tasks:
        assert not task.done(), task
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], bool], seconds: float = 8.0) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.005)
    return time.monotonic() - began


async def granted(plane: Plane, seconds: int = 600) -> Grant:
    ask = asked("alice", "prod", "view", namespaces=["shop"], everywhere=False, reason="why", seconds=seconds)
    return await plane.grants.approve(ADMIN, (await plane.grants.request(ALICE, ask)).id)


async def test_a_change_and_an_end_reach_the_cluster_within_a_second(plane: Plane, running: Callable[..., None]) -> None:
    clusters: Any = plane.clusters
    running(ends(plane), Following(plane).run())
    await until(lambda: {("prod", (), True), ("test", (), True)} <= set(clusters.told))
    grant = await granted(plane, seconds=10)
    assert await until(lambda: clusters.told[-1] == ("prod", (grant.id,), False)) < 1
    assert grant.ends_at is not None
    await until(lambda: clusters.told[-1] == ("prod", (), False), 12)
    assert datetime.now(UTC) - grant.ends_at < timedelta(seconds=1)
    revoked = await granted(plane)
    await until(lambda: clusters.told[-1] == ("prod", (revoked.id,), False))
    await plane.grants.revoke(ALICE, revoked.id)
    assert await until(lambda: clusters.told[-1] == ("prod", (), False)) < 1


async def test_trouble_on_one_cluster_is_tried_again_and_holds_up_no_other(plane: Plane, running: Callable[..., None]) -> None:
    clusters: Any = plane.clusters
    clusters.fails = {"prod": 2}
    following = Following(plane)
    running(following.run())
    await until(lambda: clusters.told.count(("prod", (), True)) >= 3 and not following.outcomes["prod"].problems)
    assert [name for name, _, _ in clusters.told].count("test") == 1


async def test_clusters_come_and_go(plane: Plane, running: Callable[..., None]) -> None:
    clusters: Any = plane.clusters
    running(Following(plane).run())
    await until(lambda: len(clusters.told) == 2)
    clusters.names = ("prod", "new")
    plane.wake()
    await until(lambda: ("new", (), True) in clusters.told)
    plane.wake("test")
    await asyncio.sleep(0.1)
    assert [name for name, _, _ in clusters.told].count("test") == 1


async def test_a_revoked_session_reaches_the_gateway_at_once_also_while_a_cluster_is_away(
    plane: Plane, running: Callable[..., None], tmp_path: Path
) -> None:
    clusters: Any = plane.clusters
    people: Any = plane.sign_on
    clusters.fails = {"test": 1000}
    gateway = RecordingGateway()
    loops = GatewayLoops(plane, gateway, GatewaySettings(), lambda: (tmp_path / "crt", tmp_path / "key"))
    running(loops.state(), loops.tokens())
    await until(lambda: (bool(gateway.applied) and gateway.applied[-1][1] == {"prod": "prod-1"}) or len(gateway.applied) > 1)
    people.ended = ("s1",)
    plane.wake()
    assert await until(lambda: gateway.applied[-1][0].denied == ("s1",)) < 1
    clusters.fails = {}
    await until(lambda: set(gateway.applied[-1][1]) == {"prod", "test"})
    assert [one.name for one in gateway.applied[-1][0].upstreams] == ["prod", "test"]


async def test_a_revocation_does_not_wait_for_a_configuration_that_is_being_checked(
    plane: Plane, running: Callable[..., None], tmp_path: Path
) -> None:
    people: Any = plane.sign_on
    checked = asyncio.Event()

    class Slow(RecordingGateway):
        async def apply(self, state: GatewayState, *, tls: tuple[Path, Path], tokens: Mapping[str, str]) -> None:
            await super().apply(state, tls=tls, tokens=tokens)  # what stands for the deny list, which is written at once
            await checked.wait()

    gateway = Slow()
    loops = GatewayLoops(plane, gateway, GatewaySettings(), lambda: (tmp_path / "crt", tmp_path / "key"))
    running(loops.state(), loops.tokens())
    await until(lambda: bool(gateway.applied))
    for number in range(4):
        people.ended = tuple(f"s{one}" for one in range(number + 1))
        plane.wake()
        assert await until(lambda: gateway.applied[-1][0].denied == people.ended) < 1
    await asyncio.sleep(1.2)  # some looks at what is under way: they begin nothing
    assert (len(gateway.applied) <= 8, loops.applied.is_set()) == (True, False)
    checked.set()
    await until(loops.applied.is_set)


async def test_a_configuration_that_is_refused_is_tried_again(
    plane: Plane, running: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(RecordingGateway):
        async def apply(self, state: GatewayState, *, tls: tuple[Path, Path], tokens: Mapping[str, str]) -> None:
            await super().apply(state, tls=tls, tokens=tokens)
            if len(self.applied) < 3:
                raise Unreachable("not taken")

    loops = GatewayLoops(plane, Refusing(), GatewaySettings(), lambda: (tmp_path / "crt", tmp_path / "key"))
    running(loops.state())
    await until(loops.applied.is_set)
    assert "not taken" in caplog.text


async def test_a_loop_survives_everything(running: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    turns: list[float] = []

    async def turn() -> float:
        turns.append(time.monotonic())
        if len(turns) < 3:
            raise KeyError("a bug")
        return 1000.0

    changed = asyncio.Event()
    running(steadily("trying", turn, changed))
    await until(lambda: len(turns) == 3)
    changed.set()
    await until(lambda: len(turns) == 4)
    assert [record.message for record in caplog.records] == [
        "trying: a bug in ostiary: KeyError; it is tried again", "trying: it works again",
    ]  # fmt: skip
