"""Ends clusters from outside: asks a keeper to, waits, and removes what is left; settles those that nobody looks after."""

import os
import signal
import time

from ostiary.sandbox import ending, launch
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.lock import held
from ostiary.sandbox.mark import marked
from ostiary.sandbox.progress import Progress
from ostiary.sandbox.state import ClusterRecord, Phase, read

STOP_SECONDS = 40.0


def end(layout: Layout, progress: Progress) -> None:
    """End a cluster, whatever state it is in, and remove its directory. Unreachable when it does not end."""
    record = read(layout)
    if record is not None and record.alive and record.phase is Phase.STARTING:
        _ask_to_stop(record)  # its ``up`` holds the lock until it knows
    with held(layout.lock, progress):
        record = read(layout)
        if record is not None and record.alive:
            _ask_to_stop(record)
            launch.await_end(layout, STOP_SECONDS, progress)
        ending.sweep(layout)
        layout.lock.unlink(missing_ok=True)


def settled(layout: Layout) -> ClusterRecord | None:
    """The record; a cluster without anybody who looks after it is ended first."""
    record = read(layout)
    if record is None or record.alive or record.phase is Phase.ENDED:
        return record
    with held(layout.lock):
        deadline = time.monotonic() + STOP_SECONDS
        while any(marked(record.identity)) and time.monotonic() < deadline:
            time.sleep(0.05)  # a supervisor that lost its keeper is cleaning up
        record = read(layout)
        if record is not None and not record.alive and record.phase is not Phase.ENDED:
            ending.finish(layout, record, "its keeper and its supervisor were killed")
    return read(layout)


def _ask_to_stop(record: ClusterRecord) -> None:
    """Signal the keeper; never the process that called ``up`` and looks after the cluster for a moment, which has no mark."""
    if record.keeper in marked(record.identity):
        os.kill(record.keeper.pid, signal.SIGTERM)
