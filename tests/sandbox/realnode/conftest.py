"""A namespace on the one real cluster of the session."""

from collections.abc import Iterator

import pytest
from tests.sandbox.realnode.place import RESTRICTED, Place

from ostiary.sandbox import RunningCluster
from ostiary.sandbox.namespaces import fresh_namespace


@pytest.fixture
def place(ostiary_real_cluster: RunningCluster) -> Iterator[Place]:
    with fresh_namespace(ostiary_real_cluster, RESTRICTED) as namespace:
        yield Place(ostiary_real_cluster, namespace)


@pytest.fixture
def unrestricted(ostiary_real_cluster: RunningCluster) -> Iterator[Place]:
    with fresh_namespace(ostiary_real_cluster) as namespace:
        yield Place(ostiary_real_cluster, namespace)
