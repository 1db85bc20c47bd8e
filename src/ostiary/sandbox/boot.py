"""Brings a cluster up inside its supervisor: certificates, control plane, nodes, manifests, in that order.

Ready means: the API server says so, and the namespace ``default`` has its service account, without which no pod can be made.
A port that was taken between choosing and binding costs one more attempt, not the cluster.
"""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox import audit, manifests
from ostiary.sandbox.controlplane import LOOPBACK, POD_RANGES, Certificates, ControlPlane, Ports
from ostiary.sandbox.kubeconfig import write_kubeconfig
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.pki import KeyPair
from ostiary.sandbox.ports import free_ports, was_taken
from ostiary.sandbox.probe import Probe
from ostiary.sandbox.state import ClusterRecord, make_private
from ostiary.sandbox.supervisor import POLL_SECONDS, Supervisor

ATTEMPTS = 5
ADDRESS_VARIABLE = "OSTIARY_SANDBOX_ADDRESS"


def boot(supervisor: Supervisor, layout: Layout, record: ClusterRecord, tell: Callable[[str], None]) -> str:
    """Bring the cluster of ``record`` up and return its API server's URL; ``tell`` hears of every step.

    Raises what ``Supervisor.start`` raises.
    """
    address = os.environ.get(ADDRESS_VARIABLE, LOOPBACK)
    certificates = Certificates.issue(layout.pki, address)
    tell("starting etcd and the API server")
    plane = _start_api_server(supervisor, layout, record, certificates, address)
    tell("starting the controllers and the scheduler")
    write_kubeconfig(
        layout.kubeconfig,
        plane.server,
        certificates.authority,
        certificates.admin,
        cluster=f"ostiary-{layout.name}",
        user="admin",
    )
    supervisor.start(
        plane.controller_manager(_kubeconfig(plane, "controller-manager", certificates.controller_manager)),
        plane.scheduler(_kubeconfig(plane, "scheduler", certificates.scheduler)),
    )
    _await_default_account(supervisor, Probe(plane.server, certificates.authority, certificates.admin))
    _start_nodes(supervisor, plane, record, tell)
    for path in record.options.load:
        tell(f"loading {path}")
        manifests.load(path, supervisor, plane.engines / "kubectl", layout.kubeconfig)
    return plane.server


def _start_api_server(
    supervisor: Supervisor, layout: Layout, record: ClusterRecord, certificates: Certificates, address: str
) -> ControlPlane:
    options = record.options
    flags = audit.flags(layout, options) | dict(options.api_server_flags)
    for attempt in range(1, ATTEMPTS + 1):
        ports = Ports(*free_ports(3))
        plane = ControlPlane(
            layout, record.engines, certificates, ports, options.nodes.kind, address, dict(options.feature_gates), flags
        )
        probe = Probe(plane.server, certificates.authority, certificates.admin)
        try:
            supervisor.start(plane.etcd(), plane.api_server(ready=partial(probe.ok, "/readyz")))
            return plane
        except Unreachable:
            if attempt == ATTEMPTS or not any(was_taken(layout.log(name)) for name in ("etcd", "kube-apiserver")):
                raise
            supervisor.stop()
            supervisor.forget()
            for name in ("etcd", "kube-apiserver"):
                layout.log(name).unlink(missing_ok=True)
            shutil.rmtree(layout.etcd, ignore_errors=True)
    raise AssertionError  # the last attempt returns or raises


def _kubeconfig(plane: ControlPlane, name: str, pair: KeyPair) -> Path:
    authority = plane.certificates.authority
    path = plane.layout.pki / f"{name}.kubeconfig"
    return write_kubeconfig(path, plane.server, authority, pair, cluster="sandbox", user=name)


def _await_default_account(supervisor: Supervisor, probe: Probe, tries: int = 1200) -> None:
    for _ in range(tries):
        if probe.get("/api/v1/namespaces/default/serviceaccounts/default")[0] == 200:
            return
        supervisor.pause(POLL_SECONDS)
    raise Unreachable("the controller manager did not make the service account of the namespace default in a minute")


def _start_nodes(supervisor: Supervisor, control: ControlPlane, record: ClusterRecord, tell: Callable[[str], None]) -> None:
    kind = record.options.nodes.kind
    if kind == "none":
        return
    make_private(control.layout.node)
    plane = Plane(
        layout=control.layout,
        identity=record.identity,
        engines=record.engines,
        authority=control.certificates.authority,
        address=control.address,
        port=control.ports.api_server,
        kubernetes_version=record.kubernetes_version,
        feature_gates=dict(record.options.feature_gates),
        images=record.options.images,
        count=record.options.nodes.count,
        pod_range=POD_RANGES[kind],
    )
    if kind == "simulated":
        from ostiary.sandbox import simulated

        tell(f"making {plane.count} simulated nodes")
        simulated.start(supervisor, plane)
    else:
        from ostiary.sandbox import realnode

        tell("starting a real node")
        realnode.start(supervisor, plane)
