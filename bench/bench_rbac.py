"""How long a large cluster's RBAC takes to answer: from a snapshot on disk to the first answer, then question by question.

Limits at 100,000 pods, 20,000 service accounts, 44,000 roles and bindings: first answer within 12 s and 1 GiB; any who-can within 5 ms; every dangerous
capability for all subjects within 100 ms. The curve shows smaller clusters; the alternative is the same question asked subject by subject of the exact
authorizer, estimated from a sample. Each size runs in a fresh process; making the snapshot is not timed. Times are of the processor, on one core, so that
they hold on a busy machine too; ``start_elapsed_seconds`` is the clock on the wall.

    python bench/bench_rbac.py [--json] [--pods 100000]
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from ostiary.model.pods import Pod
    from ostiary.pillars.rbac.authorizer import Authorizer
    from ostiary.pillars.rbac.columns import Columns
    from ostiary.pillars.rbac.request import Request

LIMITS = {
    "start_seconds": 12.0,
    "peak_mib": 1024.0,
    "who_worst_ms": 5.0,
    "who_everywhere_worst_ms": 5.0,
    "all_subjects_all_capabilities_ms": 100.0,
}
CURVE = (12_500, 25_000, 50_000, 100_000)
SAMPLE = 400


def make(path: Path, pods: int) -> None:
    """Write the snapshot."""
    import msgspec
    from bench.synthetic_pods import PAGE, page
    from bench.synthetic_rbac import rbac

    from ostiary.adapters import snapshot_file
    from ostiary.adapters.decode import Decoder
    from ostiary.model.kinds import find

    kind = find("", "Pod")
    assert kind is not None
    decoder = Decoder(bytes(32))
    made = (pod for first in range(0, pods, PAGE) for pod in decoder.page(kind, page(first, last=first + PAGE >= pods))[0])
    spread = cycle(namespace.metadata.name for namespace in rbac(pods).namespaces)  # 50 pods a namespace, as RBAC has it
    found = [place(pod, namespace=namespace) for pod, namespace in zip(made, spread, strict=False)]
    found.sort(key=lambda pod: (pod.metadata.namespace, pod.metadata.name))
    cluster = msgspec.structs.replace(rbac(pods), pods=tuple(found))
    snapshot_file.write(path, cluster, seal_key="bench", created=datetime(2026, 11, 24, tzinfo=UTC))


def place(pod: "Pod", *, namespace: str) -> "Pod":
    """The same pod in another namespace."""
    import msgspec

    return msgspec.structs.replace(pod, metadata=msgspec.structs.replace(pod.metadata, namespace=namespace))


def measure(path: Path) -> dict[str, float]:
    """Everything about one snapshot, in this fresh process."""
    began, wall = time.process_time(), time.perf_counter()
    from ostiary.adapters import snapshot_file
    from ostiary.pillars.rbac.authorizer import Authorizer
    from ostiary.pillars.rbac.columns import Columns
    from ostiary.pillars.rbac.identity import authenticated
    from ostiary.pillars.rbac.request import Request

    _, cluster = snapshot_file.read(path)
    read = time.process_time()
    authorizer = Authorizer(cluster)
    asked = Request("get", "secrets", name="key", namespace="shop-1")
    authorizer.decide(authenticated("system:serviceaccount:shop-1:app-1"), asked)
    first = time.process_time()
    columns = Columns(authorizer.grants)
    columns.who(asked)
    start = time.process_time()
    return {
        "pods": len(cluster.pods),
        "service_accounts": len(cluster.service_accounts),
        "roles_and_bindings": len(cluster.roles) + len(cluster.cluster_roles) + len(authorizer.grants.all),
        "read_seconds": read - began,
        "authorizer_seconds": first - read,
        "columns_seconds": start - first,
        "start_seconds": start - began,
        "start_elapsed_seconds": time.perf_counter() - wall,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **questions(authorizer, columns),
    }


def questions(authorizer: "Authorizer", columns: "Columns") -> dict[str, float]:
    """Times of questions, in milliseconds."""
    from ostiary.pillars.rbac.capabilities import CAPABILITIES
    from ostiary.pillars.rbac.who import who_can

    requests = [one.request for one in CAPABILITIES]
    placed = [
        replace(request, namespace=f"shop-{n}", name=name) for n, request in enumerate(requests) for name in ("", "shop-1-1")
    ]
    who = [milliseconds(partial(who_can, authorizer, request, columns=columns)) for request in (*requests, *placed)]
    widest = [milliseconds(partial(who_can, authorizer, request, everywhere=True, columns=columns)) for request in requests]
    each = one_by_one(authorizer, requests)
    everybody = milliseconds(lambda: [columns.who(request, everywhere=True) for request in requests])
    return {
        "who_median_ms": statistics.median(who),
        "who_worst_ms": max(who),
        "who_everywhere_worst_ms": max(widest),
        "capabilities": len(requests),
        "pairs_of_subject_and_scope_found": sum(columns.count(requests)),
        "all_subjects_all_capabilities_ms": everybody,
        "one_by_one_ms": each,
        "ratio": each / everybody,
    }


def one_by_one(authorizer: "Authorizer", requests: "Sequence[Request]") -> float:
    """All subjects against all capabilities by single questions in every scope that a subject has: from a sample of subjects."""
    from ostiary.pillars.rbac.identity import Identity
    from ostiary.pillars.rbac.subject import USER

    scoped = sorted({(key, grant.scope) for grant in authorizer.grants.all for key in grant.keys if key})
    sample = Random(1).sample(scoped, min(SAMPLE, len(scoped)))
    began = time.process_time()
    for key, scope in sample:
        who = Identity(key.name) if key.kind == USER else Identity("-", (key.name,))
        for request in requests:
            authorizer.decide(who, replace(request, namespace=scope))
    return (time.process_time() - began) * 1000 * len(scoped) / len(sample)


def milliseconds(work: Callable[[], object], rounds: int = 9) -> float:
    """The median of a few rounds."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def run(pods: int, directory: Path) -> dict[str, float]:
    """One size, each part in a process of its own."""
    path = directory / f"{pods}.snapshot"
    _part("--make", path, pods)
    found: dict[str, float] = json.loads(_part("--measure", path, pods))
    path.unlink()
    return found


def _part(part: str, path: Path, pods: int) -> str:
    done = subprocess.run([sys.executable, __file__, part, str(path), str(pods)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def over(found: dict[str, float]) -> list[str]:
    """The limits that do not hold."""
    return [f"{name} {found[name]:.1f} is over {limit}" for name, limit in LIMITS.items() if found[name] > limit]


def main() -> None:
    if "--make" in sys.argv:
        make(Path(sys.argv[2]), int(sys.argv[3]))
        return
    if "--measure" in sys.argv:
        print(json.dumps(measure(Path(sys.argv[2]))))
        return
    largest = int(sys.argv[sys.argv.index("--pods") + 1]) if "--pods" in sys.argv else CURVE[-1]
    with tempfile.TemporaryDirectory() as directory:
        curve = [run(pods, Path(directory)) for pods in CURVE if pods <= largest]
    if "--json" in sys.argv:
        print(json.dumps({"curve": curve, "over": over(curve[-1])}))
    else:
        for name in curve[0]:
            print(f"{name:44}" + "".join(f"{found[name]:>14,.2f}" for found in curve))
    if beyond := over(curve[-1]):
        raise SystemExit("; ".join(beyond))


if __name__ == "__main__":
    main()
