"""A namespace for the time of one test, in any running cluster."""

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping

from ostiary.sandbox.running import RunningCluster


@contextlib.contextmanager
def fresh_namespace(cluster: RunningCluster, labels: Mapping[str, str] | None = None) -> Iterator[str]:
    """Make a namespace with a name of its own, wait until pods can be made in it, and delete it at the end, without waiting for that."""
    name = f"test-{secrets.token_hex(5)}"
    value = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels or {})}}
    cluster.run("kubectl", "create", "--filename=-", stdin=json.dumps(value))
    try:
        cluster.run("kubectl", "wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=60s")
        yield name
    finally:
        cluster.run("kubectl", "delete", "namespace", name, "--wait=false")
