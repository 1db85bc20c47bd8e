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
    from collections.abc import Sequence

    from ostiary.adapters.kubernetes.access import Access
    from ostiary.model.cluster import Cluster
    from ostiary.model.evidence import Evidence
    from ostiary.model.intent import Intent
    from ostiary.model.world import World

LIVE = "live"
INTENT = Path("ostiary.yaml")
_LARGEST_KUBECONFIG = 4 * 1024 * 1024


def read_world(
    source: str | None = None,
    *,
    kubeconfig: Path | None = None,
    context: str | None = None,
    intent: Path | None = None,
    today: date | None = None,
    evidence: "Sequence[str]" = (),
) -> "World":
    """Everything that a verdict depends on. The intent is read first: a typo in it costs nobody a wait."""
    from ostiary.model.world import World

    wanted = read_intent(intent)
    if source == "-" and "-" in evidence:
        raise BadInput("manifests and evidence cannot both come from stdin", todo="give one of them as a file")
    happened = _evidence(evidence)
    cluster = read_cluster(source, kubeconfig=kubeconfig, context=context)
    return World.of(cluster, today=today or datetime.now(UTC).date(), intent=wanted, evidence=happened)


def _evidence(paths: "Sequence[str]") -> "Evidence | None":
    if not paths:
        return None
    from ostiary.adapters.evidence_files import read_evidence

    found = read_evidence(paths, say)
    for stream in found.streams:
        say(f"evidence: {stream.records} records from {stream.since} to {stream.until}")
        for gap in stream.gaps:
            say(f"  gap: {gap}")
    return found


def read_cluster(source: str | None = None, *, kubeconfig: Path | None = None, context: str | None = None) -> "Cluster":
    """The Cluster of a source. BadInput when there is no such source, Unreachable when it does not answer."""
    return read_sealed(source, kubeconfig=kubeconfig, context=context)[0]


def read_sealed(
    source: str | None = None, *, kubeconfig: Path | None = None, context: str | None = None
) -> "tuple[Cluster, str]":
    """As ``read_cluster``, with the name of the key that its possible secrets are sealed under."""
    from ostiary.adapters.seal_key import key_id, seal_key

    if _is_live(source):
        return _read_live(access_of(source, kubeconfig=kubeconfig, context=context)), key_id(seal_key())
    if kubeconfig or context:
        raise BadInput(f"--kubeconfig and --context are for a live cluster, and {source} is none", todo="give one or the other")
    if _is_snapshot(source):
        from ostiary.adapters import snapshot_file

        header, cluster = snapshot_file.read(Path(source or ""))
        return cluster, header.seal_key
    return _read_manifests(source or ""), key_id(seal_key())


def access_of(source: str | None = None, *, kubeconfig: Path | None = None, context: str | None = None) -> "Access":
    """How to reach the live cluster that is meant. BadInput when a source is given that is not live, and when none is configured."""
    from ostiary.adapters.kubernetes.in_cluster import in_cluster
    from ostiary.adapters.kubernetes.kubeconfig import kubeconfig_files, load

    if not _is_live(source):
        raise BadInput(
            f"{source} is not a live cluster", todo="give a kubeconfig file, `live`, or nothing for the current context"
        )
    if source not in (None, LIVE) and kubeconfig:
        raise BadInput(f"two kubeconfigs were given, {source} and {kubeconfig}", todo="give one")
    chosen = kubeconfig or (Path(source) if source and source != LIVE else None)
    if chosen and not chosen.is_file():
        raise BadInput(f"there is no kubeconfig {chosen}", todo="check --kubeconfig")
    files = [chosen] if chosen else kubeconfig_files(os.environ)
    if any(file.is_file() for file in files):
        return load(files, context)
    if inside := in_cluster(os.environ):
        return inside
    raise BadInput(
        "no cluster is named: there is no kubeconfig, and this is no pod",
        todo=f"tried {', '.join(str(file) for file in files)}; give a SOURCE, --kubeconfig, or try: ostiary sandbox up",
    )


def read_intent(path: Path | None) -> "Intent":
    """The intent file that is named, or ``./ostiary.yaml`` if it is there, or nothing said."""
    from ostiary.adapters.intent_file import load
    from ostiary.model.intent import Intent

    if path is None and INTENT.is_file():
        say(f"intent: {INTENT}")
        path = INTENT
    return load(path) if path else Intent()


def _is_live(source: str | None) -> bool:
    """Nothing, ``live``, or a file that holds a kubeconfig."""
    if source in (None, LIVE):
        return True
    path = Path(source or "")
    return source != "-" and path.is_file() and _is_kubeconfig(path)


def _is_kubeconfig(path: Path) -> bool:
    from ostiary.adapters.decode import Unreadable
    from ostiary.adapters.manifests import yaml_reader

    if path.stat().st_size > _LARGEST_KUBECONFIG:
        return False
    data = path.read_bytes()
    if b"Config" not in data or b"clusters" not in data:
        return False
    try:
        value = yaml_reader.read(data.decode("utf-8"))
    except (Unreadable, UnicodeDecodeError):
        return False
    return isinstance(value, dict) and value.get("kind") == "Config" and "clusters" in value


def _is_snapshot(source: str | None) -> bool:
    from ostiary.adapters import snapshot_file

    path = Path(source or "")
    return source != "-" and path.is_file() and snapshot_file.is_snapshot(path)


def _read_manifests(source: str) -> "Cluster":
    from ostiary.adapters.manifests import directory
    from ostiary.adapters.seal_key import seal_key

    if source == "-":
        return directory.read_text(_stdin(), "stdin", seal_key(), say)
    path = Path(source)
    if path.is_dir():
        return directory.read_directory(path, seal_key(), say)
    if path.is_file():
        return directory.read_file(path, seal_key(), say)
    raise BadInput(
        f"there is no {source!r}: not a directory, not a file",
        todo="SOURCE is a directory, a manifest, a snapshot, a kubeconfig, - or live",
    )


def _stdin() -> str:
    if sys.stdin.isatty():
        say("reading manifests from the terminal; end with Ctrl-D")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("stdin is not UTF-8", todo="give manifests in YAML or JSON") from None


def _read_live(access: "Access") -> "Cluster":
    import asyncio

    from ostiary.adapters.kubernetes.client import Client
    from ostiary.adapters.kubernetes.live import read_live
    from ostiary.adapters.seal_key import seal_key
    from ostiary.cli.progress import Progress

    if access.insecure:
        say(
            f"warning: the certificate of {access.server} is NOT checked (insecure-skip-tls-verify): anyone in between can answer"
        )

    async def read() -> "Cluster":
        async with Client(access) as client:
            with Progress(f"reading {access}") as progress:
                return await read_live(client, seal_key(), progress)

    return asyncio.run(read())
