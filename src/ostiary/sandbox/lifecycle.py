"""A cluster's life as seen from outside: ``up``, ``down``, ``status``. Synchronous, because each is one wait on another process.

from ostiary.sandbox import SandboxOptions, down, up

cluster = up(SandboxOptions(name="mine"))
cluster.run("kubectl", "get", "namespaces")
down("mine")
"""

import os
import platform
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ostiary.core.errors import BadInput, Refused, Unreachable
from ostiary.sandbox import assets, ending, engines, launch, manifests, stopping
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.kubernetes_versions import pin
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.lock import held
from ostiary.sandbox.mark import ProcessId, new_identity
from ostiary.sandbox.options import SandboxOptions, check_name, require_files
from ostiary.sandbox.progress import Progress, silent
from ostiary.sandbox.running import ClusterStatus, RunningCluster
from ostiary.sandbox.state import ClusterRecord, Phase, clusters, make_private, read, write

__all__ = ["ClusterStatus", "RunningCluster", "down", "get", "status", "up"]


def up(options: SandboxOptions, *, progress: Progress = silent) -> RunningCluster:
    """Start a cluster and return when it is ready; a running one with the same options is returned as it is.

    Engines that are missing are built. What an earlier life of the same cluster left behind is removed first. Raises Refused
    when it runs with other options or this machine cannot, Unreachable with the culprit's log when the start fails.
    """
    options = _absolute(options)
    require_files(options)
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
    stopping.end(layout, progress)
    return True


def status() -> list[ClusterStatus]:
    """Every cluster; the processes of one whose keeper and supervisor were both killed are swept on the way."""
    return [_status(layout, record) for layout in clusters() if (record := stopping.settled(layout)) is not None]


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
