"""Where everything of a sandbox lies: one directory a cluster under the state directory, one cache of engines.

It decides names of files, and nothing about what stands in them. The XDG base directory specification gives the defaults;
``OSTIARY_STATE`` and ``OSTIARY_CACHE`` override them.

>>> Layout(Path("/s/sandbox/demo")).kubeconfig
PosixPath('/s/sandbox/demo/kubeconfig')
"""

import os
from dataclasses import dataclass
from pathlib import Path


def state_root() -> Path:
    """The directory of all clusters.

    It is ``$OSTIARY_STATE``, ``$XDG_STATE_HOME/ostiary`` or ``~/.local/state/ostiary``, and ``sandbox`` below.
    """
    return _chosen("OSTIARY_STATE", "XDG_STATE_HOME", ".local/state") / "sandbox"


def cache_root() -> Path:
    """The directory of built engines: ``$OSTIARY_CACHE``, ``$XDG_CACHE_HOME/ostiary`` or ``~/.cache/ostiary``."""
    return _chosen("OSTIARY_CACHE", "XDG_CACHE_HOME", ".cache")


def _chosen(own: str, xdg: str, fallback: str) -> Path:
    if os.environ.get(own):
        return Path(os.environ[own]).absolute()
    if os.environ.get(xdg):
        return Path(os.environ[xdg]).absolute() / "ostiary"
    return Path.home() / fallback / "ostiary"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one cluster; ``directory`` ends in the cluster's name."""

    directory: Path

    @classmethod
    def of(cls, name: str) -> "Layout":
        """The layout of the cluster called ``name``, whether it exists or not."""
        return cls(state_root() / name)

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.directory.name

    @property
    def record(self) -> Path:
        """What is known about the cluster: see ``state.ClusterRecord``."""
        return self.directory / "cluster.json"

    @property
    def lock(self) -> Path:
        """Held while ``up`` or ``down`` works on the cluster; beside its directory, because ``down`` removes that."""
        return self.directory.parent / f".{self.name}.lock"

    @property
    def pki(self) -> Path:
        """Certificates and keys, 0600 in 0700."""
        return self.directory / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, with everything embedded."""
        return self.directory / "kubeconfig"

    @property
    def logs(self) -> Path:
        """One log for each process."""
        return self.directory / "logs"

    @property
    def audit_log(self) -> Path:
        """The API server's audit events, one JSON object a line."""
        return self.directory / "audit" / "audit.log"

    @property
    def etcd(self) -> Path:
        """The data of etcd."""
        return self.directory / "etcd"

    @property
    def node(self) -> Path:
        """Whatever nodes need for themselves."""
        return self.directory / "node"

    def log(self, process: str) -> Path:
        """The log of one process."""
        return self.logs / f"{process}.log"
