"""What a kind of nodes is given and what it gives: the seam between the control plane and simulated or real nodes.

``simulated`` and ``realnode`` are modules of the same shape:

    ENGINES: tuple[str, ...]                                 names for ``engines.ensure`` start(supervisor: Supervisor, plane:
    Plane) -> None      control plane is ready: start the node's processes, return when Ready

``realnode`` has more, because its cluster lives in namespaces of its own:

    required_system_tools() -> list[str]                     what is missing on this machine, empty when nothing is
    spawn(layout, identity, argv, env, pass_fds) -> subprocess.Popen[bytes] called by the keeper (main thread, host's
    namespaces): start ``argv`` (the supervisor) as init of a new pid, mount and network namespace with a veth to the host;
    add ``OSTIARY_SANDBOX_ADDRESS=<veth address inside>`` to its environment; the API server will bind 0.0.0.0 and advertise
    it, and the kubeconfig points at it sweep(layout, identity) -> None                          remove cgroups (and whatever
    else outlives processes) of a cluster whose processes are dead; by its record or identity, idempotent, never raises
    because something is gone already
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ostiary.sandbox.layout import Layout
from ostiary.sandbox.pki import Authority


@dataclass(frozen=True, slots=True)
class Plane:
    """A control plane that is ready, as nodes need to know it.

    ``address`` and ``port`` are the API server's, as seen from nodes; ``service_range`` and ``pod_range`` are CIDRs.
    """

    layout: Layout
    identity: str
    engines: Path
    authority: Authority
    address: str
    port: int
    kubernetes_version: str
    feature_gates: Mapping[str, bool]
    images: tuple[Path, ...] = ()
    count: int = 1
    service_range: str = "10.96.0.0/16"
    pod_range: str = "10.244.0.0/16"
    dns_address: str = "10.96.0.10"

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self.address}:{self.port}"

    @property
    def kubectl(self) -> Path:
        """The kubectl of this version."""
        return self.engines / "kubectl"
