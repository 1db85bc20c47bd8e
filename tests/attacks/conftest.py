"""The target: what the environment names, or a gateway of our own before a real API server, with a second cluster that only records."""

from collections.abc import Iterator

import pytest
from tests.attacks.recorder import Recorder
from tests.attacks.target import Target, from_environment
from tests.gateway.behind import gateway_token, grant, upstream
from tests.gateway.door import DOMAIN, Door

from ostiary.sandbox.pki import Authority


@pytest.fixture(scope="session")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    directory = tmp_path_factory.mktemp("recorder")
    authority = Authority.create(directory)
    with Recorder(authority.issue("recorder", user="recorder", names=["127.0.0.1"]), authority.certificate) as recorder:
        yield recorder


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    given = from_environment()
    if given is not None:
        yield given
        return
    cluster = request.getfixturevalue("ostiary_cluster")
    recorder: Recorder = request.getfixturevalue("recorder")
    grant(cluster, "cluster-admin")
    grant(cluster, "view", "rita@example.com")
    people = ("alice@example.com", "rita@example.com")
    token = gateway_token(cluster, people)
    upstreams = (upstream(cluster, "c1"), upstream(cluster, "c2"), recorder.upstream("recorder"))
    tokens = {"c1": token, "c2": token, "recorder": "token-of-the-recorder"}
    with Door(tmp_path_factory.mktemp("attacked"), upstreams, tokens) as door:
        audit = cluster.audit_log
        yield Target(host="127.0.0.1", port=door.port, name=f"c1.{DOMAIN}", ca=door.ca, door=door, audit_log=audit)
