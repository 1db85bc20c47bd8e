"""Attacks on who one is: headers that name somebody else, and everything by which they may slip through.

Each is sent with a good token of the person. Either the gateway refuses it, or the API server takes the request for exactly that person; the API server's
own answer and its audit event are the judges.
"""

import uuid

import pytest
from tests.attacks.target import REVIEW, REVIEWS, Answer, Target
from tests.gateway.door import DOMAIN, SESSION, eventually, parse, read_answer

pytestmark = pytest.mark.judge("attacks on identity", needs=("linux",))

HEADERS = {
    "impersonate-user": ["Impersonate-User: system:admin"],
    "lower case": ["impersonate-user: system:admin"],
    "mixed case": ["iMpErSoNaTe-UsEr: system:admin"],
    "twice": ["Impersonate-User: system:admin", "Impersonate-User: system:kube-controller-manager"],
    "empty": ["Impersonate-User:"],
    "group": ["Impersonate-Group: system:masters"],
    "groups": ["Impersonate-Group: system:masters", "Impersonate-Group: system:nodes"],
    "user and group": ["Impersonate-User: root", "Impersonate-Group: system:masters"],
    "uid": ["Impersonate-Uid: 0"],
    "extra": ["Impersonate-Extra-scopes: view"],
    "extra of ours": ["Impersonate-Extra-ostiary.dev%2fsession: another"],
    "extra of ours, spelled otherwise": ["Impersonate-Extra-Ostiary.dev%2Fsession: another"],
    "an impersonation header of the future": ["Impersonate-Anything: x"],
    "front proxy user": ["X-Remote-User: system:admin", "X-Remote-Group: system:masters"],
    "front proxy uid and extra": ["X-Remote-Uid: 0", "X-Remote-Extra-Scopes: x"],
    "forwarded for": ["X-Forwarded-For: 10.1.2.3"],
    "forwarded for, a chain": ["X-Forwarded-For: 10.1.2.3, 10.1.2.4", "X-Forwarded-For: 10.1.2.5"],
    "real ip": ["X-Real-Ip: 10.1.2.3"],
    "forwarded": ["Forwarded: for=10.1.2.3;proto=http"],
    "client certificate": ['X-Forwarded-Client-Cert: Subject="CN=admin,O=system:masters"'],
    "original path (CVE-2023-27487)": ["X-Envoy-Original-Path: /api/v1/secrets"],
    "envoy's own": ["X-Envoy-Internal: true", "X-Envoy-External-Address: 10.1.2.3", "X-Envoy-Retry-On: 5xx"],
    "envoy's timeouts": ["X-Envoy-Upstream-Rq-Timeout-Ms: 1", "X-Envoy-Expected-Rq-Timeout-Ms: 1"],
    "the gateway's own": ["X-Ostiary-Session: another", "X-Ostiary-User: root"],
    "method override": ["X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE"],
    "other urls": ["X-Original-Url: /api/v1/secrets", "X-Rewrite-Url: /api/v1/secrets"],
    "connection (CVE-2021-31999)": ["Connection: close, Impersonate-User, Impersonate-Group"],
    "connection, upgrade named": ["Connection: Upgrade, Impersonate-User"],
    "connection, of our own": ["Connection: X-Ostiary-Session, Audit-Id, X-Forwarded-For"],
    "proxy connection": ["Proxy-Connection: Impersonate-User", "Keep-Alive: Impersonate-User"],
    "te": ["TE: trailers, Impersonate-User"],
    "proxy authorization": ["Proxy-Authorization: Basic cm9vdDpyb290"],
    "cookie": ["Cookie: Authorization=Bearer x; user=root"],
    "expect": ["Expect: 100-continue"],
    "bearer subprotocol without upgrade": [
        "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eHh4, v4.channel.k8s.io"
    ],
    "h2c": ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
}


@pytest.mark.parametrize("attack", HEADERS)
def test_no_header_makes_somebody_else_of_the_person(target: Target, attack: str) -> None:
    target.harmless(target.who_am_i(*HEADERS[attack]))


@pytest.mark.parametrize(
    "attack", ["impersonate-user", "group", "extra", "front proxy user", "forwarded for", "connection (CVE-2021-31999)"]
)
def test_the_plainest_ones_pass_as_the_person(target: Target, attack: str) -> None:
    """So that refusing everything is no way to pass the test above."""
    target.as_the_person(target.who_am_i(*HEADERS[attack]))


MALFORMED = {
    "underscores": "Impersonate_User: root",
    "underscores of the front proxy": "X_Remote_User: root",
    "blank before the colon": "Impersonate-User : root",
    "tab before the colon": "Impersonate-User\t: root",
    "folded": "X-A: b\r\n Impersonate-User: root",
    "no name": ": root",
    "nul": "Impersonate-User\0: root",
    "nul in a value": "X-A: b\0c",
    "high byte in a name": "Impersonate-User\u00ad: root",
    "bare carriage return": "X-A: b\rImpersonate-User: root",
    "no colon": "Impersonate-User",
    "bare line feed": "X-A: b\nImpersonate-User: root",
}


@pytest.mark.parametrize("attack", MALFORMED)
def test_what_is_no_header_makes_nobody_else_of_the_person(target: Target, attack: str) -> None:
    target.harmless(target.who_am_i(MALFORMED[attack]))


@pytest.mark.parametrize("attack", ["underscores", "blank before the colon", "nul", "nul in a value", "no colon"])
def test_the_worst_of_them_are_refused(target: Target, attack: str) -> None:
    target.refused(target.who_am_i(MALFORMED[attack]), 400, 0)


def test_the_id_of_a_request_is_the_gateways_and_joins_both_witnesses(target: Target) -> None:
    chosen = str(uuid.uuid4())
    answer = target.who_am_i(f"Audit-ID: {chosen}", f"X-Request-Id: {chosen}", f"X-Client-Trace-Id: {chosen}")
    target.as_the_person(answer)
    door = target.own()
    (event,) = eventually(lambda: target.arrived(answer.agent))
    mine = eventually(
        lambda: [one for one in door.records() if one.get("agent") == answer.agent and one["at"] == "DownstreamEnd"]
    )
    assert event["auditID"] == mine[0]["id"] != chosen


def test_host_does_not_choose_the_cluster(target: Target) -> None:
    target.as_the_person(target.who_am_i(host=f"c2.{DOMAIN}"))


def test_an_absolute_uri_does_not_choose_the_cluster(target: Target) -> None:
    target.as_the_person(
        target.ask("POST", f"https://c2.{DOMAIN}{REVIEWS}", body=REVIEW, host=f"c2.{DOMAIN}"),
    )


@pytest.mark.parametrize("others", [["Authorization: Bearer second"], ["authorization: Basic cm9vdDpyb290"]])
def test_two_authorizations_are_refused(target: Target, others: list[str]) -> None:
    target.refused(target.who_am_i(*others), 401)


AUTHORIZATIONS = ("Basic cm9vdDpyb290", "Bearer", "Bearer ", "Negotiate x", "Token x", "", "Bearer a.b.c, Bearer d.e.f")


@pytest.mark.parametrize("value", AUTHORIZATIONS)
def test_nothing_but_a_bearer_token_is_an_identity(target: Target, value: str) -> None:
    target.refused(target.who_am_i(f"Authorization: {value}", token=None), 401)


def test_without_any_identity_nothing_arrives(target: Target) -> None:
    target.refused(target.who_am_i(token=None), 401)
    target.refused(target.who_am_i("Impersonate-User: alice", token=None), 401)


@pytest.mark.parametrize("key", ["access_token", "token", "authorization", "id_token"])
def test_a_token_in_the_query_is_none(target: Target, key: str) -> None:
    target.refused(target.ask("GET", f"/api/v1/pods?{key}={target.token}", token=None), 401)


def test_a_token_for_one_cluster_is_nothing_at_another(target: Target) -> None:
    door = target.own()
    target.refused(target.who_am_i(token=door.token("c2")), 403)
    target.refused(target.who_am_i(name=f"c2.{DOMAIN}"), 403)
    target.refused(target.ask("POST", f"/clusters/c2{REVIEWS}", body=REVIEW, name=DOMAIN), 403)


BY_PATH = (
    "/clusters/c1/../c2/api/v1/pods",
    "/clusters/c1/..%2fc2/api/v1/pods",
    "/clusters/c1%2f..%2fc2/api/v1/pods",
    "/clusters/c1/%2e%2e/c2/api/v1/pods",
    "//clusters/c2/api/v1/pods",
    "/clusters//c2/api/v1/pods",
    "/clusters/c2;/api/v1/pods",
    "/clusters/c1/clusters/c2/api/v1/pods",
    "/clusters/C1/api/v1/pods",
    "/clusters/c1",
    "/clusters/c1x/api/v1/pods",
    "/clusters/",
    "/api/v1/pods",
    "/",
)


@pytest.mark.parametrize("path", BY_PATH)
def test_no_path_leads_to_another_cluster(target: Target, path: str) -> None:
    target.own()
    target.refused(target.ask("GET", path, name=DOMAIN), 400, 401, 403, 404)


@pytest.mark.parametrize("name", [f"c3.{DOMAIN}", f"x.c1.{DOMAIN}", "c1", "c1.example.com", "kubernetes.default.svc"])
def test_a_name_that_is_no_cluster_leads_to_none(target: Target, name: str) -> None:
    target.own()
    target.refused(target.who_am_i(name=name), 401, 403, 404, 0)


def test_an_ended_session_is_told_to_sign_in_whatever_it_calls_itself(target: Target) -> None:
    door = target.own()
    from msgspec.structs import replace

    before = door.state
    door.apply(replace(before, denied=("session-ended",)))
    try:
        token = door.token("c1", sid="session-ended")
        eventually(lambda: target.who_am_i(token=token).status == 401)
        for header in (f"X-Ostiary-Session: {SESSION}", "Connection: X-Ostiary-Session", "X-A: b"):
            answer: Answer = target.who_am_i(header, token=token)
            target.refused(answer, 401)
            assert "session has been ended" in answer.body["message"]
        target.as_the_person(target.who_am_i())
    finally:
        door.apply(before)


def test_a_second_request_on_a_connection_has_to_say_who_it_is_again(target: Target) -> None:
    first = f"GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.token}\r\n\r\n"
    with target.connect() as connection:
        connection.sendall(first.encode())
        assert parse(read_answer(connection))[0] == 200
        connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert parse(read_answer(connection))[0] == 401
