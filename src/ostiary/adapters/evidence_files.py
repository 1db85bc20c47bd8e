"""Audit logs in files: one file, a directory of rotated ones, gzipped or not, or standard input; read in pieces, whatever their size.

A log that is still being written ends in the middle of a line. Where that is the newest file, its stream ends there, which is said and is no gap; a file
that breaks off while later events are known is one.

>>> from io import BytesIO
>>> tally = Tally()
>>> rest = _feed(tally, BytesIO(b"{}"), "audit.log")
>>> [str(gap) for gap in tally.gaps()], rest
(['unreadable (kind and apiVersion are not those of an Event of audit.k8s.io/v1) [audit.log:1]'], None)
"""

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from ostiary.core.errors import BadInput, Unreachable
from ostiary.evidence.audit_event import wrong
from ostiary.evidence.rows import evidence
from ostiary.evidence.tally import Tally
from ostiary.model.evidence import Evidence, Gap, Lack

PIECE = 1 << 18
LONGEST = 1 << 26  # a line: an event with two bodies of an API server's largest object
_GZIP = b"\x1f\x8b"


class _Cut(NamedTuple):
    """Where a file breaks off, and the hour of its last whole line."""

    where: str
    hour: str


def read_evidence(paths: Sequence[str], say: Callable[[str], None] = lambda _: None) -> Evidence:
    """What these logs show. BadInput when there is no such file, or nothing in it that is an audit event."""
    tally, cuts, names = Tally(), list[_Cut](), list[str]()
    for path in paths:
        for name, raw in _streams(path):
            names.append(name)
            with raw:
                cut = _feed(tally, _opened(raw), name)
            cuts += [cut] if cut else []
    if not tally.records:
        first = next(tally.gaps(), None)
        raise BadInput(
            f"there is no audit event in {', '.join(paths)}" + (f": {first}" if first else ""),
            todo="give logs of audit.k8s.io/v1 at level Metadata or above: files, directories, .gz, or - for stdin",
        )
    _judge(tally, cuts, say)
    return evidence(tally, "audit", ", ".join(dict.fromkeys(names)))


def _judge(tally: Tally, cuts: Sequence[_Cut], say: Callable[[str], None]) -> None:
    """Which of the files that break off are at the end of everything."""
    until = tally.span()[1]
    for cut in cuts:
        if cut.hour == until[:13]:
            say(f"{cut.where}: the last line is not complete; the evidence ends before it")
        else:
            tally.miss(
                Gap(
                    lack=Lack.TRUNCATED,
                    since=f"{cut.hour}:00:00Z" if cut.hour else "",
                    detail="the file ends in the middle of a line",
                    where=cut.where,
                )
            )


def _streams(path: str) -> Iterator[tuple[str, BinaryIO]]:
    if path == "-":
        yield "stdin", sys.stdin.buffer
        return
    for file in _files(Path(path)):
        try:
            yield str(file), file.open("rb")
        except OSError as error:
            raise Unreachable(f"cannot read {file}: {error.strerror}", todo="check its permissions") from None


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        if not found:
            raise BadInput(f"there is no file in {path}", todo="give the directory with the audit logs")
        return found
    if not path.exists():
        raise BadInput(f"there is no {path}", todo="--evidence is a file, a directory of rotated files, or - for stdin")
    return [path]


def _opened(raw: BinaryIO) -> BinaryIO:
    """The stream itself, or what a gzipped one holds."""
    magic = raw.peek(2)[:2] if hasattr(raw, "peek") else b""
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if magic == _GZIP else raw


def _feed(tally: Tally, stream: BinaryIO, name: str) -> _Cut | None:
    """Count one stream; where it breaks off, if it does."""
    tally.hour = ""
    rest, line = b"", 1
    for piece in _pieces(stream):
        if piece is None:
            return _Cut(f"{name}:{line}", tally.hour)
        head, newline, tail = piece.rpartition(b"\n")
        if newline:
            lines = rest + head + newline
            tally.take(lines, name, line)
            line, rest = line + lines.count(b"\n"), tail
        else:
            rest += piece
        if len(rest) > LONGEST:
            raise BadInput(
                f"{name}:{line}: a line is longer than {LONGEST >> 20} MiB", todo="an audit log has one event a line"
            )
    if not rest.strip():
        return None
    if (gap := wrong(rest)) and gap.lack is Lack.UNREADABLE and "truncated" in gap.detail:
        return _Cut(f"{name}:{line}", tally.hour)
    tally.take(rest + b"\n", name, line)
    return None


def _pieces(stream: BinaryIO) -> Iterator[bytes | None]:
    """The bytes of a stream; None where a compressed one breaks off."""
    try:
        while piece := stream.read(PIECE):
            yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield None
