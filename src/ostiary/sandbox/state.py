"""What is known about a cluster between commands: one JSON file, written by one process at a time, replaced as a whole.

The keeper writes it first, the supervisor while the cluster lives, the keeper (or, if that is gone, the supervisor) at the
end. A reader never sees half a record. Whether a cluster really lives is not what the file says but whether its keeper does.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from ostiary.core.errors import BadInput
from ostiary.sandbox.layout import Layout, state_root
from ostiary.sandbox.mark import ProcessId
from ostiary.sandbox.options import SandboxOptions


class Phase(StrEnum):
    """Where a cluster is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """One life of one cluster.

    ``pids`` are as its supervisor sees them: inside a namespace for a real node. ``why`` it ended.
    """

    identity: str
    options: SandboxOptions
    engines: Path
    kubernetes_version: str
    created: str
    keeper: ProcessId
    phase: Phase = Phase.STARTING
    server: str = ""
    pids: Mapping[str, int] = field(default_factory=dict)
    why: str = ""

    @property
    def alive(self) -> bool:
        """Whether the cluster is looked after."""
        return self.phase is not Phase.ENDED and self.keeper.alive


def write(layout: Layout, record: ClusterRecord) -> None:
    """Replace the record atomically, 0600."""
    descriptor, temporary = tempfile.mkstemp(prefix=".cluster-", dir=layout.directory)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(record, enc_hook=_encode), indent=2))
    os.replace(temporary, layout.record)


def read(layout: Layout) -> ClusterRecord | None:
    """The record, or None when there is none. BadInput when it cannot be read as one."""
    try:
        content = layout.record.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return msgspec.json.decode(content, type=ClusterRecord, dec_hook=_decode)
    except msgspec.MsgspecError as error:
        raise BadInput(
            f"{layout.record} is not a record of a sandbox: {error}",
            todo=f"another version of ostiary wrote it? remove {layout.directory}",
        ) from error


def clusters() -> list[Layout]:
    """Every cluster that has a directory, by name."""
    root = state_root()
    if not root.is_dir():
        return []
    return [Layout(path) for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def make_private(directory: Path) -> None:
    """Make a directory 0700, and its parents."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)


def _encode(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError


def _decode(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError
