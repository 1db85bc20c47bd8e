"""Attacks by HTTP/2, which is what kubectl speaks: frames made by hand, because no client would send these.

Whatever arrives at the API server arrives as the person; what is no HTTP/2 does not arrive. Judged by the API server's audit events alone.
"""

import struct
import time
import uuid
from collections.abc import Iterable

import pytest
from tests.attacks.target import REVIEW, REVIEWS, Target

pytestmark = pytest.mark.judge("attacks by HTTP/2", needs=("linux",))

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
END_STREAM, END_HEADERS = 1, 4
Fields = list[tuple[str, str]]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """RFC 9113, section 4.1."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def block(fields: Iterable[tuple[str, str]]) -> bytes:
    """Literal fields without indexing and without Huffman: RFC 7541, section 6.2.2."""
    return b"".join(b"\0" + _string(name) + _string(value) for name, value in fields)


def _string(text: str) -> bytes:
    raw = text.encode("latin-1")
    if len(raw) < 127:
        return bytes((len(raw),)) + raw
    rest, found = len(raw) - 127, b"\x7f"
    while rest >= 128:
        found, rest = found + bytes((rest % 128 + 128,)), rest // 128
    return found + bytes((rest,)) + raw


def whoami(target: Target, agent: str) -> Fields:
    return [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", REVIEWS),
        (":authority", "x"),
        ("user-agent", agent),
        ("content-type", "application/json"),
        ("authorization", f"Bearer {target.token}"),
    ]


def send(target: Target, fields: Fields, body: bytes = REVIEW, *, more: bytes = b"") -> None:
    """One request, and whatever comes back until the stream or the connection ends."""
    request = frame(HEADERS, END_HEADERS if body else END_HEADERS | END_STREAM, 1, block(fields))
    request += frame(DATA, END_STREAM, 1, body) if body else b""
    with target.connect(alpn=("h2",)) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        connection.settimeout(0.6)
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b"") + request + more)
        seen, end = b"", time.monotonic() + 1
        try:
            while time.monotonic() < end and not _over(seen):
                received = connection.recv(65536)
                if not received:
                    return
                seen += received
        except (TimeoutError, OSError):
            return


def _over(seen: bytes) -> bool:
    while len(seen) >= 9:
        length, kind, flags = int.from_bytes(seen[:3], "big"), seen[3], seen[4]
        if kind in (RESET, GOAWAY) or (kind in (DATA, HEADERS) and flags & END_STREAM):
            return True
        seen = seen[9 + length :]
    return False


LIES: dict[str, Fields] = {
    "impersonation": [("impersonate-user", "system:admin"), ("impersonate-group", "system:masters")],
    "impersonation twice": [("impersonate-group", "system:masters"), ("impersonate-group", "system:nodes")],
    "front proxy": [("x-remote-user", "system:admin"), ("x-remote-group", "system:masters")],
    "addresses": [("x-forwarded-for", "10.1.2.3"), ("x-real-ip", "10.1.2.3")],
    "another host": [("host", "c2.ostiary.localhost")],
    "the gateway's own": [("x-ostiary-session", "another"), ("audit-id", "mine")],
    "never indexed cookie": [("cookie", "a=b"), ("cookie", "c=d")],
}
BROKEN: dict[str, Fields] = {
    "upper case": [("Impersonate-User", "system:admin")],
    "connection": [("connection", "impersonate-user")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "upgrade": [("upgrade", "websocket"), ("connection", "upgrade")],
    "line break in a value": [("x-a", "b\r\nimpersonate-user: system:admin")],
    "line feed in a value": [("x-a", "b\nimpersonate-user: system:admin")],
    "nul in a value": [("x-a", "b\0c")],
    "line break in a name": [("x-a\r\nimpersonate-user", "system:admin")],
    "colon in a name": [("x-a: b", "c")],
    "blank in a name": [("impersonate-user ", "system:admin")],
    "no name": [("", "x")],
    "underscores": [("impersonate_user", "system:admin")],
    "a second path": [(":path", "/api/v1/secrets")],
    "a second authority": [(":authority", "c2.ostiary.localhost")],
    "a pseudo-header of answers": [(":status", "200")],
    "an unknown pseudo-header": [(":impersonate-user", "system:admin")],
    "a length that is wrong": [("content-length", "3")],
    "two lengths": [("content-length", str(len(REVIEW))), ("content-length", "3")],
    "two authorizations": [("authorization", "Bearer x")],
}


@pytest.mark.parametrize("attack", [*LIES, *BROKEN])
def test_nobody_becomes_somebody_else(target: Target, attack: str) -> None:
    agent = f"attack-{uuid.uuid4().hex[:12]}"
    send(target, whoami(target, agent) + (LIES | BROKEN)[attack])
    for event in target.arrived(agent):
        assert event["impersonatedUser"]["username"] == target.user
        assert event["impersonatedUser"]["groups"] == ["ostiary:access", "system:authenticated"]
        assert event["sourceIPs"] == ["127.0.0.1"]
        assert event["requestURI"] == REVIEWS


@pytest.mark.parametrize("attack", LIES)
def test_a_lie_is_taken_away_and_the_request_arrives(target: Target, attack: str) -> None:
    """So that refusing everything is no way to pass the test above."""
    target.own()
    agent = f"attack-{uuid.uuid4().hex[:12]}"
    send(target, whoami(target, agent) + LIES[attack])
    assert len(target.arrived(agent)) == 1


REFUSED = ("upper case", "line break in a value", "nul in a value", "a second path", "underscores", "two authorizations")


@pytest.mark.parametrize("attack", REFUSED)
def test_what_is_no_http_2_does_not_arrive(target: Target, attack: str) -> None:
    agent = f"attack-{uuid.uuid4().hex[:12]}"
    send(target, whoami(target, agent) + BROKEN[attack])
    assert target.arrived(agent) == []


REQUESTS: dict[str, Fields] = {
    "a tunnel": [(":method", "CONNECT"), (":authority", "10.0.0.1:443")],
    "WebSocket by extended CONNECT (RFC 8441)": [
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "x"),
        (":path", "/api/v1/namespaces/default/pods/web/exec?command=id"), ("sec-websocket-protocol", "v5.channel.k8s.io"),
    ],
    "exec without an upgrade": [
        (":method", "POST"), (":scheme", "https"), (":authority", "x"), (":path", "/api/v1/namespaces/default/pods/web/exec?command=id"),
    ],
    "a path that is none": [(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", "api/v1/secrets")],
    "a path with a blank": [(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", "/api/v1/secrets HTTP/1.1")],
    "a path with a line break": [(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", "/version\r\nX-A: b")],
    "an absolute path": [(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", "https://c2/api/v1/secrets")],
    "a fragment": [(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", "/api/v1/secrets#x")],
    "no path": [(":method", "GET"), (":scheme", "https"), (":authority", "x")],
    "no method": [(":scheme", "https"), (":authority", "x"), (":path", "/api/v1/secrets")],
    "a method with a blank": [(":method", "GET /api/v1/secrets"), (":scheme", "https"), (":authority", "x"), (":path", "/version")],
}  # fmt: skip


@pytest.mark.parametrize("attack", REQUESTS)
def test_what_is_no_request_of_kubernetes_does_not_arrive(target: Target, attack: str) -> None:
    agent = f"attack-{uuid.uuid4().hex[:12]}"
    send(target, [*REQUESTS[attack], ("user-agent", agent), ("authorization", f"Bearer {target.token}")], b"")
    assert target.arrived(agent) == []


def test_a_second_stream_has_to_say_who_it_is(target: Target) -> None:
    first, second = f"attack-{uuid.uuid4().hex[:12]}", f"attack-{uuid.uuid4().hex[:12]}"
    others = [field for field in whoami(target, second) if field[0] != "authorization"]
    more = frame(HEADERS, END_HEADERS, 3, block(others)) + frame(DATA, END_STREAM, 3, REVIEW)
    send(target, whoami(target, first), more=more)
    time.sleep(0.2)
    assert target.arrived(second) == []


def test_headers_without_an_end_are_cut_off(target: Target) -> None:
    """CVE-2024-27919, CVE-2024-30255: CONTINUATION frames without END_HEADERS. The gateway ends the stream or the connection, and goes on serving."""
    seen = b""
    with target.connect(alpn=("h2",)) as connection:
        connection.settimeout(5)
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, 0, 1, block(whoami(target, "attack-flood"))))
        try:
            for number in range(400):
                connection.sendall(frame(CONTINUATION, 0, 1, block([(f"x-{number}", "y" * 1000)])))
            while not _over(seen) and (received := connection.recv(65536)):
                seen += received
        except ConnectionError:
            seen += frame(GOAWAY, 0, 0, b"")
    assert _over(seen)
    assert target.arrived("attack-flood") == []
    target.as_the_person(target.who_am_i())


def test_rapid_resets_do_not_stop_the_gateway(target: Target) -> None:
    """CVE-2023-44487."""
    fields = block(whoami(target, "attack-reset"))
    with target.connect(alpn=("h2",)) as connection:
        connection.settimeout(2)
        try:
            connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
            for stream in range(1, 2001, 2):
                connection.sendall(frame(HEADERS, END_HEADERS, stream, fields) + frame(RESET, 0, stream, struct.pack(">I", 8)))
        except OSError:
            pass
    target.as_the_person(target.who_am_i())
