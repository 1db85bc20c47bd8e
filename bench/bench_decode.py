"""How fast a large cluster's pods become values, and in how much memory, against the official Python client on the same bytes.

Limits: 20,000 pods a second on one core (decoding and sealing), 1 GiB at the peak for the whole Cluster and its World. Each side runs in a fresh process;
making the pages is not timed. The official client is slow, so it reads fewer pages; how many is printed.

    python bench/bench_decode.py [--json] [--pods 100000]
"""

import json
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.synthetic_pods import PAGE, page

LIMIT_RATE = 20_000
LIMIT_PEAK_MIB = 1024
PODS = 100_000
OFFICIAL_PODS = 1_000


def ours(pods: int) -> dict[str, float]:
    """Decode into a Cluster and make its World."""
    from ostiary.adapters.assembly import Assembly
    from ostiary.adapters.decode import Decoder
    from ostiary.model.kinds import find
    from ostiary.model.world import World

    kind = find("", "Pod")
    assert kind is not None
    decoder, assembly, spent, sent = Decoder(bytes(32)), Assembly(), 0.0, 0
    for first in range(0, pods, PAGE):
        body = page(first, last=first + PAGE >= pods)
        sent += len(body)
        began = time.process_time()
        values, misfits, _ = decoder.page(kind, body)
        assembly.extend(kind, values)
        spent += time.process_time() - began
        assert not misfits
    began = time.process_time()
    world = World.of(assembly.cluster(), today=date(2026, 11, 24))
    made = time.process_time() - began
    assert len(world.cluster.pods) == pods
    return {"pods": pods, "rate": pods / spent, "bytes": sent / pods, "world_seconds": made, "peak_mib": _peak()}


def official(pods: int) -> dict[str, float]:
    """The same bytes by ``kubernetes.client``."""
    from kubernetes.client import ApiClient

    client, spent = ApiClient(), 0.0
    for first in range(0, pods, PAGE):
        text = page(first, last=first + PAGE >= pods).decode()
        began = time.process_time()
        found = client.deserialize(text, "V1PodList", "application/json")
        spent += time.process_time() - began
        assert len(found.items) == PAGE
    return {"pods": pods, "rate": pods / spent, "peak_mib": _peak()}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(side: str, pods: int) -> dict[str, float]:
    """One side, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--pods", str(pods)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    pods = int(sys.argv[sys.argv.index("--pods") + 1]) if "--pods" in sys.argv else PODS
    if "--side" in sys.argv:
        print(json.dumps({"ours": ours, "official": official}[sys.argv[sys.argv.index("--side") + 1]](pods)))
        return
    mine, theirs = measured("ours", pods), measured("official", OFFICIAL_PODS)
    figures = {
        "pods": pods,
        "bytes_a_pod": round(mine["bytes"]),
        "pods_a_second": round(mine["rate"]),
        "world_seconds": round(mine["world_seconds"], 2),
        "peak_mib": round(mine["peak_mib"]),
        "official_pods_a_second": round(theirs["rate"]),
        "official_pods_read": OFFICIAL_PODS,
        "ratio": round(mine["rate"] / theirs["rate"], 1),
    }
    print(json.dumps(figures) if "--json" in sys.argv else "\n".join(f"{name:26}{value}" for name, value in figures.items()))
    raise SystemExit(figures["pods_a_second"] < LIMIT_RATE or figures["peak_mib"] > LIMIT_PEAK_MIB)


if __name__ == "__main__":
    main()
