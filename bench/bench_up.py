"""How long ``ostiary up`` takes from the command until it says that it is ready, on a new directory and on a used one. Limit: 5 s each (medians of 5).

Wall time is what a person waits for; processor time, of ostiary and of its Envoys together, says what is left of it on a machine that does other things, too.
Whether the listeners are really there is tried when it says ready: both ports are connected to at once.

    python bench/bench_up.py [--json] [--runs 5]
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ostiary.sandbox.ports import free_ports

LIMIT_SECONDS = 5.0
OSTIARY = str(Path(sys.executable).with_name("ostiary"))
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Start:
    """One start: until ready, in seconds."""

    wall: float
    processor: float


def start(data: Path) -> Start:
    """Start it on a directory, wait until it is ready, end it."""
    ports = free_ports(2)
    command = [OSTIARY, "up", "--data", str(data), "--set", f"api.port={ports[0]}", "--set", f"gateway.port={ports[1]}"]
    began = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if line.startswith("ready;"):
                    break
            else:
                raise SystemExit(f"it did not become ready:\n{''.join(said)}")
            wall = time.perf_counter() - began
            for port in ports:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return Start(wall, sum(map(_ticks, _family(process.pid))) / _TICK)
        finally:
            process.send_signal(signal.SIGTERM)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from _family(int(child))


def _ticks(pid: int) -> int:
    """Processor time of a process and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def _figures(name: str, starts: list[Start]) -> dict[str, float]:
    return {
        f"{name}_seconds": round(statistics.median(one.wall for one in starts), 2),
        f"{name}_slowest_seconds": round(max(one.wall for one in starts), 2),
        f"{name}_processor_seconds": round(statistics.median(one.processor for one in starts), 2),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--json", action="store_true")
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    first, again = [], []
    for _ in range(chosen.runs):
        with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as directory:
            first.append(start(Path(directory, "data")))
            again.append(start(Path(directory, "data")))
    load = round(os.getloadavg()[0], 1)
    figures = {**_figures("first", first), **_figures("again", again), "load": load, "processors": len(os.sched_getaffinity(0))}
    print(json.dumps(figures) if chosen.json else "\n".join(f"{name:28}{value}" for name, value in figures.items()))
    raise SystemExit(max(figures["first_seconds"], figures["again_seconds"]) > LIMIT_SECONDS)


if __name__ == "__main__":
    main()
