"""One command at a time works on a cluster: an flock(2), dropped by the kernel when its holder dies.

The lock's file is removed by who ends the cluster, so a lock counts only while its file is the one that others would open.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ostiary.sandbox.progress import Progress, silent
from ostiary.sandbox.state import make_private


@contextlib.contextmanager
def held(path: Path, progress: Progress = silent) -> Iterator[None]:
    """Hold the lock ``path``, waiting for it and saying so."""
    make_private(path.parent)
    began = time.monotonic()
    while (descriptor := _try(path)) is None:
        progress(f"waiting for another command that works on {path.stem.removeprefix('.')}", time.monotonic() - began)
        time.sleep(0.1)
    try:
        yield
    finally:
        os.close(descriptor)


def _try(path: Path) -> int | None:
    """A descriptor that holds the lock, or None when somebody else has it or has just removed its file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
