"""Starts a cluster's keeper and follows its reports until the cluster is ready, or is not going to be."""

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from ostiary.core.errors import BadInput, Unreachable
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.mark import VARIABLE
from ostiary.sandbox.options import SandboxOptions
from ostiary.sandbox.process import last_lines
from ostiary.sandbox.progress import Progress, silent
from ostiary.sandbox.reports import parse
from ostiary.sandbox.state import read

GIVE_UP_SECONDS = 40.0


def launch(layout: Layout, options: SandboxOptions, progress: Progress) -> None:
    """Start the cluster whose record is written and return when it is ready.

    Raises Unreachable when it fails, BadInput when the API server does not take what was asked for. Interrupted, it ends the
    cluster before the interrupt goes on.
    """
    reports, report = os.pipe()
    try:
        _start_keeper(layout, report)
    finally:
        os.close(report)
    ready = False
    try:
        ready = _follow(layout, reports, progress)
    finally:
        os.close(reports)  # not ready: the supervisor sees this and ends the cluster
        if not ready:
            await_end(layout, GIVE_UP_SECONDS, silent)
            if options.owner_pid is not None:  # nobody will look at it later
                shutil.rmtree(layout.directory, ignore_errors=True)


def await_end(layout: Layout, within: float, progress: Progress) -> None:
    """Wait until nobody looks after the cluster any more; Unreachable when that takes too long."""
    began = time.monotonic()
    while (record := read(layout)) is not None and record.keeper.alive and record.keeper.pid != os.getpid():
        seconds = time.monotonic() - began
        if seconds > within:
            raise Unreachable(
                f"the cluster {layout.name} did not end in {within:.0f} s",
                todo=f"see {layout.logs}; its keeper is process {record.keeper.pid}",
            )
        progress(f"stopping {layout.name}", seconds)
        time.sleep(0.05)


def _start_keeper(layout: Layout, report: int) -> None:
    record = read(layout)
    environment = os.environ | {VARIABLE: record.identity if record else ""}
    with layout.log("supervisor").open("ab") as log:
        # It forks, and this child ends at once: the keeper is nobody's child, its end nobody's business.
        subprocess.run(
            [sys.executable, "-P", "-m", "ostiary.sandbox.keeper", str(layout.directory), str(report)],
            env=environment,
            pass_fds=(report,),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=True,
        )


def _follow(layout: Layout, reports: int, progress: Progress) -> bool:
    """True at ``ready``; Unreachable at ``failed`` or when the reports end without either."""
    for message in _messages(reports, progress):
        if message["kind"] == "ready":
            return True
        if message["kind"] == "failed":
            kind = BadInput if message["because"] == BadInput.__name__ else Unreachable
            raise kind(f"the cluster {layout.name} did not start: {message['text']}", todo=message["todo"])
    raise Unreachable(
        f"the cluster {layout.name} did not start; the end of its supervisor's log:\n{last_lines(layout.log('supervisor'))}"
    )


def _messages(reports: int, progress: Progress) -> Iterator[dict[str, str]]:
    """Messages as they come; meanwhile the last step is repeated to ``progress`` every second."""
    poll = select.poll()
    poll.register(reports, select.POLLIN)
    step, began, rest = "starting", time.monotonic(), b""
    while True:
        if not poll.poll(1000):
            progress(step, time.monotonic() - began)
            continue
        chunk = os.read(reports, 65536)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            message = parse(line)
            if message["kind"] == "step":
                step, began = message["text"], time.monotonic()
                progress(step, 0)
            else:
                yield message
