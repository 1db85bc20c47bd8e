"""A control plane for the tests of sign-on, on a loopback port with TLS, in a thread of its own: the real application, store, keys and certificates.

Clusters are a list of names here and grants are what a test says; their own tests have real ones.
"""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ostiary.model.access import Grant, GrantState, Upstream
from ostiary.server.api.app import make
from ostiary.server.authority import hold
from ostiary.server.listening import Server, bind
from ostiary.server.plane import Plane
from ostiary.server.ports import ClusterStatus, GatewayToken, Outcome
from ostiary.server.rules import Rules
from ostiary.server.settings import ApiSettings
from ostiary.server.signon.service import Door, People
from ostiary.server.signon.settings import Provider, SignOnSettings
from ostiary.server.store.engine import opened, sqlite_url


class NamedClusters:
    """Clusters that are names alone; nothing here reaches one."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    async def upstreams(self) -> tuple[Upstream, ...]:
        return tuple(Upstream(name=name, server="https://127.0.0.1:1", certificate_authority="") for name in self.names)

    async def statuses(self) -> tuple[ClusterStatus, ...]:
        return ()

    async def reconcile(self, cluster: str, live: Sequence[Grant], now: datetime, *, thorough: bool = False) -> Outcome:
        return Outcome(cluster)

    async def refuse(self, cluster: str, role: str, *, everywhere: bool, break_glass: bool = False) -> None:
        return

    async def mint_gateway_token(self, cluster: str) -> GatewayToken:
        raise AssertionError("no test of sign-on needs one")


def grant(person: str, cluster: str, seconds: int = 3600) -> Grant:
    """A live grant."""
    now = datetime.now(UTC)
    return Grant(
        id=f"g-{person}-{cluster}", person=person, cluster=cluster, role="view", namespaces=("shop",), reason="a test", seconds=seconds,
        requested_at=now, state=GrantState.ACTIVE, ends_at=now + timedelta(seconds=seconds),
    )  # fmt: skip


@dataclass
class Served:
    """Use it with ``with``; ``call`` runs a coroutine in its loop."""

    directory: Path
    builtin: bool = True
    providers: tuple[Provider, ...] = ()
    accounts: tuple[str, ...] = ()
    clusters: NamedClusters = field(default_factory=lambda: NamedClusters("prod", "dev"))
    grants: list[Grant] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    now: datetime | None = None

    def __enter__(self) -> "Served":
        self.authority = hold(self.directory, datetime.now(UTC))
        self.socket = bind("127.0.0.1", 0, "api.port")
        self.origin = f"https://localhost:{self.socket.getsockname()[1]}"
        self._ready, self._failed = threading.Event(), list[BaseException]()
        self._thread = threading.Thread(target=self._run, name="served", daemon=True)
        self._thread.start()
        assert self._ready.wait(30), "the control plane did not start"
        assert not self._failed, self._failed
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._stop)
        self._thread.join(30)
        assert not self._thread.is_alive(), "the control plane did not stop"

    @property
    def ca(self) -> Path:
        return self.authority.pair.certificate

    def call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def _clock(self) -> datetime:
        return self.now or datetime.now(UTC)

    def _stop(self) -> None:
        self.server.should_exit = True

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failed.append(error)
            self._ready.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        pair = self.authority.ensure("api", ("localhost", "127.0.0.1"), datetime.now(UTC))
        settings = SignOnSettings(origin=self.origin, issuer=self.origin, builtin=self.builtin, providers=self.providers)
        door = Door("https://127.0.0.1:8443", self.authority.pair.certificate.read_text(), "ostiary.localhost")
        async with opened(sqlite_url(self.directory / "store.db")) as store:
            self.people = People(store, settings, self.directory, lambda: door, clock=self._clock)
            plane = Plane(store, Rules(None), self.clusters, self.people, issuer=self.origin)
            plane.live = self._live  # type: ignore[method-assign]  # grants are what the test says
            for number, name in enumerate(self.accounts):
                self.passwords[name] = await self.people.accounts.create(name, self._clock(), administrator=number == 0)
            self.server = Server(make(plane, ApiSettings(), [self.people.router]), pair)
            self.loop.call_later(0.05, self._ready.set)
            await self.server.serve([self.socket])

    async def _live(self, person: str, cluster: str, now: datetime) -> tuple[Grant, ...]:
        return tuple(one for one in self.grants if (one.person, one.cluster) == (person, cluster))
