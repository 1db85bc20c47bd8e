"""Kubeconfigs of a node's parts, each with a certificate of its own: none of them is an administrator.

kubeconfig(plane, "kube-proxy", plane.authority.issue("kube-proxy", user="system:kube-proxy"))
"""

from pathlib import Path

from ostiary.sandbox.kubeconfig import write_kubeconfig
from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.pki import KeyPair
from ostiary.sandbox.realnode import mounts


def kubeconfig(plane: Plane, part: str, pair: KeyPair) -> Path:
    """Write the kubeconfig of one part of the node, 0600, and return its path as the node sees it."""
    directory = mounts.NODE / "kubeconfigs"
    directory.mkdir(mode=0o700, exist_ok=True)
    return write_kubeconfig(directory / part, plane.server, plane.authority, pair, cluster=plane.layout.name, user=part)
