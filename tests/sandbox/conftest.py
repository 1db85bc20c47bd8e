"""A state directory of its own for every test that starts clusters; nothing may be left behind in it or in /proc."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ostiary.sandbox import mark


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty state directory; at the end every cluster in it is ended."""
    from ostiary.sandbox.lifecycle import down
    from ostiary.sandbox.state import clusters

    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path / "state"))
    yield tmp_path / "state"
    for layout in clusters():
        down(layout.name)


def eventually(holds: Callable[[], object], *, within: float = 30.0) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def left_of(identity: str) -> list[str]:
    """The command lines of the processes that carry a cluster's mark, this one's excepted."""
    return [command_of(process.pid) for process in mark.marked(identity) if process.pid != os.getpid()]


def command_of(pid: int) -> str:
    """A process's command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""
