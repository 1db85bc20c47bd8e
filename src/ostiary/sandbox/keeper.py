"""The small process that outlives a cluster's supervisor to clean up after it: ``python -m ostiary.sandbox.keeper DIRECTORY REPORT``.

It starts the supervisor as its child, in the namespaces of a real node where one is asked for, and waits. When the supervisor
ends, however, it removes what remains and writes why. When it is asked to stop (SIGTERM), or the process that owns the
cluster ends, it asks the supervisor to. When it is itself killed, the supervisor sees its lifeline close and does all this.
When both are killed at once, every process of the cluster dies with them, and the next command on the machine removes the
rest.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ostiary.core.errors import OstiaryError
from ostiary.sandbox import ending
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.mark import VARIABLE, ProcessId
from ostiary.sandbox.reports import message
from ostiary.sandbox.state import ClusterRecord, read, write

PATIENCE_SECONDS = 20.0
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Keep one cluster from its start to its end."""
    if os.fork() != 0:
        os._exit(0)  # the starting command is nobody's parent: it need not wait for us
    os.umask(0o077)
    os.chdir("/")
    layout, report = Layout(Path(sys.argv[1])), int(sys.argv[2])
    wake = _catch_signals()
    record = read(layout)
    me = ProcessId.of(os.getpid())
    if record is None or me is None:
        sys.exit(f"keeper: {layout.record} is missing")
    owner = _owner(record)
    record = replace(record, keeper=me)
    write(layout, record)
    try:
        _keep(layout, record, report, owner, wake)
    except OstiaryError as error:  # starting the supervisor failed
        os.write(report, message("failed", error.happened, error.todo, type(error).__name__))
        ending.finish(layout, record, error.happened)
    if owner is not None and not _alive(owner):
        ending.sweep(layout)  # nobody is left to read its logs


def _keep(layout: Layout, record: ClusterRecord, report: int, owner: int | None, wake: int) -> None:
    lifeline, ours = os.pipe()
    argv = [sys.executable, "-P", "-m", "ostiary.sandbox.supervise", str(layout.directory), str(lifeline), str(report)]
    supervisor = _spawn(layout, record, argv, (lifeline, report))
    os.close(lifeline)
    os.close(report)
    _await_end(supervisor, owner, wake)
    os.close(ours)
    last = read(layout) or record
    why = last.why or _how(supervisor.returncode)
    ending.finish(layout, replace(record, server=last.server), why)


def _spawn(layout: Layout, record: ClusterRecord, argv: Sequence[str], pass_fds: Sequence[int]) -> "subprocess.Popen[bytes]":
    environment = os.environ | {VARIABLE: record.identity}
    if record.options.nodes.kind == "real":
        from ostiary.sandbox import realnode

        return realnode.spawn(layout, record.identity, argv, environment, pass_fds)
    return subprocess.Popen(argv, env=environment, pass_fds=pass_fds, stdin=subprocess.DEVNULL)


def _await_end(supervisor: "subprocess.Popen[bytes]", owner: int | None, wake: int) -> None:
    """Wait for the supervisor's end; ask for it when we are asked or the owner is gone, insist when it does not come."""
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    if owner is not None:
        poll.register(owner, select.POLLIN)
    deadline: float | None = None
    while supervisor.poll() is None:
        left = 3600.0 if deadline is None else max(0.0, deadline - time.monotonic())
        events = [descriptor for descriptor, _ in poll.poll(left * 1000)]
        asked = wake in events and any(number in STOPS for number in os.read(wake, 4096))
        if owner in events and owner is not None:
            poll.unregister(owner)
            asked = True
        if asked and deadline is None:
            supervisor.terminate()
            deadline = time.monotonic() + PATIENCE_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            supervisor.kill()


def _catch_signals() -> int:
    """A descriptor that yields the number of every signal that we get."""
    read_end, write_end = socket.socketpair()
    for end in (read_end, write_end):
        end.setblocking(False)
    signal.set_wakeup_fd(write_end.detach(), warn_on_full_buffer=False)
    for number in (*STOPS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return read_end.detach()


def _owner(record: ClusterRecord) -> int | None:
    """A pidfd of the process that the cluster may not outlive."""
    if record.options.owner_pid is None:
        return None
    try:
        return os.pidfd_open(record.options.owner_pid)
    except ProcessLookupError:
        sys.exit("keeper: the cluster's owner ended before it was started")


def _alive(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return not poll.poll(0)


def _how(code: int | None) -> str:
    return (
        f"its supervisor was killed by {signal.Signals(-code).name}"
        if code is not None and code < 0
        else "its supervisor ended"
    )


if __name__ == "__main__":
    main()
