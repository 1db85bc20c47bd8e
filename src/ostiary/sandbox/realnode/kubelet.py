"""The kubelet of a real node: its configuration and its process.

It decides what a sandbox's node differs in from a usual one: it may use little space, it tolerates cgroup v1 and swap, its
control groups lie under the cluster's own root, and it leaves the host's sysctls alone (see ``quiet``). Source: KubeletConfiguration
v1beta1 and cmd/kubelet/app/options of Kubernetes 1.37.
"""

import json
import signal
import sys
from pathlib import Path

from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.probe import Probe
from ostiary.sandbox.process import ProcessSpec
from ostiary.sandbox.realnode import cgroups, containerd, mounts, quiet
from ostiary.sandbox.realnode.identity import kubeconfig
from ostiary.sandbox.realnode.names import NODE_NAME
from ostiary.sandbox.realnode.tools import SYSTEM_PATH

ROOT = mounts.NODE / "kubelet"
POD_LOGS = mounts.NODE / "pod-logs"


def configuration(plane: Plane, certificate: Path, key: Path) -> dict[str, object]:
    """The KubeletConfiguration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": plane.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(plane.authority.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(certificate),
        "tlsPrivateKeyFile": str(key),
        "clusterDomain": "cluster.local",
        "clusterDNS": [plane.dns_address],
        "resolvConf": str(mounts.NODE / "resolv.conf"),
        "containerRuntimeEndpoint": f"unix://{containerd.SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.root_name(plane.identity)}",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": str(POD_LOGS),
        "volumePluginDir": str(mounts.NODE / "volume-plugins"),
        "protectKernelDefaults": False,
        "registerNode": True,
        "featureGates": dict(plane.feature_gates),
        "syncFrequency": "10s",
        "shutdownGracePeriod": "0s",
    }


def process(plane: Plane, probe: Probe) -> ProcessSpec:
    """Issue the node's certificate, write the configuration and say how to start the kubelet; ready means that the node is."""
    names = (NODE_NAME, plane.address)
    pair = plane.authority.issue("kubelet", user=f"system:node:{NODE_NAME}", groups=("system:nodes",), names=names)
    file = mounts.NODE / "kubelet.json"
    file.write_text(json.dumps(configuration(plane, pair.certificate, pair.key), indent=2))
    (mounts.NODE / "resolv.conf").write_text(f"nameserver {plane.dns_address}\n")
    arguments = (
        f"--config={file}",
        f"--kubeconfig={kubeconfig(plane, 'kubelet', pair)}",
        f"--root-dir={ROOT}",
        f"--cert-dir={ROOT}/pki",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={plane.address}",
        "--v=2",
    )
    return ProcessSpec(
        "kubelet",
        (sys.executable, "-I", "-S", quiet.__file__, str(mounts.NODE / "sysctl"), str(plane.engines / "kubelet"), *arguments),
        log=plane.layout.log("kubelet"),
        env={"PATH": SYSTEM_PATH, "HOME": str(mounts.NODE)},
        stop_signal=signal.SIGKILL,  # the namespace ends with everything in it: nothing to be polite to
        ready=lambda: is_ready(probe),
    )


def is_ready(probe: Probe) -> bool:
    """Whether the node's condition says so."""
    node = probe.json(f"/api/v1/nodes/{NODE_NAME}")
    conditions = node.get("status", {}).get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
