"""Attacks on where one request ends and the next begins. A smuggled request would arrive without having been verified; so none may arrive but as the person.

Each sends a request with a good token, and within or behind it a second one that has none. The second one's user agent must never be seen by the API server.
"""

import contextlib
import socket
import uuid

import pytest
from tests.attacks.target import REVIEW, REVIEWS, Target

pytestmark = pytest.mark.judge("attacks on framing", needs=("linux",))

INNER = "GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\nImpersonate-User: system:admin\r\n\r\n"
FRAMINGS = {
    "length and chunked (CL.TE)": ("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n{inner}"),
    "chunked and length (TE.CL)": ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "{hex}\r\n{inner}\r\n0\r\n\r\n"),
    "two lengths": ("Content-Length: 0\r\nContent-Length: {length}\r\n", "{inner}"),
    "two lengths in one": ("Content-Length: 0, {length}\r\n", "{inner}"),
    "a length with a sign": ("Content-Length: +0\r\n", "{inner}"),
    "a negative length": ("Content-Length: -1\r\n", "{inner}"),
    "a length in hexadecimal": ("Content-Length: 0x0\r\n", "{inner}"),
    "no length at all": ("", "{inner}"),
    "chunked, obscured by a blank": ("Transfer-Encoding : chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n{inner}"),
    "chunked, obscured by a tab": ("Transfer-Encoding:\tchunked\r\nContent-Length: 0\r\n", "0\r\n\r\n{inner}"),
    "chunked, misspelled": ("Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n", "0\r\n\r\n{inner}"),
    "chunked, twice": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n{inner}"),
    "chunked, not last": ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n{inner}"),
    "chunked, folded": ("Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n{inner}"),
    "chunked, with an underscore": ("Transfer_Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n{inner}"),
    "a chunk with an extension": ("Transfer-Encoding: chunked\r\n", "0;x=\r\n\r\n{inner}"),
    "a chunk with a bare line feed": ("Transfer-Encoding: chunked\r\n", "1\nA\n0\n\n{inner}"),
    "a chunk of too many digits": ("Transfer-Encoding: chunked\r\n", "00000000000000000\r\n\r\n{inner}"),
    "a chunk of an overflowing size": ("Transfer-Encoding: chunked\r\n", "10000000000000000\r\n\r\n{inner}"),
    "a trailer that names somebody": ("Transfer-Encoding: chunked\r\n", "0\r\nImpersonate-User: system:admin\r\n\r\n{inner}"),
    "an upgrade that is none": ("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n", "{inner}"),
    "an expectation that is not waited for": ("Expect: 100-continue\r\nContent-Length: 0\r\n", "{inner}"),
    "the end of the connection": ("Connection: close\r\nContent-Length: 0\r\n", "{inner}"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("attack", FRAMINGS)
def test_nothing_is_smuggled(target: Target, attack: str, method: str) -> None:
    inside = f"smuggled-{uuid.uuid4().hex[:12]}"
    inner = INNER.format(agent=inside)
    headers, body = (part.format(length=len(inner) + 5, hex=f"{len(inner):x}", inner=inner) for part in FRAMINGS[attack])
    path = "/api/v1/pods" if method == "GET" else REVIEWS
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.token}\r\n{headers}\r\n"
    answer = target.send((head + body).encode(), within=0.2)
    assert target.arrived(inside) == []
    assert b"SecretList" not in answer


def test_a_pipelined_request_is_verified_like_any_other(target: Target) -> None:
    inside = f"smuggled-{uuid.uuid4().hex[:12]}"
    head = f"POST {REVIEWS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.token}\r\nContent-Length: {len(REVIEW)}\r\n"
    raw = head.encode() + b"Content-Type: application/json\r\n\r\n" + REVIEW + INNER.format(agent=inside).encode()
    with target.connect() as connection:
        connection.settimeout(1.5)
        connection.sendall(raw)
        found = b""
        while b'"code":401' not in found:
            found += connection.recv(65536)
    assert b"201 Created" in found
    assert target.arrived(inside) == []


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v1/secrets",
        "GET /api/v1/secrets HTTP/0.9",
        "GET /api/v1/secrets HTTP/1.0",
        "GET /api/v1/secrets HTTP/2.0",
        "GET /api/v1/secrets HTTP/9.9",
    ],
)
def test_other_versions_of_http_are_no_way_in(target: Target, line: str) -> None:
    inside = f"attack-{uuid.uuid4().hex[:12]}"
    target.send(
        f"{line}\r\nHost: x\r\nUser-Agent: {inside}\r\nAuthorization: Bearer {target.token}\r\n\r\n".encode(), within=0.5
    )
    assert target.arrived(inside) == []


def test_too_many_and_too_large_headers_are_refused(target: Target) -> None:
    target.refused(target.who_am_i(*(f"X-{number}: y" for number in range(300))), 400, 431)
    target.refused(target.who_am_i("X-A: " + "y" * 200_000), 400, 431, 0)
    target.refused(target.ask("GET", "/api/v1/pods?x=" + "y" * 200_000), 400, 414, 431, 0)


def test_plain_http_is_not_spoken(target: Target) -> None:
    with socket.create_connection((target.host, target.port), timeout=5) as plain:
        plain.sendall(f"GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.token}\r\n\r\n".encode())
        plain.settimeout(2)
        with contextlib.suppress(TimeoutError, ConnectionError):
            assert b"200" not in plain.recv(1000)
