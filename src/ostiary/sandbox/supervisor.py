"""Owns the processes of one cluster: starts them in order, waits until each is ready, notices when one ends, stops them all.

It decides when a cluster has to end (asked to; an essential process ended; its keeper or the command that started it is gone)
and nothing about what the processes are. It runs in the main thread of a process of its own and is the only one that reaps,
so that it can be the init of a pid namespace: children that it never started are reaped too. Every process is tied to it (see
``process``): killed with -9, it takes all of them along.

    supervisor = Supervisor(identity, watch={lifeline: "the keeper ended"})
    supervisor.start(etcd)                     # returns when ready; raises Unreachable with the end of its log
    supervisor.start(controllers, scheduler)   # side by side
    end = supervisor.wait()                    # blocks until the cluster has to end
    supervisor.stop()
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox.process import ProcessSpec, Running, engine_environment, last_lines, spawn

POLL_SECONDS = 0.05


class StopAsked(Exception):
    """The cluster has to end; the text says why."""


class Supervisor:
    """The processes of one cluster. ``watch``: pipe ends whose other side's closing means "stop", with the reason to give."""

    def __init__(self, identity: str, *, watch: Mapping[int, str] | None = None) -> None:
        self.identity = identity
        self._running: list[Running] = []
        self._asked: str | None = None
        self._watch = dict(watch or {})
        self._poll = select.poll()
        self._wake, wake = socket.socketpair()
        for end in (self._wake, wake):
            end.setblocking(False)
        self._waker = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._poll.register(self._wake, select.POLLIN)
        for descriptor in self._watch:
            self._poll.register(descriptor, 0)  # POLLHUP and POLLERR are always reported

    def _on_signal(self, number: int, _frame: object) -> None:
        self._asked = f"signal {signal.Signals(number).name}"

    @property
    def running(self) -> tuple[Running, ...]:
        """What was started and has not ended, in the order of start."""
        return tuple(process for process in self._running if process.exit_code is None)

    def unwatch(self, descriptor: int) -> None:
        """No longer care about one of ``watch``."""
        if self._watch.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def start(self, *specs: ProcessSpec) -> None:
        """Start the specs side by side and return when all of them are ready.

        Raises Unreachable with the end of the culprit's log when an essential process ends or is not ready in time, StopAsked
        when the cluster has to end meanwhile.
        """
        began = time.monotonic()
        waiting = []
        for spec in specs:
            process = spawn(spec, self.identity)
            self._running.append(process)
            waiting.append(process)
        while waiting := [process for process in waiting if not _is_ready(process)]:
            self.pause(POLL_SECONDS)
            for process in waiting:
                if time.monotonic() - began > process.spec.ready_within:
                    raise Unreachable(*_explain(process, f"was not ready in {process.spec.ready_within:.0f} s"))
        self.pause(0)

    def pause(self, seconds: float) -> None:
        """Let ``seconds`` pass or return at the next event;

        Raises as ``start`` does. For waiting on anything else while starting.
        """
        self._listen(seconds)
        if self._asked is not None:
            raise StopAsked(self._asked)
        if (ended := self._ended()) is not None:
            raise Unreachable(*_explain(ended, _how(ended)))

    def call(self, argv: Sequence[str], *, within: float, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> bytes:
        """Run a short tool to its end and return its stdout; Unreachable with its stderr when it fails or takes too long."""
        try:
            done = subprocess.run(
                argv,
                input=stdin,
                capture_output=True,
                timeout=within,
                check=False,
                env=engine_environment(self.identity, env or {}),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unreachable(f"cannot run {' '.join(argv[:3])}: {error}") from error
        if done.returncode != 0:
            raise Unreachable(
                f"{' '.join(argv)} failed with exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
            )
        return done.stdout

    def wait(self) -> str:
        """Block until somebody asks for the cluster's end and say why; raises Unreachable when an essential process ends."""
        try:
            while True:
                self.pause(3600)
        except StopAsked as asked:
            return str(asked)

    def stop(self) -> None:
        """End every process, the newest first: its stop signal, and SIGKILL when it takes longer than it may."""
        for process in reversed(self._running):
            process.send(process.spec.stop_signal)
            deadline = time.monotonic() + process.spec.stop_within
            while process.exit_code is None and (left := deadline - time.monotonic()) > 0:
                self._listen(left)
            process.send(signal.SIGKILL)
            while process.exit_code is None:
                self._listen(1)

    def forget(self) -> None:
        """Drop what has ended: an attempt that failed and is made again."""
        self._running = [process for process in self._running if process.exit_code is None]

    def _listen(self, seconds: float) -> None:
        """Wait for a signal, a child's end or a closed pipe, at most ``seconds``; then reap."""
        self._reap()
        for descriptor, _ in self._poll.poll(max(0, int(seconds * 1000))):
            if descriptor in self._watch:
                self._asked = self._asked or self._watch[descriptor]
                self.unwatch(descriptor)
            else:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)
        self._reap()

    def _reap(self) -> None:
        """Collect every child that has ended, whoever started it."""
        for pid, status in _ended_children():
            for process in self._running:
                if process.pid == pid:
                    process.popen.returncode = os.waitstatus_to_exitcode(status)

    def _ended(self) -> Running | None:
        return next((process for process in self._running if process.spec.essential and process.exit_code is not None), None)


def _ended_children() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def _is_ready(process: Running) -> bool:
    try:
        return process.spec.ready is None or process.spec.ready()
    except OSError:
        return False


def _how(process: Running) -> str:
    code = process.exit_code or 0
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _explain(process: Running, what: str) -> tuple[str]:
    log: Path = process.spec.log
    return (f"{process.spec.name} {what}; the end of {log}:\n{last_lines(log)}",)
