"""kubectl's traffic directly, through a bare Envoy, through the gateway, and through a proxy in Go that does what the gateway does: one run, one machine.

Small gets, 1 MB lists, and many idle watches with events to all of them, of a real API server; then small gets of a stand-in that answers at a tenth of the
cost, because with an API server on the same processors no proxy gets to its limit. Every way has its turn in every round, so that a machine that is busy
elsewhere is so for all; a figure is the best of the rounds, because what else runs only makes it worse. Processor time is the proxy's
own, from /proc. ``engines/goproxy`` holds the Go proxy and the load generator.

Two targets: at most 100 microseconds added at the median over bare Envoy; twice the Go proxy's requests in a second of processor time. The second is missed,
and why is in docs/gateway-figures.md. Exit code 1 when the first is missed, or when the second is further off than it was.

    python bench/bench_gateway.py [--rounds 6] [--seconds 1.5] [--watches 1000]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import contenders
from bench.contenders import Place, Way
from bench.spent import Spent

from ostiary.sandbox import Nodes, SandboxOptions, engines, up
from ostiary.sandbox.progress import Talk
from ostiary.sandbox.running import RunningCluster

MOST_ADDED = 100  # microseconds at the median over bare Envoy
WANTED_TIMES = 2.0  # the Go proxy's requests in a second of processor time
LEAST_TIMES = 0.6  # what it must not fall under
SMALL = "/api/v1/namespaces/bench/configmaps/small"
LARGE = "/api/v1/namespaces/large/configmaps"
WATCHED = "/api/v1/namespaces/watched/configmaps"
EVENTS = 20
PROXIES = (contenders.bare_envoy, contenders.gateway, contenders.go_proxy)
# The API server is not what is measured: its own limits are out of the way, and it does not share its processors with fairness.
FLAGS = (
    ("enable-priority-and-fairness", "false"),
    ("max-requests-inflight", "5000"),
    ("max-mutating-requests-inflight", "1000"),
)


@dataclass(frozen=True)
class Run:
    """One turn of one way."""

    p50: int  # microseconds
    p99: int
    rate: float  # a second
    per_cpu: float  # requests in a second of the proxy's processor time; 0 where there is no proxy


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--watches", type=int, default=1000)
    options = parser.parse_args()
    cluster = up(
        SandboxOptions(name=f"bench-gateway-{os.getpid()}", nodes=Nodes(), api_server_flags=FLAGS, owner_pid=os.getpid()),
        progress=Talk(),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="bench-gateway-") as work, ExitStack() as stack:
            populate(cluster)
            place = Place.prepare(cluster, Path(work))
            ways = [contenders.direct(place)]
            ways.extend(stack.enter_context(start(place)) for start in PROXIES)
            return measure(place, ways, options)
    finally:
        cluster.down()


def populate(cluster: RunningCluster) -> None:
    """What is asked for, the person's rights on it, and the gateway's right to impersonate."""
    objects: list[dict[str, object]] = [_named("v1", "Namespace", name) for name in ("bench", "large", "watched")]
    objects += [
        _named("v1", "ConfigMap", name, namespace, data={"content": "x" * size})
        for name, namespace, size in [
            ("small", "bench", 500),
            ("fan-out", "watched", 100),
            *((f"large-{number}", "large", 10_000) for number in range(100)),
        ]
    ]
    everything = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    impersonate = [
        {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]},
        {"apiGroups": ["authentication.k8s.io"], "resources": ["userextras/ostiary.dev/session"], "verbs": ["impersonate"]},
    ]
    api = "rbac.authorization.k8s.io"
    objects += [
        _named("v1", "ServiceAccount", "gateway", "default"),
        _named(f"{api}/v1", "ClusterRole", "bench", rules=everything),
        _named(f"{api}/v1", "ClusterRole", "impersonate", rules=impersonate),
    ]
    account = {"kind": "ServiceAccount", "name": "gateway", "namespace": "default"}
    person = {"kind": "User", "name": contenders.PERSON, "apiGroup": api}
    for role, subjects in (("bench", [person, account]), ("impersonate", [account])):
        reference = {"kind": "ClusterRole", "name": role, "apiGroup": api}
        objects.append(_named(f"{api}/v1", "ClusterRoleBinding", role, roleRef=reference, subjects=subjects))
    for one in objects:
        cluster.run("kubectl", "create", "-f", "-", stdin=json.dumps(one))


def _named(version: str, kind: str, name: str, namespace: str = "", **more: object) -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def measure(place: Place, ways: Sequence[Way], options: argparse.Namespace) -> int:
    """All kinds of traffic; 1 when a target is missed."""
    alone = rounds("small gets, one client", ways, SMALL, 1, options)
    rounds("small gets, 32 clients", ways, SMALL, 32, options)
    rounds("lists of 1 MB, 8 clients", ways, LARGE, 8, options)
    print(f"\n{options.watches:,} watches, {EVENTS} events to each")
    print(f"{'':<22}{'p50 ms':>9}{'p99 ms':>9}{'KiB a watch':>13}{'CPU ms idle':>13}{'CPU ms, events':>16}")
    for way in ways:
        print(f"{way.name:<22}{watches(place, way, options.watches)}", flush=True)
    with contenders.stand_in(place) as quick, ExitStack() as stack:
        proxies = [stack.enter_context(start(quick)) for start in PROXIES]
        many = rounds("small gets of a stand-in, 32 clients", [contenders.direct(quick), *proxies], SMALL, 32, options)
    added = alone["ostiary"].p50 - alone["bare Envoy"].p50
    times = many["ostiary"].per_cpu / many["Go proxy"].per_cpu
    print(f"\nadded at p50 over bare Envoy: {added} us (target: at most {MOST_ADDED})")
    print(f"requests in a second of processor time: {times:.2f} times the Go proxy's (target: {WANTED_TIMES})")
    return 0 if added <= MOST_ADDED and times >= LEAST_TIMES else 1


def rounds(title: str, ways: Sequence[Way], path: str, clients: int, options: argparse.Namespace) -> Mapping[str, Run]:
    """One kind of requests by every way, several times."""
    turns: dict[str, list[Run]] = {way.name: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            turns[way.name].append(requests(way, path, clients, options.seconds))
    print(f"\n{title}\n{'':<22}{'p50 us':>9}{'p99 us':>9}{'a second':>10}{'a CPU second':>14}")
    found = {name: _best(runs) for name, runs in turns.items()}
    for name, run in found.items():
        print(f"{name:<22}{run.p50:>9,}{run.p99:>9,}{run.rate:>10,.0f}{run.per_cpu or float('nan'):>14,.0f}", flush=True)
    return found


def requests(way: Way, path: str, clients: int, seconds: float) -> Run:
    """One turn."""
    before = Spent.by(way.process) if way.process else None
    said = load("requests", way, "--path", path, "--clients", str(clients), "--seconds", str(seconds))
    if said["errors"]:
        raise SystemExit(f"{way.name}: {said['errors']} of {said['requests']} requests failed: {said['first_error']}")
    cpu = Spent.by(way.process).cpu - before.cpu if way.process and before else 0.0
    total = said["requests"] + said["warm_up"]
    return Run(said["p50_us"], said["p99_us"], said["requests"] / said["seconds"], total / cpu if cpu else 0.0)


def watches(place: Place, way: Way, count: int) -> str:
    """A row: how late events are, what a watch holds, what idle watches and the events cost."""
    before = Spent.by(way.process) if way.process else None
    command = _command("watches", way, "--path", WATCHED, "--clients", str(count), "--events", str(EVENTS), *_writer(place))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        if process.stderr.readline().strip() != "open":
            raise SystemExit(f"{way.name}: the watches did not open: {process.stderr.read()}")
        opened = Spent.by(way.process) if way.process else None
        subprocess.run(["sleep", "5"], check=True)
        idle = Spent.by(way.process) if way.process else None
        output, complaint = process.communicate("go\n", timeout=120)
    said = json.loads(output)
    if said["arrived"] != said["expected"]:
        raise SystemExit(f"{way.name}: {said['arrived']} of {said['expected']} events arrived: {complaint}")
    late = f"{said['p50_us'] / 1000:>9.1f}{said['p99_us'] / 1000:>9.1f}"
    if not (way.process and before and opened and idle):
        return late
    held = (opened.memory - before.memory) / 1024 / count
    after = Spent.by(way.process)
    return f"{late}{held:>13.1f}{(idle.cpu - opened.cpu) * 1000:>13.0f}{(after.cpu - idle.cpu) * 1000:>16.0f}"


def load(kind: str, way: Way, *flags: str) -> dict[str, Any]:
    """What the load generator says."""
    done = subprocess.run(_command(kind, way, *flags), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{way.name}: {done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _command(kind: str, way: Way, *flags: str) -> list[str]:
    return [str(engines.ensure(("load",)) / "load"), kind, *way.flags, *flags]


def _writer(place: Place) -> tuple[str, ...]:
    token = str(place.gateway_token)
    return ("--write-url", place.server, "--write-token-file", token, "--write-ca", str(place.api_authority))


def _best(runs: Sequence[Run]) -> Run:
    """The best of each figure."""
    return Run(
        min(run.p50 for run in runs),
        min(run.p99 for run in runs),
        max(run.rate for run in runs),
        max(run.per_cpu for run in runs),
    )


if __name__ == "__main__":
    sys.exit(main())
