"""One process of a sandbox: what to start, when it counts as ready, and starting it so that it cannot outlive its supervisor.

``ProcessSpec`` is a value that control plane, simulated and real nodes fill in; ``spawn`` starts it through ``tied.py``. Who
waits for it and what its end means is the supervisor's business.

>>> ProcessSpec("etcd", ("/engines/etcd", "--data-dir", "/s/etcd"), log=Path("/s/logs/etcd.log")).program
'/engines/etcd'
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox.mark import VARIABLE

TIED = Path(__file__).with_name("tied.py")


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to start. ``argv[0]`` is an absolute path; engines of one multi-call binary are told apart by its last part.

    ``env`` is added to the small environment of ``engine_environment``; nothing of the caller's own (proxies, credentials)
    leaks in. ``ready`` is asked again and again, may raise OSError for "not yet", and must answer within a second or so;
    None: ready at once. The unexpected end of an ``essential`` process ends the whole cluster.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Callable[[], bool] | None = None
    ready_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 5.0
    essential: bool = True

    @property
    def program(self) -> str:
        """The file that is executed."""
        return self.argv[0]


@dataclass(slots=True)
class Running:
    """A started process; ``exit_code`` is negative for a signal, as in ``subprocess``."""

    spec: ProcessSpec
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its process id, as the supervisor sees it (inside a pid namespace: that namespace's)."""
        return self.popen.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs. Set by the supervisor, which alone reaps."""
        return self.popen.returncode

    def send(self, number: signal.Signals) -> None:
        """Signal it, unless it has ended."""
        if self.exit_code is None:
            os.kill(self.pid, number)


def engine_environment(identity: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of an engine:

    PATH, a locale, its mark, the supervisor's directory as home, and what its spec adds.
    """
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(Path.cwd()), VARIABLE: identity, **extra}


def spawn(spec: ProcessSpec, identity: str) -> Running:
    """Start ``spec``, tied to the calling thread: call it from the main thread only.

    Raises Unreachable when the program is missing.
    """
    if not os.access(spec.program, os.X_OK):
        raise Unreachable(
            f"cannot start {spec.name}: {spec.program} is missing or not executable",
            todo="remove the engine cache and try again",
        )
    spec.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with spec.log.open("ab") as log:
        popen = subprocess.Popen(
            [sys.executable, "-I", "-S", str(TIED), str(os.getpid()), *(spec.program, *spec.argv)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=spec.cwd,
            env=engine_environment(identity, spec.env),
            start_new_session=True,  # Ctrl-C at a terminal is for the supervisor alone
        )
    return Running(spec, popen)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log for an error message; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(line[:400] for line in lines[-count:])
