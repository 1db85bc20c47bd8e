"""From what people write after a verb to a World: which source is meant, what the intent file says, and what today is.

SOURCE is a directory of manifests, a manifest file, ``-`` (manifests on stdin), a snapshot file, a kubeconfig file, or ``live``; nothing means ``live``:
the current context of the kubeconfig, or the cluster that this process runs in. A file is told by what stands in it, never by its name.
"""

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ostiary.cli.output import say
from ostiary.core.errors import BadInput

if TYPE_CHECKING:
    from ostiary.adapters.kubernetes.access import Access
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

    if source in (None, LIVE):
        return _live(_access(kubeconfig, context))
    if source == "-":
        return directory.read_text(sys.stdin.buffer.read().decode("utf-8", "replace"), "stdin", seal_key(), say)
    path = Path(source or ".")
    if path.is_dir():
        return directory.read_directory(path, seal_key(), say)
    if path.is_file():
        return directory.read_file(path, seal_key(), say)
    raise BadInput(f"there is no {source!r}", todo="give a directory, a manifest, a snapshot, a kubeconfig, - or live")


def _access(kubeconfig: Path | None, context: str | None) -> "Access":
    from ostiary.adapters.kubernetes.in_cluster import in_cluster
    from ostiary.adapters.kubernetes.kubeconfig import kubeconfig_files, load

    files = [kubeconfig] if kubeconfig else kubeconfig_files(os.environ)
    if kubeconfig and not kubeconfig.is_file():
        raise BadInput(f"there is no kubeconfig {kubeconfig}", todo="check --kubeconfig")
    if any(file.is_file() for file in files):
        return load(files, context)
    if inside := in_cluster(os.environ):
        return inside
    raise BadInput(
        "no cluster is named: there is no kubeconfig, and this is no pod",
        todo=f"tried {', '.join(str(file) for file in files)}; give a SOURCE, --kubeconfig, or try: ostiary sandbox up",
    )


def _live(access: "Access") -> "Cluster":
    import asyncio

    from ostiary.adapters.kubernetes.client import Client
    from ostiary.adapters.kubernetes.live import read_live
    from ostiary.adapters.seal_key import seal_key

    if access.insecure:
        say(f"warning: the certificate of {access.server} is not checked (insecure-skip-tls-verify)")

    async def read() -> "Cluster":
        async with Client(access) as client:
            return await read_live(client, seal_key())

    return asyncio.run(read())


def read_intent(path: Path | None) -> "Intent":
    """The intent file, if there is one."""
    from ostiary.model.intent import Intent

    return Intent()
