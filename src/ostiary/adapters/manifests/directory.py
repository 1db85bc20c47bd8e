"""A Cluster from files: a directory, one file, or a text such as stdin.

Files called ``*.yaml``, ``*.yml`` and ``*.json`` are read, in directories at any depth, sorted by path; what begins with a dot is not. A directory that
is reached twice, through a link, is read once. A file that cannot be read is a blind spot; a directory with nothing in it is an error.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ostiary.adapters.assembly import Assembly, Collector, InOrder
from ostiary.adapters.decode import Decoder
from ostiary.adapters.manifests.documents import documents
from ostiary.adapters.manifests.objects import place
from ostiary.core.errors import BadInput
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import Kind

SUFFIXES = (".yaml", ".yml", ".json")

Say = Callable[[str], None]


def _silent(_text: str) -> None:
    pass


def read_directory(top: Path, key: bytes, say: Say = _silent) -> Cluster:
    """Every manifest below ``top``. BadInput when there is none."""
    reading, decoder = Assembly(), Decoder(key)
    found = list(manifest_files(top))
    if not found:
        raise BadInput(
            f"{top} holds no manifests",
            todo=f"looked for {', '.join('*' + suffix for suffix in SUFFIXES)}, in every directory below",
        )
    for path in found:
        _read_file(path, str(path.relative_to(top)), reading, decoder, say)
    if not reading:
        raise BadInput(f"{top} holds no Kubernetes objects", todo=f"{len(found)} files were read; is it the right directory?")
    return reading.cluster()


def read_file(path: Path, key: bytes, say: Say = _silent) -> Cluster:
    """One manifest file. BadInput when nothing in it is a Kubernetes object."""
    reading = Assembly()
    _read_file(path, path.name, reading, Decoder(key), say)
    if not reading:
        raise BadInput(f"{path} holds no Kubernetes objects", todo="an object has apiVersion, kind and metadata")
    return reading.cluster()


def read_text(text: str, name: str, key: bytes, say: Say = _silent) -> Cluster:
    """Manifests in a text, such as what Helm or kustomize prints."""
    reading = Assembly()
    _read_documents(text, name, reading, Decoder(key), say)
    if not reading:
        raise BadInput(f"{name} holds no Kubernetes objects", todo="an object has apiVersion, kind and metadata")
    return reading.cluster()


def read_in_order(source: str | Path, text: str | None, key: bytes, say: Say = _silent) -> list[tuple[Kind, Any] | Blind]:
    """What stands in one file (or in ``text`` under that name), in the file's own order, nothing merged and nothing left out."""
    reading = InOrder()
    if text is not None:
        _read_documents(text, str(source), reading, Decoder(key), say)
    else:
        _read_file(Path(source), str(source), reading, Decoder(key), say)
    return reading.found


def manifest_files(top: Path) -> Iterator[Path]:
    """Files that may hold manifests, sorted; every real directory once."""
    seen: set[tuple[int, int]] = set()
    found: list[Path] = []
    for folder, below, files in os.walk(top, followlinks=True):
        stat = Path(folder).stat()
        if (stat.st_dev, stat.st_ino) in seen:
            below.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        below[:] = sorted(name for name in below if not name.startswith("."))
        found.extend(Path(folder, name) for name in files if not name.startswith(".") and name.endswith(SUFFIXES))
    yield from sorted(found)


def _read_file(path: Path, name: str, reading: Collector, decoder: Decoder, say: Say) -> None:
    try:
        if path.exists() and not path.is_file():
            raise OSError(0, "not a regular file")
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        reading.blind(Blind(reason=Reason.UNREADABLE, where=name, detail=error.strerror or "cannot be read"))
    except UnicodeDecodeError:
        reading.blind(Blind(reason=Reason.UNREADABLE, where=name, detail="not UTF-8"))
    else:
        _read_documents(text, name, reading, decoder, say)


def _read_documents(text: str, name: str, reading: Collector, decoder: Decoder, say: Say) -> None:
    for document in documents(text):
        where = f"{name}:{document.line}"
        if document.problem:
            reading.blind(Blind(reason=Reason.UNREADABLE, where=where, detail=document.problem))
        elif passed := place(document.value, where, reading, decoder):
            say(f"{where}: passed over, {passed}")
