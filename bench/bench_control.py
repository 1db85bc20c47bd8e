"""What the control plane itself costs with many clusters, sessions and grants: time and memory, in one run.

The store (SQLite), sign-on's sessions, the grants engine, the loop that configures the gateway and Envoy's own validation of what it writes are real; the
clusters are names alone, and no Envoy runs (``bench_gateway_scale`` measures that one). Printed beside each other: a small control plane and a large one.

    python bench/bench_control.py [--clusters 1000] [--sessions 10000] [--grants 10000]
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import insert

from ostiary.gateway.gateway import Gateway
from ostiary.model.access import Grant, GrantState, Upstream
from ostiary.server.authority import hold
from ostiary.server.loops.gateway import GatewayLoops
from ostiary.server.plane import Plane
from ostiary.server.ports import GatewayToken
from ostiary.server.rules import Rules
from ostiary.server.settings import GatewaySettings
from ostiary.server.signon.names import SignedIn
from ostiary.server.signon.service import Door, People
from ostiary.server.signon.settings import SignOnSettings
from ostiary.server.store import tables
from ostiary.server.store.engine import Store, opened, sqlite_url
from ostiary.server.store.grants import _values
from ostiary.server.store.people_tables import sessions

SOME = 50  # sessions that are looked up


class Names:
    """The place of the clusters: names, and tokens that are made up."""

    def __init__(self, count: int, authority: str) -> None:
        self._authority = authority
        self.count = count

    async def upstreams(self) -> tuple[Upstream, ...]:
        return tuple(
            Upstream(
                name=f"c{number}",
                server=f"https://10.0.{number // 250}.{number % 250}:6443",
                certificate_authority=self._authority,
            )
            for number in range(self.count)
        )

    async def mint_gateway_token(self, cluster: str) -> GatewayToken:
        now = datetime.now(UTC)
        return GatewayToken("x" * 900, now + timedelta(hours=1), now + timedelta(hours=2))


def main() -> int:
    """Measure both sizes and print them beside each other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("clusters", 1000), ("sessions", 10_000), ("grants", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    small = asyncio.run(measured(1, 10, 10))
    large = asyncio.run(measured(options.clusters, options.sessions, options.grants))
    print(
        f"{'':<52}{'1, 10, 10':>12}{f'{options.clusters}, {options.sessions}, {options.grants}':>22}  clusters, sessions, grants"
    )
    for name, value in large.items():
        print(f"{name:<52}{small[name]:>12,.1f}{value:>22,.1f}")
    return 0


async def measured(clusters: int, people: int, grants: int) -> dict[str, float]:
    """Every figure, in milliseconds unless its name says otherwise."""
    with tempfile.TemporaryDirectory(prefix="bench-control-") as work:
        directory = Path(work)
        async with opened(sqlite_url(directory / "store.db")) as store:
            return await _measured(store, directory, clusters, people, grants)


async def _measured(store: Store, directory: Path, clusters: int, people: int, grants: int) -> dict[str, float]:
    origin, now = "https://localhost:8440", datetime.now(UTC)
    authority = hold(directory, now)
    pair = authority.ensure("gateway", ("*.ostiary.localhost",), now)
    sign_on = People(store, SignOnSettings(origin=origin, issuer=origin), directory, lambda: Door(origin, "", "x.y"))
    names: Any = Names(clusters, authority.pair.certificate.read_text())
    plane = Plane(store, Rules(None), names, sign_on, issuer=origin)
    loops = GatewayLoops(plane, Gateway(directory / "gateway"), GatewaySettings(), lambda: (pair.certificate, pair.key))
    await _fill(store, clusters, people, grants, now)
    found: dict[str, float] = {}

    async def timed(name: str, work: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter()
        await work()
        while loops._under_way:
            await asyncio.wait(loops._under_way)
            loops._under_way = [task for task in loops._under_way if not task.done()]
        found[name] = (time.perf_counter() - began) * 1000

    await timed("tokens of every cluster", loops.renew)
    await timed("the first configuration, validated", loops.hand_over)
    await timed("looking whether anything changed", loops.hand_over)
    begun = await sign_on.kept.begin(SignedIn("alice"), "password", now)
    await sign_on.revoke(begun.session.id, datetime.now(UTC))
    await timed("one revocation handed over", loops.hand_over)
    names.count += 1
    await timed("one more cluster, validated", loops.hand_over)
    await timed("live grants of one person on one cluster", lambda: plane.live("p1", "c0", now))
    await timed("live grants of one cluster", lambda: plane.grants.live(now, cluster="c0"))
    await timed("looking for grants that are due", plane.grants.expire)
    secrets = [(await sign_on.kept.begin(SignedIn("alice"), "password", now)).secret for _ in range(SOME)]
    spent = []
    for secret in secrets:
        began = time.perf_counter()
        await sign_on.kept.find(secret, now)
        spent.append((time.perf_counter() - began) * 1000)
    found["finding a session, p50"] = statistics.median(spent)
    found["memory of the process at most, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


async def _fill(store: Store, clusters: int, people: int, grants: int, now: datetime) -> None:
    ends = now + timedelta(hours=1)
    session = {"groups": ("dev",), "administrator": False, "way": "oidc", "started_at": now, "seen_at": now, "ends_at": ends}
    one = Grant(
        id="g", person="p", cluster="c0", role="view", namespaces=("shop",), reason="why", seconds=3600, requested_at=now,
        state=GrantState.ACTIVE, decided_by=("bob",), decided_at=now, ends_at=ends,
    )  # fmt: skip
    rows = [
        _values(replace(one, id=f"g{number}", person=f"p{number % people}", cluster=f"c{number % clusters}"))
        | {"version": 1, "groups": ()}
        for number in range(grants)
    ]
    async with store.begin() as connection:
        await connection.execute(
            insert(sessions), [session | {"id": f"s{n}", "secret_hash": f"h{n}", "person": f"p{n}"} for n in range(people)]
        )
        await connection.execute(insert(tables.grants), rows)


if __name__ == "__main__":
    raise SystemExit(main())
