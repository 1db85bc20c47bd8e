"""What a real node needs from the system, that no Go module gives: by name, with the Debian package that has it.

It decides what is missing on this machine. Nothing is installed here; whoever may (``make demo`` as root on Debian or Ubuntu)
installs ``packages(missing)`` and says so.

>>> packages(["runc (package runc)", "host-local (package containernetworking-plugins)"])
['containernetworking-plugins', 'runc']
"""

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from ostiary.sandbox.cannot import CannotRun

PROGRAMS = {
    "runc": "runc",
    "iptables": "iptables",
    "ipset": "ipset",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "mount": "mount",
}
CNI_PLUGINS = ("host-local", "loopback", "portmap")
CNI_PACKAGE = "containernetworking-plugins"
CNI_DIRECTORIES = tuple(Path(place) for place in ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"))
BUSYBOX_PLACES = tuple(Path(place) for place in ("/usr/bin/busybox", "/bin/busybox"))
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def required_system_tools() -> list[str]:
    """The missing tools as ``name (package NAME)``, in a fixed order; empty when nothing is missing."""
    missing = [_named(name, package) for name, package in PROGRAMS.items() if find(name) is None]
    missing += [_named(name, CNI_PACKAGE) for name in CNI_PLUGINS if cni_plugin(name) is None]
    if busybox() is None:
        missing.append(_named("busybox", "busybox-static"))
    return missing


def packages(missing: Sequence[str]) -> list[str]:
    """The Debian packages that hold what ``required_system_tools`` says is missing, sorted."""
    return sorted({entry.rpartition("(package ")[2].rstrip(")") for entry in missing})


def require_machine() -> None:
    """Raise CannotRun, with what works all the same, unless this machine can run a real node."""
    instead = "without one, --nodes simulated=N runs pods that answer logs and exec, and --nodes none the API server"
    if platform.system() != "Linux":
        raise CannotRun(f"a real node needs Linux, this is {platform.system()}", todo=instead)
    if os.geteuid() != 0:
        raise CannotRun(f"a real node needs root, this is user {os.geteuid()}", todo=f"try sudo; {instead}")
    if missing := required_system_tools():
        raise CannotRun(
            f"a real node needs tools that this machine does not have: {', '.join(missing)}",
            todo=f"on Debian or Ubuntu: apt-get install {' '.join(packages(missing))}; {instead}",
        )


def find(program: str) -> Path | None:
    """Where a program of the system is; also in the sbin directories that are not on everybody's PATH."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")
    return None if found is None else Path(found)


def cni_plugin(name: str) -> Path | None:
    """Where a CNI plugin of the system is."""
    return next((place / name for place in CNI_DIRECTORIES if os.access(place / name, os.X_OK)), None)


def busybox() -> Path | None:
    """A static busybox, the shell of the images that are made here; a dynamic one is of no use in them."""
    return next((place for place in BUSYBOX_PLACES if place.is_file() and _is_static(place)), None)


def _is_static(program: Path) -> bool:
    """Whether an ELF file asks for no interpreter: its program headers hold no PT_INTERP, and so no loader's path."""
    return b"/ld-linux" not in program.read_bytes()[:8192] and b"/ld-musl" not in program.read_bytes()[:8192]


def _named(name: str, package: str) -> str:
    return f"{name} (package {package})"
