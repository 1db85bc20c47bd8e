"""A cluster's life as seen from outside: ``up``, ``down``, ``status``. Synchronous, because each is one wait on another process.

from ostiary.sandbox import SandboxOptions, down, up

cluster = up(SandboxOptions(name="mine"))
cluster.run("kubectl", "get", "namespaces")
down("mine")
"""

import os
import platform
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess, run

from ostiary.core.errors import BadInput, Refused, Unreachable
from ostiary.sandbox import assets, ending, engines, launch, manifests
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.kubernetes_versions import pin
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.lock import held
from ostiary.sandbox.mark import ProcessId, marked, new_identity
from ostiary.sandbox.options import SandboxOptions, check_name
from ostiary.sandbox.progress import Progress, silent
from ostiary.sandbox.state import ClusterRecord, Phase, clusters, make_private, read, write

STOP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """A cluster that is ready. ``fresh``: this call of ``up`` started it."""

    layout: Layout
    record: ClusterRecord
    fresh: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        return self.layout.name

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.layout.kubeconfig

    @property
    def kubectl(self) -> Path:
        """The kubectl of the cluster's version."""
        return self.record.engines / "kubectl"

    @property
    def audit_log(self) -> Path:
        """The API server's audit events, one JSON object a line."""
        return self.layout.audit_log

    @property
    def state_dir(self) -> Path:
        """The directory with everything of this cluster; logs are in ``logs``."""
        return self.layout.directory

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.record.server

    def environment(self) -> dict[str, str]:
        """The caller's environment with this cluster's KUBECONFIG, and its kubectl first on PATH."""
        path = os.pathsep.join((str(self.record.engines), os.environ.get("PATH", os.defpath)))
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "PATH": path}

    def down(self) -> None:
        """End it and remove everything of it, wherever ``OSTIARY_STATE`` points by now."""
        _end(self.layout, silent)

    def run(self, *argv: str, stdin: str = "", check: bool = True, within: float = 120) -> CompletedProcess[str]:
        """Run a command against this cluster and return what it said; with ``check``, Unreachable when it fails."""
        done = run(argv, env=self.environment(), input=stdin, capture_output=True, text=True, timeout=within, check=False)
        if check and done.returncode != 0:
            raise Unreachable(f"{' '.join(argv)} failed with exit code {done.returncode}: {done.stderr.strip()}")
        return done


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """One line of ``status``. ``phase`` is starting, running or ended; ``why`` tells of the end."""

    name: str
    phase: str
    nodes: str
    kubernetes_version: str
    server: str
    created: str
    kubeconfig: Path
    why: str
    processes: Mapping[str, int]


def up(options: SandboxOptions, *, progress: Progress = silent) -> RunningCluster:
    """Start a cluster and return when it is ready; a running one with the same options is returned as it is.

    Engines that are missing are built. What an earlier life of the same cluster left behind is removed first. Raises Refused
    when it runs with other options or this machine cannot, Unreachable with the culprit's log when the start fails.
    """
    options = _absolute(options)
    require_machine(options)
    for path in options.load:
        manifests.read(path)  # what cannot be read is said before anything is started
    layout = Layout.of(options.name)
    if (running := _running(layout, options)) is not None:
        return running
    found = engines.ensure(_engines_for(options), options.kubernetes_version, progress=progress)
    with held(layout.lock, progress):
        if (running := _running(layout, options)) is not None:
            return running
        ending.sweep(layout)
        record = _first_record(options, found)
        make_private(layout.directory)
        make_private(layout.logs)
        write(layout, record)
        launch.launch(layout, options, progress)
    return RunningCluster(layout, _certainly(read(layout), layout), fresh=True)


def get(name: str) -> RunningCluster:
    """The running cluster of that name. BadInput when there is none."""
    layout = Layout.of(check_name(name))
    record = read(layout)
    if record is not None and record.alive and record.phase is Phase.RUNNING:
        return RunningCluster(layout, record)
    others = ", ".join(one.name for one in status() if one.phase == Phase.RUNNING)
    raise BadInput(
        f"no cluster called {name} is running",
        todo=f"running: {others}" if others else f"start it with: ostiary sandbox up --name {name}",
    )


