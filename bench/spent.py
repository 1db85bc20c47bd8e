"""What processes have cost so far: seconds of processor time and resident memory, with all of their threads and children, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """Costs of one process and its descendants at one moment."""

    cpu: float  # seconds
    memory: int  # bytes, resident

    @classmethod
    def by(cls, pid: int) -> "Spent":
        """Costs of ``pid``, whose ended children are counted with it."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu = sum(map(int, fields[11:15])) / _TICKS
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        total = cls(cpu, pages * os.sysconf("SC_PAGE_SIZE"))
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            more = cls.by(int(child))
            total = cls(total.cpu + more.cpu, total.memory + more.memory)
        return total
