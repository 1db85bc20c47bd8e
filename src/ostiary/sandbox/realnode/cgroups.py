"""The control groups of one cluster: one root ``/ostiary-IDENTITY`` in every hierarchy, made before and removed after it.

Below it ``engines`` holds the control plane and the node's own processes, and the kubelet makes ``kubepods`` for containers.
The name carries the cluster's random identity, which is what makes everything below it ours to kill and to remove. It decides
nothing about limits. Both versions are handled: v1 (one hierarchy a controller; ``cpuset`` needs its processors and memory
nodes filled in by hand) and v2 (controllers are switched on for children, and a group with children holds no process).
Source: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel.

>>> parse_mounts("30 25 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\\n31 25 0:27 / /proc rw - proc proc rw")
[Hierarchy(path=PosixPath('/sys/fs/cgroup/cpu'), version=1)]
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WANTED_V2 = ("cpuset", "cpu", "io", "memory", "pids", "hugetlb")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted cgroup file system."""

    path: Path
    version: int


def parse_mounts(mountinfo: str) -> list[Hierarchy]:
    """The cgroup file systems in the text of ``/proc/self/mountinfo``, see proc(5)."""
    found = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        kind = right.split(" ", 1)[0]
        if kind in ("cgroup", "cgroup2"):
            found.append(Hierarchy(Path(left.split()[4]), 2 if kind == "cgroup2" else 1))
    return found


def hierarchies() -> list[Hierarchy]:
    """The cgroup file systems that this process sees."""
    return parse_mounts(Path("/proc/self/mountinfo").read_text())


def managed(found: list[Hierarchy]) -> list[Hierarchy]:
    """Those in which groups are made: every v1 hierarchy, and v2 only where it is the only one (not in hybrid mode)."""
    first = [hierarchy for hierarchy in found if hierarchy.version == 1]
    return first or found


def root_name(identity: str) -> str:
    """The name of a cluster's root group, the same in every hierarchy."""
    return f"ostiary-{identity}"


def create(identity: str) -> None:
    """Make the cluster's groups, and put this process (with all that it will start) into ``engines``."""
    for hierarchy in managed(hierarchies()):
        root = hierarchy.path / root_name(identity)
        if hierarchy.version == 2:
            _enable(hierarchy.path)
        for group in (root, root / "engines"):
            group.mkdir(mode=0o755, exist_ok=True)
            if hierarchy.version == 2 and group == root:
                _enable(group)
            _fill_cpuset(group)
        (root / "engines" / "cgroup.procs").write_text(str(os.getpid()))


def _enable(group: Path) -> None:
    """cgroup v2: let children of ``group`` use every controller that is there."""
    have = (group / "cgroup.controllers").read_text().split()
    on = (group / "cgroup.subtree_control").read_text().split()
    for controller in WANTED_V2:
        if controller in have and controller not in on:
            try:
                (group / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError as error:
                raise OSError(error.errno, f"cannot enable {controller} in {group}/cgroup.subtree_control") from error


def _fill_cpuset(group: Path) -> None:
    """cgroup v1: a new cpuset is empty and takes no process until it has its parent's processors and memory nodes."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = group / name
        if file.exists() and not file.read_text().strip() and (parent := (group.parent / name)).exists():
            file.write_text(parent.read_text().strip())


def roots(identity: str) -> list[Path]:
    """The cluster's root groups that exist."""
    paths = [hierarchy.path / root_name(identity) for hierarchy in hierarchies()]
    return [path for path in paths if path.is_dir()]


def members(root: Path) -> Iterator[int]:
    """Every process in ``root`` and below, as this pid namespace numbers it; 0 is one of another namespace."""
    for directory, _, _ in os.walk(root):
        with contextlib.suppress(OSError):
            for line in (Path(directory) / "cgroup.procs").read_text().split():
                yield int(line)


def remove(identity: str, *, within: float = 10.0) -> bool:
    """Kill what still runs in the cluster's groups and remove them; True when nothing is left of them.

    A caller that is in there itself, the cluster's own init, leaves them first. The kernel frees a group a moment after its
    last process ended: this tries again until ``within`` seconds have passed.
    """
    deadline = time.monotonic() + within
    while left := roots(identity):
        _leave(left)
        for root in left:
            _kill(root)
            _remove_tree(root)
        if time.monotonic() > deadline:
            return not roots(identity)
        time.sleep(0.02)
    return True


def _leave(left: list[Path]) -> None:
    for root in left:
        if os.getpid() in members(root):
            with contextlib.suppress(OSError):
                (root.parent / "cgroup.procs").write_text(str(os.getpid()))


def _kill(root: Path) -> None:
    for pid in set(members(root)) - {0, os.getpid()}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _remove_tree(root: Path) -> None:
    for directory, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(directory)