def down(name: str, *, progress: Progress = silent) -> bool:
    """End a cluster and remove everything of it; False when there was none. Unreachable when it does not end."""
    layout = Layout.of(check_name(name))
    if not layout.directory.is_dir():
        return False
    _end(layout, progress)
    return True


def _end(layout: Layout, progress: Progress) -> None:
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


def status() -> list[ClusterStatus]:
    """Every cluster; the processes of one whose keeper and supervisor were both killed are swept on the way."""
    return [_status(layout, record) for layout in clusters() if (record := _settled(layout)) is not None]


def require_machine(options: SandboxOptions) -> None:
    """Raise CannotRun for what this machine cannot run, naming what is missing."""
    if platform.system() != "Linux":
        raise Refused(
            f"a sandbox needs Linux, and this is {platform.system()}", todo="run it in a virtual machine or a container"
        )
    if options.nodes.kind == "real":
        from ostiary.sandbox import realnode

        try:
            realnode.require_machine()
        except Unreachable as error:
            raise CannotRun(error.happened, todo=error.todo) from error


def _absolute(options: SandboxOptions) -> SandboxOptions:
    return replace(
        options,
        audit_policy=options.audit_policy and options.audit_policy.absolute(),
        load=tuple(path.absolute() for path in options.load),
        images=tuple(path.absolute() for path in options.images),
    )


def _running(layout: Layout, options: SandboxOptions) -> RunningCluster | None:
    record = read(layout)
    if record is None or not record.alive or record.phase is not Phase.RUNNING:
        return None
    if replace(record.options, owner_pid=None) != replace(options, owner_pid=None):
        raise Refused(
            f"the cluster {layout.name} runs already, with other options",
            todo=f"end it first: ostiary sandbox down --name {layout.name}; or choose another --name",
        )
    return RunningCluster(layout, record)


def _engines_for(options: SandboxOptions) -> tuple[str, ...]:
    if options.nodes.kind == "simulated":
        from ostiary.sandbox import simulated

        return (*engines.CONTROL_PLANE, *simulated.ENGINES)
    if options.nodes.kind == "real":
        from ostiary.sandbox import realnode

        return (*engines.CONTROL_PLANE, *realnode.ENGINES)
    return engines.CONTROL_PLANE


def _first_record(options: SandboxOptions, found: Path) -> ClusterRecord:
    """What is known before anything runs; until its keeper takes over, this process looks after the cluster."""
    return ClusterRecord(
        identity=new_identity(),
        options=options,
        engines=found,
        kubernetes_version=_version(options),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        keeper=_certain_process(os.getpid()),
    )


def _version(options: SandboxOptions) -> str:
    directory = os.environ.get(assets.VARIABLE)
    return assets.kubernetes_version(Path(directory)) if directory else pin(options.kubernetes_version).version


def _certain_process(pid: int) -> ProcessId:
    process = ProcessId.of(pid)
    if process is None:
        raise Unreachable("cannot read /proc", todo="a sandbox needs /proc to be mounted")
    return process


def _certainly(record: ClusterRecord | None, layout: Layout) -> ClusterRecord:
    if record is None:
        raise Unreachable(f"the cluster {layout.name} was ended by another command just now")
    return record


def _ask_to_stop(record: ClusterRecord) -> None:
    """Signal the keeper; never the process that called ``up`` and looks after the cluster for a moment, which has no mark."""
    if record.keeper in marked(record.identity):
        os.kill(record.keeper.pid, signal.SIGTERM)


def _settled(layout: Layout) -> ClusterRecord | None:
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


def _status(layout: Layout, record: ClusterRecord) -> ClusterStatus:
    return ClusterStatus(
        name=layout.name,
        phase=record.phase,
        nodes=str(record.options.nodes),
        kubernetes_version=record.kubernetes_version,
        server=record.server,
        created=record.created,
        kubeconfig=layout.kubeconfig,
        why=record.why,
        processes=dict(record.pids),
    )
