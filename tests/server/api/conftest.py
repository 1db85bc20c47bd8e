"""A control plane without clusters' API servers and without Envoy: the store, the rules, sign-on and the HTTP API are real."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ostiary.core.errors import Refused
from ostiary.model.access import Grant, Upstream
from ostiary.server.api.app import make
from ostiary.server.break_glass.alarm import Alarm
from ostiary.server.break_glass.routes import break_glass_router
from ostiary.server.clusters.routes import router as cluster_routes
from ostiary.server.plane import Plane
from ostiary.server.ports import ClusterStatus, GatewayToken, Outcome
from ostiary.server.rules import Rules
from ostiary.server.settings import ApiSettings
from ostiary.server.signon.names import SignedIn
from ostiary.server.signon.service import Door, People
from ostiary.server.signon.settings import SignOnSettings
from ostiary.server.store.engine import Store, opened, sqlite_url

RULES = """apiVersion: ostiary.dev/v1
kind: Intent
access:
  administrators: [root]
  viewers: [eve]
  rules:
    - {who: ["group:dev"], roles: [view], clusters: [prod], namespaces: [shop], approvers: [bob]}
    - {who: [bob], roles: [view], clusters: [prod], namespaces: ["*"], approvers: ["group:dev"]}
"""


@dataclass
class RecordingClusters:
    """The place of the clusters: it only writes down what it was told."""

    names: tuple[str, ...] = ("prod",)
    told: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    problems: tuple[str, ...] = ()

    async def upstreams(self) -> tuple[Upstream, ...]:
        return tuple(Upstream(name=name, server=f"https://{name}:6443", certificate_authority="") for name in self.names)

    async def statuses(self) -> tuple[ClusterStatus, ...]:
        return tuple(ClusterStatus(name, f"https://{name}:6443") for name in self.names)

    async def reconcile(self, cluster: str, live: Sequence[Grant], now: datetime, *, thorough: bool = False) -> Outcome:
        self.told.append((cluster, tuple(one.id for one in live)))
        return Outcome(cluster, problems=self.problems)

    async def refuse(self, cluster: str, role: str, *, everywhere: bool, break_glass: bool = False) -> None:
        if role == "gone":
            raise Refused("there is no such role", todo="ask for another")

    async def mint_gateway_token(self, cluster: str) -> GatewayToken:
        now = datetime.now(UTC)
        return GatewayToken(f"token of {cluster}", now + timedelta(hours=1), now + timedelta(hours=2))


@dataclass
class Api:
    """The application, and people who are signed in."""

    plane: Plane
    people: People
    clusters: RecordingClusters
    client: httpx.AsyncClient

    async def signed_in(self, person: str, *groups: str) -> dict[str, str]:
        begun = await self.people.kept.begin(SignedIn(person, groups), "password", datetime.now(UTC))
        return {"Authorization": f"Bearer {begun.secret}"}


Make = Callable[[ApiSettings], Awaitable[Api]]


def built(store: Store, directory: Path, settings: ApiSettings) -> tuple[Plane, People, RecordingClusters, object]:
    (directory / "ostiary.yaml").write_text(RULES)
    clusters = RecordingClusters()
    origin = "https://localhost:8440"
    people = People(
        store, SignOnSettings(origin=origin, issuer=origin, builtin=True), directory, lambda: Door(origin, "", "x.y")
    )
    plane = Plane(store, Rules(directory / "ostiary.yaml"), clusters, people, issuer=origin)
    return plane, people, clusters, make(plane, settings, (people.router, cluster_routes, break_glass_router(Alarm())))


@pytest.fixture
async def make_api(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes an application with some settings."""
    clients: list[httpx.AsyncClient] = []
    async with opened(sqlite_url(tmp_path / "store.db")) as store:

        async def made(settings: ApiSettings) -> Api:
            plane, people, clusters, app = built(store, tmp_path, settings)
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
            client = httpx.AsyncClient(transport=transport, base_url="https://localhost:8440")
            clients.append(client)
            return Api(plane, people, clusters, client)

        yield made
        for client in clients:
            await client.aclose()


@pytest.fixture
async def api(make_api: Make) -> Api:
    """An application with the settings that there are by default."""
    return await make_api(ApiSettings())


@pytest.fixture
def build() -> Callable[[Store, Path, ApiSettings], tuple[Plane, People, RecordingClusters, object]]:
    """Builds the parts on a store of the caller."""
    return built
