"""Become the kubelet in a mount namespace where the host's sysctls already have the values that it would write.

The kubelet sets ``vm.overcommit_memory``, ``kernel.panic`` and a few more for the whole machine when they differ from what it
wants. A sandbox leaves the machine alone: here files with the wanted values lie over them, for the kubelet alone; its other
mounts propagate to the node as ever. Run as ``python -I -S quiet.py DIRECTORY PROGRAM ARGUMENT...``, standard library only.
Source: pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables.
"""

import ctypes
import os
import sys

TUNABLES = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
CLONE_NEWNS = 0x0002_0000
MS_BIND = 4096
MS_PRIVATE = 1 << 18


def main() -> None:
    """Cover the tunables and become PROGRAM."""
    directory, argv = sys.argv[1], sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    os.makedirs(directory, exist_ok=True)
    _check(libc.unshare(CLONE_NEWNS), "unshare")
    _check(libc.mount(None, b"/proc", None, MS_PRIVATE, None), "make /proc private")
    for name, value in TUNABLES.items():
        target = f"/proc/sys/{name}"
        if not os.path.exists(target):
            continue
        cover = os.path.join(directory, name.replace("/", "."))
        with open(cover, "w") as file:
            file.write(f"{value}\n")
        _check(libc.mount(os.fsencode(cover), os.fsencode(target), None, MS_BIND, None), f"cover {target}")
    os.execv(argv[0], argv)  # noqa: S606 - becoming the kubelet is what this is for


def _check(result: int, tried: str) -> None:
    if result != 0:
        sys.exit(f"quiet: cannot {tried}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
