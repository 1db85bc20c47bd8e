"""What a real node sees of the file system: the host's, with private ``/run``, ``/proc``, ``/var/lib`` and ``/var/log``.

The engines of a node have paths compiled in (``/run/containerd/s``, ``/var/lib/calico``, ``/var/log/containers``). Inside the
cluster's mount namespace these lie on one private tmpfs: directly for ``/run``, as the upper layer of an overlay for ``/var``,
so that nothing lands on the host and all of it vanishes with the namespace. The cluster's own node directory appears as
``/run/ostiary-node``, a path short enough for the 108 bytes of a Unix socket's address wherever the state directory lies.
Source: mount_namespaces(7), overlayfs.rst of the kernel, unix(7).
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ostiary.sandbox.realnode.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    MS_SHARED,
    mount,
    umount,
)

NODE = Path("/run/ostiary-node")
"""Where the cluster's node directory appears inside."""

RUN = Path("/run")
LAYERED = (Path("/var/lib"), Path("/var/log"))
UPPER = RUN / "upper"


def arrange(node: Path, keep: Sequence[Path]) -> None:
    """Make the mounts; the caller has just entered a mount namespace of its own, as init of a new pid namespace.

    ``node`` and every directory in ``keep`` stay reachable and writable under their own paths, also below ``/run`` or ``/var``.
    """
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
    kept = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (node, *keep)}
    mount("tmpfs", str(RUN), "tmpfs", flags=MS_NOSUID | MS_NODEV, options="mode=755")
    for directory in LAYERED:
        _layer(directory)
    NODE.mkdir()
    _bind(kept[node], NODE)
    for path, descriptor in kept.items():
        if any(path.is_relative_to(covered) for covered in (RUN, *LAYERED)):
            path.mkdir(parents=True, exist_ok=True)
            _bind(descriptor, path)
    for descriptor in kept.values():
        os.close(descriptor)
    mount("proc", "/proc", "proc", flags=MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount(None, "/", flags=MS_REC | MS_SHARED)  # volumes that the kubelet mounts have to reach containers


def _layer(directory: Path) -> None:
    upper, work = (UPPER / directory.name / part for part in ("upper", "work"))
    for part in (upper, work):
        part.mkdir(parents=True)
    mount("overlay", str(directory), "overlay", options=f"lowerdir={directory},upperdir={upper},workdir={work}")


def _bind(descriptor: int, target: Path) -> None:
    mount(f"/proc/self/fd/{descriptor}", str(target), flags=MS_BIND | MS_REC)


def can_overlay(directory: Path) -> bool:
    """Whether ``directory`` may hold the upper layer of an overlay: not where it lies on an overlay itself."""
    with tempfile.TemporaryDirectory(prefix="overlay-", dir=directory) as probe:
        lower, upper, work, merged = (Path(probe, part) for part in ("lower", "upper", "work", "merged"))
        for part in (lower, upper, work, merged):
            part.mkdir()
        try:
            mount("overlay", str(merged), "overlay", options=f"lowerdir={lower},upperdir={upper},workdir={work}")
        except OSError:
            return False
        umount(str(merged))
    return True
