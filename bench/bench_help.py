"""How long a person waits for ``ostiary --help``, against an empty Python program. Limit: 0.3 s (median of 15)."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT_SECONDS = 0.3
RUNS = 15


def median_seconds(*command: str) -> float:
    """The median wall time of a command, after one warm-up."""
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> None:
    empty = median_seconds(sys.executable, "-c", "pass")
    asked = median_seconds(str(Path(sys.executable).with_name("ostiary")), "--help")
    figures = {"help_seconds": round(asked, 3), "empty_python_seconds": round(empty, 3), "ratio": round(asked / empty, 1)}
    print(json.dumps(figures) if "--json" in sys.argv else "\n".join(f"{name:24}{value}" for name, value in figures.items()))
    raise SystemExit(asked > LIMIT_SECONDS)


if __name__ == "__main__":
    main()
