"""Records from the gateway's files: all of them in order, or the newest and then each as it is written, across rotation.

A line is given when it is whole. A file that was renamed while it was read is read to its end before the next one, so nothing is missed and nothing
comes twice.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from ostiary.core.errors import BadInput, Unreachable
from ostiary.gateway.rotation import archives
from ostiary.pillars.access.envoy.names import RECORDS
from ostiary.pillars.access.records import Record, read

POLL_SECONDS = 0.1


def everything(directory: Path) -> Iterator[Record]:
    """Every record that is still there, oldest file first."""
    for file in (*archives(directory), _current(directory)):
        try:
            with file.open("rb") as opened:
                yield from _whole(opened)
        except FileNotFoundError:  # rotated away, or the first is yet to come
            continue


def follow(
    directory: Path,
    *,
    last: int,
    wanted: Callable[[Record], bool] = lambda record: True,
    going: Callable[[], bool] = lambda: True,
) -> Iterator[Record | None]:
    """The ``last`` wanted records of the current file, then each new one, wanted or not. None: nothing new just now; the caller may look elsewhere, or stop."""
    current = _current(directory)
    while not current.exists():
        if not going():
            return
        yield None
        time.sleep(POLL_SECONDS)
    opened = current.open("rb")
    try:
        yield from deque(filter(wanted, _whole(opened)), maxlen=last) if last else _skip(opened)
        while going():
            yield from _whole(opened)
            following = _next(directory, opened)
            if following is not None:
                yield from _whole(opened)  # what came between the look and the rename
                opened.close()
                opened = following.open("rb")
                continue
            yield None
            time.sleep(POLL_SECONDS)
    finally:
        opened.close()


def _current(directory: Path) -> Path:
    if not directory.is_dir():
        raise Unreachable(f"there is no gateway's directory {directory}", todo="give --directory, or start one: ostiary up")
    return directory / RECORDS


def _skip(opened: BufferedReader) -> Iterator[Record]:
    deque(_whole(opened), maxlen=0)
    return iter(())


def _whole(opened: BufferedReader) -> Iterator[Record]:
    """Records of the lines that are whole; the file stays at the start of one that is not."""
    while line := opened.readline():
        if not line.endswith(b"\n"):
            opened.seek(-len(line), os.SEEK_CUR)
            return
        try:
            yield read(line)
        except BadInput:  # a line that a crash cut and the next life of Envoy wrote on
            continue


def _next(directory: Path, opened: BufferedReader) -> Path | None:
    """The file to read after this one, when this one is not the current any more and the next is there."""
    mine = os.fstat(opened.fileno())
    files = [*archives(directory), directory / RECORDS]
    for position, file in enumerate(files):
        try:
            found = file.stat()
        except FileNotFoundError:
            continue
        if os.path.samestat(mine, found):
            after = [one for one in files[position + 1 :] if one.exists()]
            return after[0] if after else None
    return next((one for one in files if one.exists()), None)  # it has been removed: go on with the oldest that is there
