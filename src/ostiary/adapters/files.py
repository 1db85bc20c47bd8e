"""Writing a file so that readers see the old one or the new one, never half of one.

A file is written beside its place, forced to disk, and renamed over it; it is readable by its owner alone unless the caller says otherwise.
A place where something stands that is no file (a device, a pipe) is refused: renaming over ``/dev/null`` would take it from the whole machine.

>>> write_atomically(Path("/tmp/ostiary-example"), b"whole")
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ostiary.core.errors import Unreachable


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace ``path`` by ``data``. Unreachable when the disk says no."""
    stream_atomically(path, lambda file: file.write(data), mode=mode)


def stream_atomically(path: Path, write: Callable[[IO[bytes]], object], *, mode: int = 0o600) -> None:
    """As ``write_atomically``, for what is too large to hold: ``write`` gets an open, seekable file."""
    if path.exists() and not path.is_file():
        raise Unreachable(f"cannot write {path}: it is no file", todo="choose another place")
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise Unreachable(f"cannot write {path}: {error.strerror}", todo="choose another place, or make it writable") from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError as error:
        raise Unreachable(f"cannot write {path}: {error.strerror}", todo="is the disk full, or the directory gone?") from None
    finally:
        Path(temporary).unlink(missing_ok=True)
