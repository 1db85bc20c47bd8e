"""What ``ostiary sandbox`` shows: progress on stderr, tables and JSON on stdout."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from ostiary.core.errors import BadInput
from ostiary.sandbox import ClusterStatus, RunningCluster
from ostiary.sandbox.progress import Talk


@contextlib.contextmanager
def talking() -> Iterator[Talk]:
    """Progress for the time of one command."""
    talk = Talk()
    try:
        yield talk
    finally:
        talk.close()


def started(cluster: RunningCluster) -> None:
    """Say that a cluster is ready, and how to use it; stdout stays empty."""
    name = "" if cluster.name == "default" else f" --name {cluster.name}"
    state = "is ready" if cluster.fresh else "is running already, with the same options"
    print(
        f"{cluster.name} {state}: Kubernetes {cluster.record.kubernetes_version} at {cluster.server}, "
        f"nodes: {cluster.record.options.nodes}\n"
        f"  export KUBECONFIG=$(ostiary sandbox kubeconfig{name})\n"
        f"  ostiary sandbox exec{name} -- kubectl get pods -A\n"
        f"  ostiary sandbox down{name}",
        file=sys.stderr,
    )


def print_status(clusters: Sequence[ClusterStatus], output: str) -> None:
    """Print clusters as a table or as JSON."""
    if output == "json":
        print(json.dumps([asdict(cluster) for cluster in clusters], indent=2, default=str))
    elif output == "table":
        print(_table(clusters) if clusters else "no clusters")
    else:
        raise BadInput(f"{output!r} is not a format", todo="use --format table or --format json")


def _table(clusters: Sequence[ClusterStatus]) -> str:
    rows = [("NAME", "PHASE", "NODES", "KUBERNETES", "API SERVER")]
    rows += [(one.name, one.phase, one.nodes, one.kubernetes_version, one.server) for one in clusters]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    reasons = [
        f"{one.name} ended: {_shortly(one.why)}\n  its logs: {one.kubeconfig.parent / 'logs'}" for one in clusters if one.why
    ]
    return "\n".join([*lines, *reasons])


def _shortly(why: str) -> str:
    return why.splitlines()[0]
