"""Starts a real node beside a control plane that is ready, inside the cluster's namespaces, and waits until pods really run.

It decides the order: containerd and images, the objects that the node's parts need, then kubelet, kube-proxy and Felix side by
side; ready is when the node is, policies are enforced, and the first pod, cluster DNS, answers its probe.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.probe import Probe
from ostiary.sandbox.process import last_lines
from ostiary.sandbox.realnode import calico, containerd, kubelet, mounts, services
from ostiary.sandbox.realnode.link import INSIDE, run
from ostiary.sandbox.realnode.stock import stock_archive
from ostiary.sandbox.supervisor import Supervisor

WITHIN_SECONDS = 90.0
COREDNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
POLL_SECONDS = 0.1


def start(supervisor: Supervisor, plane: Plane) -> None:
    """Start the node and return when it is Ready and cluster DNS answers; Unreachable with the end of a log when not."""
    watcher = plane.authority.issue("node-start", user="ostiary:node-start", groups=("system:masters",))
    probe = Probe(plane.server, plane.authority, watcher)
    _let_pods_out(plane)
    with _usual_umask():
        snapshotter = containerd.snapshotter_of(mounts.NODE)
        supervisor.start(containerd.process(plane, snapshotter))
        _import(supervisor, plane, snapshotter)
        _apply_crds_and_roles(supervisor, plane)
        supervisor.start(kubelet.process(plane, probe), services.process(plane), calico.process(plane))
    _wait(supervisor, lambda: _has_replicas(probe), "cluster DNS (CoreDNS) was not ready", plane.layout.log("kubelet"))


@contextlib.contextmanager
def _usual_umask() -> Iterator[None]:
    """Containers that are not root have to read what containerd and the kubelet write for them: /etc/hosts, resolv.conf."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _let_pods_out(plane: Plane) -> None:
    """Pods reach the host (and nothing behind it) as the node: replies could not find their way otherwise."""
    run(("nft", "add", "table", "ip", "ostiary"))
    run(("nft", "add", "chain", "ip", "ostiary", "out", "{ type nat hook postrouting priority 110; }"))
    rule = f"ip saddr {plane.pod_range} oifname {INSIDE} masquerade"
    run(("nft", "add", "rule", "ip", "ostiary", "out", *rule.split()))


def _import(supervisor: Supervisor, plane: Plane, snapshotter: str) -> None:
    for archive in (stock_archive(plane.engines), *plane.images):
        try:
            supervisor.call(containerd.import_command(plane.engines, archive, snapshotter), within=WITHIN_SECONDS)
        except Unreachable as error:
            raise Unreachable(
                f"cannot import the image {archive}: {error.happened}",
                todo="an image is a tar as docker save or realnode.build_image write it",
            ) from error


def _apply_crds_and_roles(supervisor: Supervisor, plane: Plane) -> None:
    crds = (plane.engines / "share" / "calico" / "crds.yaml").read_text()
    dns = _manifest("dns").replace("DNS_ADDRESS", plane.dns_address)
    _apply(supervisor, plane, "\n---\n".join((_manifest("calico"), dns, crds)))
    _apply(supervisor, plane, _manifest("calico-ready"))


def _apply(supervisor: Supervisor, plane: Plane, text: str) -> None:
    command = (str(plane.kubectl), f"--kubeconfig={plane.layout.kubeconfig}", f"--cache-dir={mounts.NODE}/kubectl-cache")
    arguments = ("apply", "--server-side", "--field-manager=ostiary-sandbox", "-f", "-")
    supervisor.call((*command, *arguments), within=WITHIN_SECONDS, stdin=text.encode())


def _manifest(name: str) -> str:
    return resources.files(__package__).joinpath("manifests", f"{name}.yaml").read_text()


def _has_replicas(probe: Probe) -> bool:
    return int(probe.json(COREDNS).get("status", {}).get("readyReplicas", 0)) > 0


def _wait(supervisor: Supervisor, holds: Callable[[], bool], complaint: str, log: Path) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not _quietly(holds):
        if time.monotonic() > deadline:
            raise Unreachable(f"{complaint} in {WITHIN_SECONDS:.0f} s; the end of {log}:\n{last_lines(log)}")
        supervisor.pause(POLL_SECONDS)


def _quietly(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except OSError:
        return False
