"""What a change of the gateway's configuration costs with many clusters and sessions, beside the same change with one cluster.

A thousand clusters (all of them the same stand-in of an API server), ten thousand sessions in use, a hundred sessions that were revoked within the life of a
token. A change is timed from the call of ``Gateway.apply`` until a request shows it: the new cluster answers, the revoked session is refused. Envoy
watches two files for each cluster, for which the kernel needs ``fs.inotify.max_user_instances`` of more than two thousand; with less there are fewer
clusters. Exit code 1 when a revocation takes more than two seconds of processor time.

    python bench/bench_gateway_scale.py [--clusters 1000] [--sessions 10000] [--revoked 100]
"""

import argparse
import asyncio
import ssl
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiohttp
from bench import bench_gateway, contenders
from bench.contenders import CLUSTER, Place, Way
from bench.spent import Spent
from msgspec.structs import replace

from ostiary.gateway.gateway import Gateway
from ostiary.gateway.watches import LIMIT
from ostiary.model.access import GatewayState
from ostiary.sandbox.ports import free_ports

SLOWEST_REVOCATION = 2.0  # seconds of processor time
PATIENCE = 300.0
UNKNOWN, REVOKED = 401, 401


def main() -> int:
    """Measure both sizes and print them beside each other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--revoked", type=int, default=100)
    options = parser.parse_args()
    clusters = min(options.clusters, _room())
    if clusters < options.clusters:
        print(
            f"the kernel has room for {clusters} clusters; for more: sysctl -w fs.inotify.max_user_instances=8192",
            file=sys.stderr,
        )
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as work:
        place = Place.without_cluster(Path(work))
        with contenders.stand_in(place) as quick:
            small = asyncio.run(measured(quick, 1, 0, 32))
            large = asyncio.run(measured(quick, clusters, options.revoked, options.sessions))
    print(f"{'':<44}{'1 cluster':>14}{f'{clusters:,} clusters':>16}")
    print(f"{'':<44}{'32 sessions':>14}{f'{options.sessions:,} sessions':>16}")
    for name, value in large.items():
        print(f"{name:<44}{small[name]:>14,.3f}{value:>16,.3f}")
    return 0 if large[REVOCATION_COST] <= SLOWEST_REVOCATION else 1


def _room() -> int:
    """Clusters that Envoy can watch, with a hundred instances left to others."""
    return max(10, (int(LIMIT.read_text()) - 100) // 2)


REVOCATION = "a revocation: until it is refused, s"
REVOCATION_COST = "a revocation: Envoy's processor time, s"


@dataclass
class Door:
    """A gateway with its state, and requests to it."""

    place: Place
    gateway: Gateway
    state: GatewayState
    client: aiohttp.ClientSession

    @property
    def process(self) -> int:
        """Envoy's process id."""
        found = self.gateway.supervision.pid
        assert found is not None
        return found

    async def apply(self, state: GatewayState) -> float:
        """Seconds that it took to write, and to have Envoy try, this state."""
        began = time.monotonic()
        pair = self.place.certificate
        tokens = {cluster.name: "token" for cluster in state.upstreams}
        await self.gateway.apply(state, tls=(pair.certificate, pair.key), tokens=tokens)
        self.state = state
        return time.monotonic() - began

    async def change(self, state: GatewayState, cluster: str, status: int, token: str = "") -> tuple[float, float]:
        """Seconds until a request shows the change, and Envoy's processor time until all of it is done."""
        spent, began = Spent.by(self.process).cpu, time.monotonic()
        applying = asyncio.create_task(self.apply(state))
        await self.answers(cluster, status, token)
        shown = time.monotonic() - began
        await applying
        return shown, Spent.by(self.process).cpu - spent

    async def answers(self, cluster: str, status: int, token: str = "") -> None:
        """Wait until a small get is answered so."""
        until = time.monotonic() + PATIENCE
        name = f"{cluster}.{contenders.DOMAIN}"
        url = f"https://127.0.0.1:{self.state.port}{bench_gateway.SMALL}"
        while time.monotonic() < until:
            try:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                async with self.client.get(url, server_hostname=name, headers=headers) as answer:
                    if answer.status == status:
                        return
            except (aiohttp.ClientError, ssl.SSLError, OSError):
                pass  # not listening yet
            await asyncio.sleep(0.005)
        raise SystemExit(f"{cluster} does not answer {status}")


async def measured(place: Place, clusters: int, denied: int, sessions: int) -> dict[str, float]:
    """Every figure of one size."""
    trusted = ssl.create_default_context(cafile=str(place.authority.certificate))
    trusted.check_hostname = False  # the certificate names one cluster, and there are a thousand
    connector = aiohttp.TCPConnector(ssl=trusted, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as client:
        door = Door(place, Gateway(place.work / f"scale-{clusters}"), _state(place, clusters, denied), client)
        began = time.monotonic()
        found = {"first configuration: tried and written, s": await door.apply(door.state)}
        stop = asyncio.Event()
        running = asyncio.create_task(door.gateway.run(stop))
        try:
            await door.answers(door.state.upstreams[-1].name, UNKNOWN)
            found["first configuration: until it serves, s"] = time.monotonic() - began
            found["first configuration: Envoy's processor time, s"] = Spent.by(door.process).cpu
            return found | await _changes(door) | await _in_use(door, sessions)
        finally:
            stop.set()
            await running


async def _changes(door: Door) -> dict[str, float]:
    """One cluster more, one revocation more: until a request shows it, while the rest of the change may still go on."""
    token = door.place.person_tokens(1).read_text()
    await door.answers(CLUSTER, 200, token)
    before = door.state
    shown, spent = await door.change(replace(before, denied=(*before.denied, "bench-0")), CLUSTER, REVOKED, token)
    found = {REVOCATION: shown, REVOCATION_COST: spent}
    await door.change(before, CLUSTER, 200, token)
    new = replace(before.upstreams[0], name="one-more")
    shown, spent = await door.change(
        replace(before, upstreams=(*before.upstreams, new)), new.name, 200, door.place.token_for(new.name, "bench-1")
    )
    return found | {"a cluster more: until it answers, s": shown, "a cluster more: Envoy's processor time, s": spent}


async def _in_use(door: Door, sessions: int) -> dict[str, float]:
    """Memory and processor time with so many sessions, each with a token of its own."""
    before = Spent.by(door.process).memory
    tokens = await asyncio.to_thread(door.place.person_tokens, sessions)
    url, name = f"https://127.0.0.1:{door.state.port}", f"{CLUSTER}.{contenders.DOMAIN}"
    way = Way("ostiary", url, door.place.authority.certificate, tokens, server_name=name, process=door.process)
    turn = await asyncio.to_thread(bench_gateway.requests, way, bench_gateway.SMALL, 32, 5)
    return {
        "a small get: processor time, us": 1e6 / turn.per_cpu,
        "memory before, MiB": before / 2**20,
        "memory with sessions in use, MiB": Spent.by(door.process).memory / 2**20,
    }


def _state(place: Place, clusters: int, denied: int) -> GatewayState:
    [port] = free_ports(1)
    first = contenders.upstream(place)
    return GatewayState(
        address="127.0.0.1",
        port=port,
        domain=contenders.DOMAIN,
        issuer=contenders.ISSUER,
        jwks=contenders.public_keys(place),
        upstreams=(first, *(replace(first, name=f"cluster-{number}") for number in range(1, clusters))),
        denied=tuple(f"gone-{number}" for number in range(denied)),
    )


if __name__ == "__main__":
    sys.exit(main())
