"""A running cluster in the caller's hands, and what ``status`` knows of any."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, run

from ostiary.core.errors import Unreachable
from ostiary.sandbox import stopping
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.progress import silent
from ostiary.sandbox.state import ClusterRecord


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
        stopping.end(self.layout, silent)

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
