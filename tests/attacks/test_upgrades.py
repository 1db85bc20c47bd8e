"""Attacks by upgrades: the one thing that passes as bytes. Who it is must be told on the very first ones, and nothing may follow a refusal.

An upstream of our own (``recorder``) shows which bytes go out; a real API server judges the rest.
"""

import re

import pytest
from tests.attacks.recorder import Recorder
from tests.attacks.target import Target
from tests.gateway.door import DOMAIN, SESSION, eventually

pytestmark = pytest.mark.judge("attacks by upgrades", needs=("linux",))

EXEC = "/api/v1/namespaces/default/pods/no-such-pod/exec?command=id"
WEBSOCKET = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: v5.channel.k8s.io",
)
SPDY = ("Connection: Upgrade", "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io")
NAME = f"recorder.{DOMAIN}"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n"


def request(target: Target, *headers: str, method: str = "GET", path: str = EXEC) -> bytes:
    """An upgrade for the recorder's cluster."""
    token = target.own().token("recorder")
    lines = (f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *headers, "", "")
    return "\r\n".join(lines).encode()


def head(recorder: Recorder) -> dict[str, list[str]]:
    """The header that arrived, by lower-case name."""
    eventually(lambda: b"\r\n\r\n" in recorder.received, within=3)
    found: dict[str, list[str]] = {}
    for line in recorder.received.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        name, _, value = line.partition(":")
        found.setdefault(name.lower(), []).append(value.strip())
    return found


CONNECTIONS = (
    "Connection: Upgrade, Impersonate-User",
    "Connection: Impersonate-User, Impersonate-Group, Authorization, Upgrade",
    "Connection: upgrade, impersonate-extra-ostiary.dev%2fsession, audit-id",
)


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_nothing_is_nominated_for_removal_behind_the_gateway(target: Target, recorder: Recorder, connection: str) -> None:
    """CVE-2021-31999: the next hop would drop what is named there, and take the request for the gateway's own."""
    recorder.forget(SWITCH)
    target.send(request(target, connection, *WEBSOCKET[1:]), name=NAME, within=0.5)
    seen = head(recorder)
    assert [value.lower() for value in seen["connection"]] == ["upgrade"]
    assert seen["impersonate-user"] == [target.user]


@pytest.mark.parametrize("headers", [WEBSOCKET, SPDY], ids=["websocket", "spdy"])
def test_an_upgrade_bears_the_person_and_the_gateways_own_token_alone(
    target: Target, recorder: Recorder, headers: tuple[str, ...]
) -> None:
    recorder.forget(SWITCH)
    lies = (
        "Impersonate-User: root",
        "Impersonate-Group: system:masters",
        "Audit-ID: 1",
        "X-Remote-User: root",
        "Impersonate-Uid: 1",
    )
    target.send(request(target, *headers, *lies), name=NAME, within=0.5)
    seen = head(recorder)
    assert seen["impersonate-user"] == [target.user]
    assert seen["impersonate-group"] == ["ostiary:access"]
    assert seen["impersonate-extra-ostiary.dev%2fsession"] == [SESSION]
    assert seen["authorization"] == ["Bearer token-of-the-recorder"]
    assert re.fullmatch(r"[0-9a-f-]{36}", seen["audit-id"][0])
    assert not {"x-remote-user", "impersonate-uid"} & set(seen)


