"""The few system calls that the standard library of Python 3.11 does not have, with errors that name what was tried.

It decides nothing. Sources: unshare(2), setns(2), mount(2) and the numbers of linux/sched.h, linux/mount.h.

    unshare(CLONE_NEWNS)
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
"""

import ctypes
import os

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SHARED = 1 << 20

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, tried: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{tried}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave namespaces for new ones; with CLONE_NEWPID it is the next child that is in the new one."""
    _check(_libc.unshare(flags), f"unshare({flags:#x})")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace behind ``descriptor``; for CLONE_NEWPID again only children do."""
    _check(_libc.setns(descriptor, kind), f"setns({kind:#x})")


def mount(source: str | None, target: str, kind: str | None = None, *, flags: int = 0, options: str | None = None) -> None:
    """mount(2): ``kind`` is the file system, ``options`` its own comma-separated settings."""
    arguments = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else os.fsencode(options)
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), data), f"mount {kind or source or 'flags'} on {target}")


def umount(target: str) -> None:
    """umount2(2), without any flag: a busy mount raises."""
    _check(_libc.umount2(os.fsencode(target), 0), f"umount {target}")
