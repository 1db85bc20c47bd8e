"""A Cluster in a file: what was seen and what was not, without any secret, checked to the last bit.

    ostiary-snapshot 1 0.1.0 sha256:...            format, the ostiary that wrote it, digest of everything after this line
    gzip of lines of JSON                          read it with: tail -n +2 FILE | zcat
      {"created": ..., "model": ..., "seal_key": ..., "server_version": ...}
      {"section": "pods", "object": {...}}         one line an object, then one line a blind spot
      {"count": 42, "digest": ...}                 how many, and the digest of the cluster

A file that is cut short or has one bit changed is refused, as is one of a newer format, and one written by an ostiary whose model has other fields: an
absent field would be read as "not set". Two snapshots can be compared value by value when their ``seal_key`` is the same.
"""

import gzip
import hashlib
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from ostiary import __version__
from ostiary.adapters.files import stream_atomically
from ostiary.adapters.model_shape import model_shape
from ostiary.adapters.pooled import PodPool
from ostiary.core.errors import BadInput
from ostiary.model.blind import Blind
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import KINDS, SECTIONS
from ostiary.model.sealed import Annotations, Sealed
from ostiary.model.world import World, encode

FORMAT = 1
MAGIC = b"ostiary-snapshot "
_FIRST_LINE = re.compile(rb"ostiary-snapshot ([0-9]{1,6}) ([0-9A-Za-z.+-]{1,40}) sha256:([0-9a-f]{64})\n")
_CHUNK = 1 << 20


class Header(msgspec.Struct, frozen=True):
    """When a snapshot was made, of what, and under which seal key."""

    created: datetime
    model: str
    seal_key: str
    server_version: str


class _Line(msgspec.Struct):
    section: str
    object: msgspec.Raw


class _Trailer(msgspec.Struct):
    count: int
    digest: str


def write(path: Path, cluster: Cluster, *, seal_key: str, created: datetime) -> None:
    """Write a snapshot, atomically and for its owner alone. ``seal_key`` is the name of the key, from ``seal_key.key_id``."""
    header = Header(created.astimezone(UTC), model_shape(), seal_key, cluster.server_version)
    stream_atomically(path, lambda file: _write(file, cluster, header))


def _write(file: IO[bytes], cluster: Cluster, header: Header) -> None:
    file.write(_first_line("0" * 64))
    body = _Hashed(file)
    with gzip.GzipFile(filename="", mode="wb", fileobj=body, mtime=0) as packed:
        packed.write(msgspec.json.encode(header) + b"\n")
        count = 0
        for section in (*SECTIONS, "blind"):
            for value in getattr(cluster, section):
                packed.write(b'{"section":"%s","object":%s}\n' % (section.encode(), encode(value)))
                count += 1
        packed.write(msgspec.json.encode(_Trailer(count, _digest(cluster))) + b"\n")
    file.seek(0)
    file.write(_first_line(body.digest()))


def _first_line(digest: str) -> bytes:
    return MAGIC + f"{FORMAT} {__version__} sha256:{digest}\n".encode()


class _Hashed:
    """A file that is digested while it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def digest(self) -> str:
        return self._hash.hexdigest()


def is_snapshot(path: Path) -> bool:
    """Whether a file says that it is one."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read(path: Path) -> tuple[Header, Cluster]:
    """Read a snapshot back. BadInput for anything but a whole snapshot of this format."""
    try:
        with path.open("rb") as file:
            _check(path, file)
            return _read(path, file)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or 'not a snapshot'}", todo="check the path") from None


def _check(path: Path, file: IO[bytes]) -> None:
    """Leaves the file after its first line."""
    first = file.readline(200)
    match = _FIRST_LINE.fullmatch(first)
    if not match:
        raise _damaged(path, "its first line is not that of a snapshot")
    if int(match[1]) != FORMAT:
        raise BadInput(
            f"{path} is a snapshot of format {int(match[1])}, this ostiary reads format {FORMAT}",
            todo=f"it was written by ostiary {match[2].decode()}: use that one or a newer one",
        )
    found = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        found.update(chunk)
    if found.hexdigest().encode() != match[3] or first != _with_version(match[2], match[3]):
        raise _damaged(path, "its digest is not that of its content")
    file.seek(len(first))


def _with_version(version: bytes, digest: bytes) -> bytes:
    return MAGIC + b"%d %s sha256:%s\n" % (FORMAT, version, digest)


def _read(path: Path, file: IO[bytes]) -> tuple[Header, Cluster]:
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            header = msgspec.json.decode(packed.readline(), type=Header)
            _same_model(path, header)
            sections, trailer = _sections(packed)
    except (EOFError, zlib.error, gzip.BadGzipFile, msgspec.MsgspecError, ValueError, KeyError):
        raise _damaged(path, "its content is not that of a snapshot") from None
    cluster = Cluster(**sections, server_version=header.server_version)
    if trailer.count != sum(map(len, sections.values())) or trailer.digest != _digest(cluster):
        raise _damaged(path, "it does not hold what it says")
    return header, cluster


def _sections(lines: Iterator[bytes] | Any) -> tuple[dict[str, tuple[Any, ...]], _Trailer]:
    found: dict[str, list[Any]] = defaultdict(list)
    pool = PodPool(_unsealed, bytes(32))
    decoders = {kind.section: _decoder(kind.type).decode for kind in KINDS} | {"blind": _decoder(Blind).decode}
    decoders["pods"] = lambda text: pool.pod(wire_pod.decode(text))  # replicas share their equal parts
    wire_pod = msgspec.json.Decoder(pool.wire)
    lined = msgspec.json.Decoder(_Line)
    last = b""
    for line in lines:
        if last:
            entry = lined.decode(last)
            found[entry.section].append(decoders[entry.section](entry.object))
        last = line
    sections = {section: tuple(found[section]) for section in (*SECTIONS, "blind")}
    return sections, msgspec.json.decode(last, type=_Trailer)


def _decoder(of: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(of, dec_hook=_unsealed)


def _unsealed(wanted: type, value: Any) -> Any:
    if wanted is Sealed:
        return Sealed(value)
    if wanted is Annotations:
        return Annotations.of(value)
    raise NotImplementedError(wanted.__name__)


def _same_model(path: Path, header: Header) -> None:
    if header.model != model_shape():
        raise BadInput(
            f"{path} was saved by an ostiary that keeps other fields of objects than this one, {__version__}",
            todo="save it again with this ostiary, or read it with the one in its first line: head -1 FILE",
        )


def _digest(cluster: Cluster) -> str:
    return World.of(cluster, today=date.min).cluster_digest


def _damaged(path: Path, why: str) -> BadInput:
    return BadInput(f"{path} is damaged: {why}", todo="copy or save it again; it is not used")
