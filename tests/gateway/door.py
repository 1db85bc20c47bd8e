"""A gateway that runs for a test: keys, tokens, certificate, Envoy, and as many upstreams as the test likes."""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from joserfc import jwt
from joserfc.jwk import ECKey

from ostiary.gateway import Gateway
from ostiary.model.access import GatewayState, Upstream
from ostiary.sandbox.pki import Authority
from ostiary.sandbox.ports import free_ports

T = TypeVar("T")
ISSUER = "https://control.ostiary.test"
DOMAIN = "ostiary.localhost"
PERSON = "alice@example.com"
SESSION = "session-1"


def eventually(what: Callable[[], T], within: float = 10.0) -> T:
    """The first true value of ``what``, asked until it has one."""
    end = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < end, f"not within {within} s"
        time.sleep(0.02)
    return found


class Door:
    """One gateway. Its asyncio loop has a thread of its own, so that a test can be plain."""

    def __init__(self, directory: Path, upstreams: Iterable[Upstream], tokens: Mapping[str, str]) -> None:
        self.gateway = Gateway(directory / "gateway", workers=2)
        self.key = ECKey.generate_key("P-256", {"kid": "key-1", "alg": "ES256", "use": "sig"})
        authority = Authority.create(directory / "pki")
        self.ca = authority.certificate
        self.pair = authority.issue("gateway", user="gateway", names=[f"*.{DOMAIN}", DOMAIN, "localhost", "127.0.0.1"])
        self.port = free_ports(1)[0]
        self.tokens = dict(tokens)
        self.state = GatewayState(
            address="127.0.0.1",
            port=self.port,
            domain=DOMAIN,
            issuer=ISSUER,
            jwks={"keys": [self.key.as_dict(private=False)]},
            upstreams=tuple(upstreams),
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stop = asyncio.Event()
        self._running: Any = None

    def __enter__(self) -> "Door":
        self._thread.start()
        self.apply(self.state)
        self._running = asyncio.run_coroutine_threadsafe(self.gateway.run(self._stop), self._loop)
        eventually(self.ready)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._running.result(15)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the gateway's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def ready(self) -> bool:
        """Whether Envoy serves."""
        return self.do(self.gateway.ready())

    def apply(self, state: GatewayState, tokens: Mapping[str, str] | None = None) -> None:
        """Give the gateway a state."""
        self.state = state
        pair = (self.pair.certificate, self.pair.key)
        self.do(self.gateway.apply(state, tls=pair, tokens=self.tokens if tokens is None else tokens))

    def claims(self, cluster: str, **others: Any) -> dict[str, Any]:
        """The claims of a good token; None takes one away."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": cluster, "sub": f"ostiary:{PERSON}", "sid": SESSION, "jti": "token-1"}
        return {
            name: value
            for name, value in {**claims, "iat": now, "nbf": now, "exp": now + 600, **others}.items()
            if value is not None
        }

    def token(self, cluster: str, *, header: Mapping[str, Any] | None = None, key: ECKey | None = None, **others: Any) -> str:
        """A token for a cluster."""
        return jwt.encode({"alg": "ES256", "kid": "key-1", **(header or {})}, self.claims(cluster, **others), key or self.key)

    def connect(self, name: str, *, alpn: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLSocket:
        """A TLS connection that asks for this name."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.set_alpn_protocols(list(alpn))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return context.wrap_socket(plain, server_hostname=name)

    def raw(self, name: str, request: bytes, *, within: float = 5.0) -> bytes:
        """What comes back for these very bytes, until the other side closes or is silent."""
        with self.connect(name) as connection:
            connection.settimeout(within)
            connection.sendall(request)
            return read_answer(connection)

    def get(self, path: str, token: str, *, name: str = "", method: str = "GET") -> tuple[int, Any]:
        """Status and JSON body of a simple request to the cluster c1."""
        lines = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        return parse(self.raw(name or f"c1.{DOMAIN}", lines.encode()))

    def records(self) -> list[dict[str, Any]]:
        """The raw records so far."""
        return [json.loads(line) for line in self.gateway.records.read_text().splitlines()]


def read_answer(connection: ssl.SSLSocket) -> bytes:
    """Everything until the end, or until nothing more comes."""
    found = b""
    try:
        while more := connection.recv(65536):
            found += more
            if complete(found):
                break
    except (TimeoutError, ConnectionError, ssl.SSLError):
        pass
    return found


def complete(answer: bytes) -> bool:
    """Whether an answer with a length has all of it: there is no need to wait for more."""
    head, end, body = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return bool(end) and len(body) >= int(line.split(b":")[1])
    return False


def parse(answer: bytes) -> tuple[int, Any]:
    """Status and JSON body (None where it is none); 0 for no answer at all."""
    if not answer.startswith(b"HTTP/1."):
        return 0, None
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = unchunk(body)
    try:
        return int(head.split()[1]), json.loads(body)
    except ValueError:
        return int(head.split()[1]), None


def unchunk(body: bytes) -> bytes:
    """A chunked body as a whole."""
    found = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        found, body = found + rest[:length], rest[length + 2 :]
    return found
