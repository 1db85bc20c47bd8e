"""What a process has cost so far: processor time of all of its threads, to the nanosecond, and resident memory, read from /proc.

``/proc/PID/stat`` counts in ticks of a hundredth of a second, and by sampling: threads that wake for microseconds at a time are counted wrong by it.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spent:
    """Costs of one process at one moment."""

    cpu: float  # seconds
    memory: int  # bytes, resident

    @classmethod
    def by(cls, pid: int) -> "Spent":
        """Costs of ``pid``, which has no children."""
        threads = Path(f"/proc/{pid}/task").iterdir()
        cpu = sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return cls(cpu, pages * os.sysconf("SC_PAGE_SIZE"))
