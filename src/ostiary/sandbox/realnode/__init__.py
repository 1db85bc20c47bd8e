"""Real nodes: containerd, kubelet, kube-proxy, Calico and CoreDNS in namespaces of their own, on Linux and as root.

What the rest of the sandbox uses, and nothing else, stands here: see ``nodes`` for the seam.
"""

from ostiary.sandbox.realnode.images import Image, build_image
from ostiary.sandbox.realnode.namespace import spawn, sweep
from ostiary.sandbox.realnode.node import start
from ostiary.sandbox.realnode.tools import packages, require_machine, required_system_tools

ENGINES = (
    "kubelet",
    "kube-proxy",
    "agnhost",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "calico",
    "calico-felix",
    "coredns",
)

__all__ = [
    "ENGINES",
    "Image",
    "build_image",
    "packages",
    "require_machine",
    "required_system_tools",
    "spawn",
    "start",
    "sweep",
]
