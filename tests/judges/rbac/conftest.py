"""The judge of this directory: the API server of the sandbox, with its own connections."""

from collections.abc import Iterator

import pytest
from tests.judges.rbac.api import ApiServer

from ostiary.sandbox.lifecycle import RunningCluster


@pytest.fixture(scope="module")
def api(ostiary_cluster: RunningCluster) -> Iterator[ApiServer]:
    """The API server; what a test leaves there is deleted afterwards."""
    server = ApiServer(ostiary_cluster.kubeconfig)
    server.clear()
    yield server
    server.clear()
    server.close()
