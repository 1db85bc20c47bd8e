"""The whole of ``ostiary up``: the store, sign-on, the HTTP API, the loops, the gateway, in one process, from start to a clean stop.

    data directory held -> store open and migrated -> listening -> ready when the gateway serves with what the store says

Nothing is kept in memory that a restart needs: killed at any moment, it comes back with everything that it answered for. Stopping lets requests finish for
three seconds; the gateway goes last.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ostiary.gateway.gateway import Gateway
from ostiary.server.api.app import make
from ostiary.server.authority import Authority, Pair, hold
from ostiary.server.break_glass.alarm import Alarm
from ostiary.server.break_glass.routes import break_glass_router
from ostiary.server.clusters.routes import router as cluster_routes
from ostiary.server.clusters.side import Clusters
from ostiary.server.first import first_administrator
from ostiary.server.grants import wall_clock
from ostiary.server.listening import Server, bind, refuse_taken
from ostiary.server.loops.clusters import Following
from ostiary.server.loops.ends import ends
from ostiary.server.loops.gateway import GatewayLoops
from ostiary.server.loops.steady import steadily
from ostiary.server.plane import Plane
from ostiary.server.rules import Rules
from ostiary.server.settings import Settings
from ostiary.server.signon.service import Door, People
from ostiary.server.store.engine import Store, opened, sqlite_url
from ostiary.server.tenancy import Tenant, keep, sole_tenant, sole_user

_log = logging.getLogger("ostiary")
_TEND_EVERY = 60.0
_CERTIFICATES_EVERY = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Started:
    """What whoever started it has to know."""

    server: str
    certificate_authority: Path
    gateway: str
    first_administrator: Path | None  # a file with the name and password of the first one, made just now or not taken away yet


async def serve(settings: Settings, stop: asyncio.Event, started: Callable[[Started], None]) -> None:
    """Run until ``stop``; ``started`` is called once everything serves."""
    data = settings.directory
    with sole_user(data):
        authority = hold(data, wall_clock())
        refuse_taken(settings.api.address, settings.api.port, "api.port")
        if settings.gateway.enabled:
            refuse_taken(settings.gateway.address, settings.gateway.port, "gateway.port")
        async with (
            opened(settings.database or sqlite_url(data / "store.db")) as store,
            sole_tenant(store) as tenant,
            _parts(settings, store, authority) as parts,
        ):
            await parts.serve(stop, started, tenant)


@asynccontextmanager
async def _parts(settings: Settings, store: Store, authority: Authority) -> AsyncIterator["_Parts"]:
    clusters = Clusters(store, settings.directory / "clusters")
    door = Door(
        f"https://{_reached(settings.gateway.address)}:{settings.gateway.port}",
        authority.pair.certificate.read_text(),
        settings.gateway.domain,
    )
    people = People(store, settings.people, settings.directory, lambda: door)
    rules = Rules(Path(settings.intent) if settings.intent else None)
    try:
        yield _Parts(settings, authority, people, Plane(store, rules, clusters, people, issuer=settings.origin))
    finally:
        await clusters.close()


class _Parts:
    def __init__(self, settings: Settings, authority: Authority, people: People, plane: Plane) -> None:
        self.settings = settings
        self.authority = authority
        self.people = people
        self.plane = plane
        self.gateway = Gateway(settings.directory / "gateway", workers=settings.gateway.workers or None)
        self.loops = GatewayLoops(plane, self.gateway, settings.gateway, self.gateway_certificate)
        self.following = Following(plane)

    def alarm(self) -> Alarm:
        said = self.settings.break_glass
        return Alarm(said.command, said.webhook)

    def api_pair(self) -> Pair:
        names = ("localhost", _reached(self.settings.api.address), *self.settings.api.names)
        return self.authority.ensure("api", names, wall_clock())

    def gateway_certificate(self) -> tuple[Path, Path]:
        domain, address = self.settings.gateway.domain, _reached(self.settings.gateway.address)
        pair = self.authority.ensure("gateway", (f"*.{domain}", domain, "localhost", address), wall_clock())
        return pair.certificate, pair.key

    async def serve(self, stop: asyncio.Event, started: Callable[[Started], None], tenant: Tenant) -> None:
        settings, plane = self.settings, self.plane
        first = await first_administrator(self.people, settings.directory) if settings.sign_on.builtin else None
        app = make(plane, settings.api, (self.people.router, cluster_routes, break_glass_router(self.alarm())))
        server = Server(app, self.api_pair())
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("tenancy", keep(tenant)),
                ("ends", ends(plane)),
                ("clusters", self.following.run()),
                ("keys", steadily("keeping keys", self._tend, asyncio.Event())),
                ("certificates", steadily("keeping certificates", lambda: self._certify(server), asyncio.Event())),
                *((("gateway", self._gateway(stop)),) if settings.gateway.enabled else ()),
            )
        ]
        sockets = [bind(settings.api.address, settings.api.port, "api.port")]
        serving = asyncio.create_task(server.serve(sockets), name="api")
        try:
            await self._until_ready((*tasks, serving), stop, server)
            plane.ready = self._why_not_ready
            if not stop.is_set():
                started(self._started(first))
            await _first_of(stop, (*tasks, serving))
        finally:
            stop.set()
            server.should_exit = True
            await asyncio.wait({serving}, timeout=10)
            gateway = [task for task in tasks if task.get_name() == "gateway"]
            for task in tasks:
                if task not in gateway:
                    task.cancel()
            await asyncio.gather(*tasks, serving, return_exceptions=True)

    async def _gateway(self, stop: asyncio.Event) -> None:
        """Mint what tokens can be had at once, configure, then run Envoy."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await self.loops.renew()
        async with asyncio.TaskGroup() as group:
            keeping = [group.create_task(self.loops.state()), group.create_task(self.loops.tokens())]
            await self.loops.applied.wait()
            await self.gateway.run(stop)
            for task in keeping:
                task.cancel()

    async def _until_ready(self, tasks: tuple["asyncio.Task[None]", ...], stop: asyncio.Event, server: Server) -> None:
        while not stop.is_set():
            for task in tasks:
                if task.done():
                    task.result()
            if server.started and (
                not self.settings.gateway.enabled or (self.loops.applied.is_set() and await self.gateway.ready())
            ):
                return
            await asyncio.sleep(0.05)

    def _why_not_ready(self) -> str:
        if self.settings.gateway.enabled and self.gateway.supervision.pid is None:
            return "the gateway is not running"
        return ""

    async def _tend(self) -> float:
        if await self.people.tend(wall_clock()):
            self.plane.wake()
        return _TEND_EVERY

    async def _certify(self, server: Server) -> float:
        before = self.authority.directory / "api.crt"
        old = before.read_bytes()
        if self.api_pair().certificate.read_bytes() != old:
            server.reload()
        self.plane.gateway_changed.set()
        return _CERTIFICATES_EVERY

    def _started(self, first: Path | None) -> Started:
        return Started(
            server=f"https://{_reached(self.settings.api.address)}:{self.settings.api.port}",
            certificate_authority=self.authority.pair.certificate,
            gateway=self.people.door().server if self.settings.gateway.enabled else "",
            first_administrator=first,
        )


async def _first_of(stop: asyncio.Event, tasks: tuple["asyncio.Task[None]", ...]) -> None:
    """Until told to stop; a task that ends by itself ends everything, with its error."""
    told = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait({told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    for task in done:
        if task is not told and not stop.is_set():
            task.result()


def _reached(address: str) -> str:
    """An address that a client on this machine can use for one to listen on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 # read, not listened on
