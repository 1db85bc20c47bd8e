"""From what people write after a verb to a World: which source is meant, what the intent file says, and what today is.

SOURCE is a directory of manifests, a manifest file, ``-`` (manifests on stdin), a snapshot file, a kubeconfig file, or ``live``; nothing means ``live``:
the current context of the kubeconfig, or the cluster that this process runs in. A file is told by what stands in it, never by its name.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ostiary.cli.output import say
from ostiary.core.errors import BadInput

if TYPE_CHECKING:
    from ostiary.model.cluster import Cluster
    from ostiary.model.intent import Intent
    from ostiary.model.world import World

LIVE = "live"


def read_world(
    source: str | None = None,
    *,
    kubeconfig: Path | None = None,
    context: str | None = None,
    intent: Path | None = None,
    today: date | None = None,
) -> "World":
    """Everything that a verdict depends on."""
    from ostiary.model.world import World

    wanted = read_intent(intent)
    cluster = read_cluster(source, kubeconfig=kubeconfig, context=context)
    return World.of(cluster, today=today or datetime.now(UTC).date(), intent=wanted)


def read_cluster(source: str | None = None, *, kubeconfig: Path | None = None, context: str | None = None) -> "Cluster":
    """The Cluster of a source. BadInput when there is no such source, Unreachable when it does not answer."""
    from ostiary.adapters.manifests import directory
    from ostiary.adapters.seal_key import seal_key

    if source == "-":
        return directory.read_text(sys.stdin.buffer.read().decode("utf-8", "replace"), "stdin", seal_key(), say)
    path = Path(source or ".")
    if path.is_dir():
        return directory.read_directory(path, seal_key(), say)
    if path.is_file():
        return directory.read_file(path, seal_key(), say)
    raise BadInput(f"there is no {source!r}", todo="give a directory, a manifest, a snapshot, a kubeconfig, - or live")


def read_intent(path: Path | None) -> "Intent":
    """The intent file, if there is one."""
    from ostiary.model.intent import Intent

    return Intent()
