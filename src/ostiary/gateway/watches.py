"""Whether the kernel has room for the files that Envoy watches: one inotify instance for each, and Envoy ends itself when it gets none.

Linux counts instances by user (``fs.inotify.max_user_instances``, 128 where nobody raised it). A cluster needs two, the gateway six more, so that some sixty
clusters are the most on a machine as it comes. Asked before a configuration goes live, because with one file too many Envoy would crash in a circle.

>>> short(needed=2006, limit=128, others=20)
1898
>>> short(needed=36, limit=128, others=20)
0
"""

import os
from collections.abc import Iterator
from pathlib import Path

from ostiary.core.errors import Refused

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCE = "anon_inode:inotify"
_ROOMY = 4  # with less than a quarter of the limit needed, nobody is counted


def require_room(needed: int, own: int | None) -> None:
    """Refused when Envoy (``own``: its process id, when it runs) could not watch so many files."""
    try:
        limit = int(LIMIT.read_text())
    except (OSError, ValueError):
        return  # no Linux, or no /proc: nothing is known, and Envoy will tell
    if needed * _ROOMY <= limit:
        return
    missing = short(needed=needed, limit=limit, others=sum(1 for pid in _instances() if pid != own))
    if missing:
        raise Refused(
            f"the gateway would watch {needed} files, and the kernel allows this user {missing} fewer (fs.inotify.max_user_instances is {limit})",
            todo=f"as root: sysctl -w fs.inotify.max_user_instances={max(8192, 2 * (limit + missing))}, and the same in /etc/sysctl.d to keep it",
        )


def short(*, needed: int, limit: int, others: int) -> int:
    """How many instances are missing."""
    return max(0, needed + others - limit)


def _instances() -> Iterator[int]:
    """The process of every inotify instance of this user."""
    user = os.geteuid()
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if process.stat().st_uid != user:
                continue
            for file in (process / "fd").iterdir():
                if file.readlink().name == _INSTANCE:
                    yield int(process.name)
        except OSError:  # it ended just now, or is not ours to look at
            continue
