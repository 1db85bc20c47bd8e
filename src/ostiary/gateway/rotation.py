"""Records in files of a bounded size: the full one is renamed, Envoy opens a new one, the oldest goes.

    records.jsonl  records.20261124T230324.123456Z.jsonl  ...

Envoy keeps writing into the renamed file until it has opened the new one, so no line is lost and readers who follow read both to their ends (``following``).
"""

from datetime import UTC, datetime
from pathlib import Path

from ostiary.gateway import admin
from ostiary.pillars.access.envoy.names import RECORDS, SOCKET

LARGEST = 64 * 1024 * 1024
KEPT = 16
_STEM = RECORDS.removesuffix(".jsonl")


def archives(directory: Path) -> list[Path]:
    """The full files, oldest first."""
    return sorted(directory.glob(f"{_STEM}.*.jsonl"))


async def rotate(directory: Path, *, largest: int = LARGEST, kept: int = KEPT) -> bool:
    """Whether there was something to do, and it was done."""
    current = directory / RECORDS
    try:
        if current.stat().st_size < largest:
            return False
    except FileNotFoundError:
        return False
    current.rename(directory / f"{_STEM}.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.jsonl")
    await admin.ask(directory / SOCKET, "POST", "/reopen_logs")
    for old in archives(directory)[:-kept]:
        old.unlink(missing_ok=True)
    return True
