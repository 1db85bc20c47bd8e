"""The program that owns a cluster's processes: ``python -m ostiary.sandbox.supervise DIRECTORY LIFELINE REPORT``.

LIFELINE is the read end of a pipe whose write end only the keeper holds; REPORT is the write end of one that the starting
command reads: JSON lines (``reports``), steps first and ``ready`` or ``failed`` last. When either closes from the other side
too early, the cluster ends. For a real node this program is the init of the cluster's namespaces.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ostiary.core.errors import OstiaryError
from ostiary.sandbox import ending
from ostiary.sandbox.boot import boot
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.reports import message
from ostiary.sandbox.state import ClusterRecord, Phase, read, write
from ostiary.sandbox.supervisor import StopAsked, Supervisor

KEEPER_ENDED = "its keeper was killed"
STARTER_ENDED = "the command that started it ended before it was ready"


def main() -> None:
    """Run one cluster from start to end."""
    os.umask(0o077)
    layout, lifeline, report = Layout(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    os.chdir(layout.directory)  # the home of its processes, and nobody else's directory is kept busy
    record = read(layout)
    if record is None:
        sys.exit(f"supervise: {layout.record} is missing")
    supervisor = Supervisor(record.identity, watch={lifeline: KEEPER_ENDED, report: STARTER_ENDED})
    why = _live(supervisor, layout, record, report)
    supervisor.stop()
    _remember(layout, record, why)
    if why == KEEPER_ENDED:  # nobody else is left to do it
        ending.finish(layout, record, why)


def _live(supervisor: Supervisor, layout: Layout, record: ClusterRecord, report: int) -> str:
    """Boot, then wait for the end; returns why it ended."""

    def say(kind: str, text: str, todo: str = "", because: str = "") -> None:
        with contextlib.suppress(OSError):  # nobody listens: the supervisor notices by itself
            os.write(report, message(kind, text, todo, because))

    try:
        server = boot(supervisor, layout, record, _telling(say))
        write(layout, replace(record, phase=Phase.RUNNING, server=server, pids=_pids(supervisor)))
        say("ready", server)
        supervisor.unwatch(report)
        os.close(report)
        return supervisor.wait()
    except StopAsked as asked:
        say("failed", f"the start was given up: {asked}")
        return str(asked)
    except OstiaryError as error:
        say("failed", error.happened, error.todo, type(error).__name__)
        return error.happened
    except Exception as error:  # a mistake of ours: in the log in full, to people in one line
        traceback.print_exc()
        say("failed", f"unexpected {type(error).__name__}: {error}", f"please report it with {layout.log('supervisor')}")
        return f"unexpected {type(error).__name__}: {error}"


def _telling(say: Callable[[str, str], None]) -> Callable[[str], None]:
    return lambda text: say("step", text)


def _pids(supervisor: Supervisor) -> dict[str, int]:
    return {"supervisor": os.getpid()} | {process.spec.name: process.pid for process in supervisor.running}


def _remember(layout: Layout, record: ClusterRecord, why: str) -> None:
    """Leave the reason to the keeper, who writes the end; the directory may be gone when that went wrong."""
    with contextlib.suppress(OSError):
        write(layout, replace(record, phase=Phase.ENDED, why=why))


if __name__ == "__main__":
    main()
