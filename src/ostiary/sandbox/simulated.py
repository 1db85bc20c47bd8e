"""Simulated nodes: kwok plays their kubelets, so that pods of any image "run", for scale and for shapes, without a container.

kwok gets the node and pod stages of its own release (they come with the engine, see ``engines``) and, written here, what
answers logs, exec, attach and port-forward: a log that says what it is, and a shell on nothing. Pods keep the API server's
and scheduler's real treatment: admission, quotas, taints, resource requests. Source:
https://kwok.sigs.k8s.io/docs/user/configuration/
"""

import json
import os
from typing import Any

import yaml

from ostiary.core.errors import Unreachable
from ostiary.sandbox.kubeconfig import write_kubeconfig
from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.pki import write_private
from ostiary.sandbox.ports import free_ports
from ostiary.sandbox.probe import Probe
from ostiary.sandbox.process import ProcessSpec
from ostiary.sandbox.supervisor import POLL_SECONDS, Supervisor

ENGINES = ("kwok",)
ADDRESS = "127.0.0.1"
STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)
NODE_SECONDS = 120
NOBODY = 65534
LEASE_SECONDS = 40  # as a kubelet's; without leases a node is NotReady after 50 s
# As a container runtime writes it: time, stream, F for a full line.
LOG_LINE = "2026-01-01T00:00:00.000000000Z stdout F this container is simulated: no image runs, and this is all that it logs\n"


def start(supervisor: Supervisor, plane: Plane) -> None:
    """Start kwok, create ``plane.count`` nodes, and return when all are Ready."""
    port = free_ports(1)[0]
    serving = plane.authority.issue("kwok", user="system:kwok", groups=("system:masters",), names=("localhost", ADDRESS))
    kubeconfig = write_kubeconfig(
        plane.layout.node / "kubeconfig", plane.server, plane.authority, serving, cluster="sandbox", user="kwok"
    )
    log = plane.layout.node / "simulated.log"
    log.write_text(LOG_LINE)
    config = plane.layout.node / "kwok.yaml"
    write_private(config, _configuration(plane, str(log)).encode())
    probe = Probe(f"https://{ADDRESS}:{port}", plane.authority, serving)
    flags = {
        "config": config,
        "kubeconfig": kubeconfig,
        "manage-all-nodes": "true",
        "node-ip": ADDRESS,
        "node-port": port,
        "server-address": f"{ADDRESS}:{port}",
        "tls-cert-file": serving.certificate,
        "tls-private-key-file": serving.key,
        "cidr": plane.pod_range,
        "node-lease-duration-seconds": LEASE_SECONDS,
    }
    argv = (str(plane.engines / "kwok"), *(f"--{name}={value}" for name, value in flags.items()))
    supervisor.start(
        ProcessSpec(
            "kwok", argv, log=plane.layout.log("kwok"), env={"HOME": str(plane.layout.node)}, ready=lambda: probe.ok("/healthz")
        )
    )
    _create_nodes(supervisor, plane)
    _await_nodes(supervisor, plane, Probe(plane.server, plane.authority, serving))


def _configuration(plane: Plane, log: str) -> str:
    """kwok's configuration: its own stages, then what answers logs, exec, attach and port-forward for every pod."""
    stage = plane.engines / "share" / "kwok" / "stage"
    documents = [document for name in STAGES for document in yaml.safe_load_all((stage / name).read_text())]
    everywhere: dict[str, Any] = {"selector": {"matchNamespaces": []}}
    documents += [
        _resource("ClusterLogs", {**everywhere, "logs": [{"logsFile": log}]}),
        _resource("ClusterAttach", {**everywhere, "attaches": [{"logsFile": log}]}),
        _resource("ClusterExec", {**everywhere, "execs": [{"local": _nobody()}]}),
        _resource("ClusterPortForward", {**everywhere, "forwards": [{"command": ["/bin/cat"]}]}),
    ]
    return yaml.safe_dump_all(documents)


def _nobody() -> dict[str, Any]:
    """Where exec runs:

    On this machine, as nobody, in the root directory. Who may exec in a sandbox may not become who started it.
    """
    if os.geteuid() != 0:
        return {"workDir": "/"}
    return {"workDir": "/", "securityContext": {"runAsUser": NOBODY, "runAsGroup": NOBODY}}


def _resource(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": kind, "metadata": {"name": "all"}, "spec": spec}


def node(number: int) -> dict[str, Any]:
    """A node as kwok takes it over: roomy, and labelled as ``kubectl get nodes`` shows an ordinary one."""
    name = f"simulated-{number}"
    room = {"cpu": "32", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"}
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node-role.kubernetes.io/worker": "",
        "type": "kwok",
    }
    metadata = {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": {"capacity": room, "allocatable": room}}


def _create_nodes(supervisor: Supervisor, plane: Plane) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": [node(number) for number in range(plane.count)]}
    call = (str(plane.kubectl), f"--kubeconfig={plane.layout.kubeconfig}", "create", "--filename=-")
    supervisor.call(call, within=30 + plane.count, stdin=json.dumps(items).encode())


def _await_nodes(supervisor: Supervisor, plane: Plane, probe: Probe) -> None:
    ready = 0
    for _ in range(int((NODE_SECONDS + plane.count / 10) / POLL_SECONDS)):
        listed = probe.json("/api/v1/nodes")["items"]
        ready = sum(_is_ready(item) for item in listed)
        if ready >= plane.count:
            return
        supervisor.pause(POLL_SECONDS)
    raise Unreachable(f"only {ready} of {plane.count} simulated nodes became Ready", todo=f"see {plane.layout.log('kwok')}")


def _is_ready(item: dict[str, Any]) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in item["status"].get("conditions", ())
    )
