"""containerd on a real node: its configuration, its process, and how images get in.

It decides that AppArmor stays out of it: a profile would have to be loaded into the machine's kernel and would stay there.
Sources: containerd 2.4, docs/cri/config.md and docs/PLUGINS.md (configuration version 3);
capabilities(7) for the one restriction that small machines need.
"""

import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.process import ProcessSpec
from ostiary.sandbox.realnode import mounts
from ostiary.sandbox.realnode.tools import CNI_DIRECTORIES, SYSTEM_PATH

SOCKET = Path("/run/containerd/containerd.sock")
CNI_CONFIGURATION = mounts.NODE / "cni"
PAUSE_IMAGE = "ostiary.local/pause:1"
NAMESPACE = "k8s.io"
CAP_SYS_RESOURCE = 24  # linux/capability.h


def configuration(engines: Path, *, snapshotter: str, restrict_oom: bool) -> str:
    """The text of config.toml; ``snapshotter`` is overlayfs, or native where that cannot be."""
    directories = ", ".join(f'"{place}"' for place in (engines, *CNI_DIRECTORIES))
    return f"""version = 3
root = "{mounts.NODE}/containerd"
state = "{SOCKET.parent}"

[grpc]
  address = "{SOCKET}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{mounts.NODE}/opt"

[plugins."io.containerd.nri.v1.nri"]
  disable = true

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "{snapshotter}"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  restrict_oom_score_adj = {str(restrict_oom).lower()}
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [{directories}]
    conf_dir = "{CNI_CONFIGURATION}"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def process(plane: Plane, snapshotter: str) -> ProcessSpec:
    """Write the configuration and say how to start containerd."""
    file = mounts.NODE / "containerd.toml"
    file.write_text(configuration(plane.engines, snapshotter=snapshotter, restrict_oom=not _has_capability(CAP_SYS_RESOURCE)))
    return ProcessSpec(
        "containerd",
        (str(plane.engines / "containerd"), "--config", str(file)),
        log=plane.layout.log("containerd"),
        env={"PATH": f"{plane.engines}:{SYSTEM_PATH}"},  # the shim, runc and what they call
        stop_signal=signal.SIGKILL,  # the namespace ends with everything in it: nothing to be polite to
        ready=_answers,
    )


def snapshotter_of(directory: Path) -> str:
    """What containerd can keep layers with under ``directory``."""
    return "overlayfs" if mounts.can_overlay(directory) else "native"


def import_command(engines: Path, archive: Path, snapshotter: str) -> Sequence[str]:
    """The command that makes the images of an archive known to the kubelet."""
    options = ("--address", str(SOCKET), "--namespace", NAMESPACE)
    return (str(engines / "ctr"), *options, "images", "import", "--local", "--snapshotter", snapshotter, str(archive))


def _answers() -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(SOCKET))
    return True


def _has_capability(number: int, pid: str = "self") -> bool:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return os.geteuid() == 0
