"""The end of a cluster's life: what its processes leave behind, and the sweeping of lives that ended without anybody to clean up.

Only what carries a cluster's identity, or lies in its directory, is touched. Everything here can be done twice.
"""

import os
import shutil
from dataclasses import replace

from ostiary.core.errors import Unreachable
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.mark import kill_marked
from ostiary.sandbox.state import ClusterRecord, Phase, read, write


def finish(layout: Layout, record: ClusterRecord, why: str) -> None:
    """Remove what outlives the processes, keep the logs, and record why it ended; for keeper or supervisor, the last alive."""
    _clear(layout, record)
    if layout.directory.is_dir():
        for secret in (layout.pki, layout.etcd, layout.node):
            shutil.rmtree(secret, ignore_errors=True)
        layout.kubeconfig.unlink(missing_ok=True)
        write(layout, replace(record, phase=Phase.ENDED, why=why, pids={}))


def sweep(layout: Layout) -> None:
    """Remove a cluster that nobody looks after any more, and all that remains of it. Call with its lock held."""
    record = read(layout)
    if record is not None:
        _clear(layout, record)
    shutil.rmtree(layout.directory, ignore_errors=True)
    if layout.directory.exists():
        raise Unreachable(
            f"cannot remove {layout.directory}", todo="is something mounted there, or does it belong to somebody else?"
        )


def _clear(layout: Layout, record: ClusterRecord) -> None:
    if not kill_marked(record.identity, spare=frozenset({os.getpid()})):
        raise Unreachable(
            f"processes of the cluster {layout.name} cannot be ended", todo=f"find them by OSTIARY_SANDBOX_ID={record.identity}"
        )
    if record.options.nodes.kind == "real":
        from ostiary.sandbox import realnode

        realnode.sweep(layout, record.identity)
