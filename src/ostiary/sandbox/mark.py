"""Which processes are a cluster's own: those that carry its random identity in their environment, and no others.

A process of a sandbox is started with ``OSTIARY_SANDBOX_ID=<128 random bits>``; children inherit it, and nothing else on the
machine has it. Sweeping goes by that mark, never by a program's name. A recorded pid counts only with its start time: pids
are reused. Source: proc(5), ``/proc/PID/environ`` and field 22 of ``/proc/PID/stat``.
"""

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "OSTIARY_SANDBOX_ID"


def new_identity() -> str:
    """A fresh identity for one life of one cluster."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process for all time: its pid, and when it started in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """The process that has this pid now, or None."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    @property
    def alive(self) -> bool:
        """Whether it runs still; a zombie does not."""
        return _started(self.pid) == self.started


def _started(pid: int) -> int | None:
    try:
        # The command's name may hold spaces and parentheses: split behind the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def marked(identity: str) -> Iterator[ProcessId]:
    """Every running process that carries ``identity``; processes whose environment may not be read are not ours."""
    wanted = f"{VARIABLE}={identity}".encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environment = Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment and (process := ProcessId.of(int(entry))) is not None:
            yield process


def kill_marked(identity: str, *, within: float = 10.0, spare: frozenset[int] = frozenset()) -> bool:
    """Kill every process that carries ``identity`` except ``spare``; True when none is left in ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        left = [process for process in marked(identity) if process.pid not in spare]
        if not left:
            return True
        for process in left:
            _kill(process)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def _kill(process: ProcessId) -> None:
    """SIGKILL through a pidfd, so that a pid reused in between is never hit."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(process.pid)
        try:
            if process.alive:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
