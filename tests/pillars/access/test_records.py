"""Lines of the gateway's records: what they mean, and that no line, whole or broken, is taken for what it is not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import BadInput
from ostiary.pillars.access.records import Outcome, Record, Stage, read

END: dict[str, Any] = {
    "at": "DownstreamEnd",
    "id": "i",
    "t": "2026-11-24T23:02:44.388451Z",
    "user": "ostiary:alice@example.com",
    "sid": "s",
    "route": "prod/read",
    "m": "GET",
    "p": "/api/v1/namespaces/shop/pods/web",
    "code": 200,
    "why": "via_upstream",
    "flags": "-",
    "in": 1,
    "out": 2,
    "ms": 3,
}


def line(**others: Any) -> Record:
    return read(json.dumps({**END, **others}).encode())


def test_a_line_says_who_did_what_where() -> None:
    found = line()
    assert (found.stage, found.id, found.person, found.session, found.cluster) == (
        Stage.ENDED,
        "i",
        "alice@example.com",
        "s",
        "prod",
    )
    assert (found.verb, found.what, found.namespace, found.name) == ("get", "pods", "shop", "web")
    assert (found.outcome, found.by, found.status) == (Outcome.DONE, "api server", 200)
    assert (found.received, found.sent, found.milliseconds) == (1, 2, 3)


def test_a_start_has_no_outcome() -> None:
    found = line(at="UpstreamPoolReady", code=0)
    assert (found.stage, found.outcome, found.by) == (Stage.STARTED, Outcome.PENDING, "")


FATES = [
    ({"code": 403}, Outcome.REFUSED, "api server", ""),
    ({"code": 404}, Outcome.FAILED, "api server", ""),
    ({"code": 101, "flags": "DC"}, Outcome.DONE, "api server", "the client ended the stream"),
    ({"code": 101, "flags": "UC"}, Outcome.DONE, "api server", "the API server ended the stream"),
    ({"code": 401, "why": "jwt_authn_access_denied{Jwt_is_expired}"}, Outcome.REFUSED, "gateway", "Jwt is expired"),
    (
        {"code": 401, "why": "rbac_access_denied_matched_policy[revoked]"},
        Outcome.REFUSED,
        "gateway",
        "the session has been ended",
    ),
    ({"code": 401, "why": "rbac_access_denied_matched_policy[none]"}, Outcome.REFUSED, "gateway", "no verified identity"),
    ({"code": 404, "why": "direct_response"}, Outcome.REFUSED, "gateway", "not a request that the gateway knows"),
    ({"code": 403, "why": "upgrade_failed"}, Outcome.REFUSED, "gateway", "not an upgrade that the gateway knows"),
    ({"code": 503, "why": "upstream_reset", "flags": "UF"}, Outcome.FAILED, "gateway", "the API server cannot be reached"),
    ({"code": 0, "why": "downstream_remote_disconnect", "flags": "DC"}, Outcome.FAILED, "gateway", "the client went away"),
]


@pytest.mark.parametrize(("fields", "outcome", "by", "why"), FATES)
def test_who_decided_and_why(fields: dict[str, Any], outcome: Outcome, by: str, why: str) -> None:
    found = line(**fields)
    assert (found.outcome, found.by, found.why) == (outcome, by, why)


@pytest.mark.parametrize(
    ("fields", "cluster", "path"),
    [
        ({"route": "", "p": "/clusters/dev/nothing", "cl": ""}, "dev", "/nothing"),
        ({"route": "", "p": "/clusters/dev/"}, "dev", "/"),
        ({"route": "", "p": "/nothing", "cl": "dev"}, "dev", "/nothing"),
        ({"route": "prod/stream", "p": "/nothing"}, "prod", "/nothing"),
        ({"route": "", "p": "/nothing"}, "", "/nothing"),
    ],
)
def test_the_cluster_of_a_request(fields: dict[str, Any], cluster: str, path: str) -> None:
    found = line(**fields)
    assert (found.cluster, found.path) == (cluster, path)


def test_a_list_of_one_name_and_a_watch() -> None:
    found = line(p="/api/v1/namespaces/shop/pods", watch="true", fsel="metadata.name%3Dweb")
    assert (found.verb, found.name) == ("watch", "web")
    assert line(p="/api/v1/namespaces/shop/pods", watch="0").verb == "list"
    assert line(p="/apis/apps/v1/namespaces/shop/deployments/web/scale").what == "deployments.apps/scale"


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"at":1}', b"{}", b'{"at":"DownstreamEnd","code":"x"}', b"\xff"])
def test_what_is_no_record_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(BadInput):
        read(text)


@given(st.dictionaries(st.sampled_from(sorted(END)), st.text() | st.integers(-5, 600)))
def test_any_line_is_a_record_or_bad_input(fields: dict[str, Any]) -> None:
    try:
        found = line(**fields)
    except BadInput:
        return
    assert found.outcome is not Outcome.PENDING or found.stage is Stage.STARTED