@pytest.mark.parametrize(
    "status", ["403 Forbidden", "200 OK", "302 Found\r\nLocation: https://evil.test/", "404 Not Found", "500 Oops"]
)
def test_what_follows_an_upgrade_that_failed_does_not_arrive(target: Target, recorder: Recorder, status: str) -> None:
    """CVE-2018-1002105: behind a refused upgrade the connection stayed open, and belonged to the proxy."""
    recorder.forget(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno".encode())
    smuggled = b"GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\nX-Smuggled: yes\r\n\r\n"
    with target.connect(NAME) as connection:
        connection.settimeout(1)
        connection.sendall(request(target, *WEBSOCKET) + smuggled)
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
                connection.sendall(smuggled)
        except (TimeoutError, OSError):
            pass
    assert b"X-Smuggled" not in recorder.received
    assert b" 101 " not in answer
    assert b"evil.test" not in answer


def test_bytes_that_come_before_the_answer_wait_for_it(target: Target, recorder: Recorder) -> None:
    recorder.forget(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    target.send(request(target, *SPDY, method="POST") + b"EARLY-BYTES", name=NAME, within=0.7)
    head(recorder)
    assert b"EARLY-BYTES" not in recorder.received


def test_the_method_arrives_as_it_was_sent(target: Target, recorder: Recorder) -> None:
    """The API server authorizes exec by it."""
    for method, headers in (("GET", WEBSOCKET), ("GET", SPDY), ("POST", SPDY)):
        recorder.forget(SWITCH)
        target.send(request(target, *headers, method=method), name=NAME, within=0.4)
        head(recorder)
        assert recorder.received.startswith(
            f"{method} /api/v1/namespaces/default/pods/no-such-pod/exec?command=id HTTP/1.1\r\n".encode()
        )


def test_an_upgrade_without_a_token_does_not_go_out(target: Target, recorder: Recorder) -> None:
    target.own()
    recorder.forget(SWITCH)
    raw = "\r\n".join((f"GET {EXEC} HTTP/1.1", "Host: x", *WEBSOCKET, "", "")).encode()
    assert b" 401 " in target.send(raw, name=NAME, within=1)
    assert recorder.received == b""


PROTOCOLS = (
    "base64url.bearer.authorization.k8s.io.ZXlKaGJHY2k, v5.channel.k8s.io",
    "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.ZXlKaGJHY2k",
    "v5.channel.k8s.io,base64url.bearer.authorization.k8s.io.ZXlKaGJHY2k",
    "base64url.bearer.authorization.k8s.io.ZXlKaGJHY2k",
    "BASE64URL.BEARER.AUTHORIZATION.K8S.IO.ZXlKaGJHY2k, v5.channel.k8s.io",
    "v6.channel.k8s.io",
    "chat",
    "v5.channel.k8s.io; x",
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_subprotocol_that_is_not_kubernetes_own_is_refused(target: Target, protocol: str) -> None:
    answer = target.ask("GET", EXEC, *WEBSOCKET[:-1], f"Sec-WebSocket-Protocol: {protocol}")
    target.refused(answer, 403)


SECOND = "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.ZXlKaGJHY2k"


@pytest.mark.parametrize("headers", [(*WEBSOCKET, SECOND), (SECOND, *WEBSOCKET), (*WEBSOCKET, SECOND.upper())])
def test_a_bearer_subprotocol_in_a_second_header_is_refused(target: Target, headers: tuple[str, ...]) -> None:
    target.refused(target.ask("GET", EXEC, *headers), 403)


ELSEWHERE = (
    "/api/v1/pods?watch=true",
    "/api/v1/namespaces/default/pods/web/log?follow=true",
    "/api/v1/namespaces/default/pods/web/proxy/",
    "/api/v1/namespaces/default/services/web/proxy/",
    "/api/v1/namespaces/default/pods/web/ephemeralcontainers",
    "/apis/metrics.k8s.io/v1beta1/nodes",
    "/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/vm/vnc",
    "/version",
)


@pytest.mark.parametrize("path", ELSEWHERE)
@pytest.mark.parametrize("headers", [WEBSOCKET, SPDY], ids=["websocket", "spdy"])
def test_nothing_but_the_three_streams_of_pods_upgrades(target: Target, path: str, headers: tuple[str, ...]) -> None:
    target.refused(target.ask("GET", path, *headers), 403)


@pytest.mark.parametrize("path", [f"{EXEC.partition('?')[0]}{tail}" for tail in ("/", "//", "%20", ";x", "/x")])
def test_another_spelling_of_exec_does_not_upgrade(target: Target, path: str) -> None:
    target.refused(target.ask("GET", path, *WEBSOCKET), 400, 403, 404)


@pytest.mark.parametrize(
    "path", ["/api/v1/nodes/n/proxy/exec/default/web/main", "/api/v1/namespaces/default/nodes/n/proxy/exec/a"]
)
def test_the_kubelets_own_exec_is_not_reached(target: Target, path: str) -> None:
    target.refused(target.ask("GET", path, *WEBSOCKET), 403)


@pytest.mark.parametrize("kind", ["h2c", "tls/1.0", "websocket, SPDY/3.1", "SPDY/2", "raw", "*", "websocket\r\nUpgrade: raw"])
def test_upgrades_to_anything_else_are_refused_or_none(target: Target, kind: str) -> None:
    target.refused(target.ask("GET", EXEC, "Connection: Upgrade", f"Upgrade: {kind}"), 400, 403)


@pytest.mark.parametrize("headers", [WEBSOCKET, SPDY], ids=["websocket", "spdy"])
def test_the_api_server_sees_the_person_upgrade(target: Target, headers: tuple[str, ...]) -> None:
    answer = target.ask("GET", EXEC, *headers)
    assert (answer.status, answer.by_gateway) == (404, False)  # there is no such pod: it was asked for
    for event in target.arrived(answer.agent):
        assert event["impersonatedUser"]["username"] == target.user
        assert (event["verb"], event["objectRef"]["subresource"]) == ("get", "exec")


def test_why_the_api_server_refuses_a_stream_is_told_in_its_own_words(target: Target) -> None:
    token = target.own().token("c1", sub="ostiary:rita@example.com")
    for headers in (WEBSOCKET, SPDY):
        answer = target.ask("GET", EXEC, *headers, token=token)
        assert (answer.status, answer.body["reason"]) == (403, "Forbidden")
        assert 'User "ostiary:rita@example.com" cannot' in answer.body["message"]


def test_a_redirect_shows_nobody_where_to(target: Target, recorder: Recorder) -> None:
    """CVE-2022-3172, CVE-2018-1002102, CVE-2020-8559."""
    recorder.forget(b"HTTP/1.1 302 Found\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n")
    answer = target.send(request(target, *WEBSOCKET), name=NAME, within=1)
    assert b"evil.test" not in answer
