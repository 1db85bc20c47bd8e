"""The ways to one API server that bench_gateway.py measures: directly, through a bare Envoy, through the gateway, through a proxy in Go.

All of them end TLS, speak HTTP/2 on both sides, and use as many threads as there are processors. The API server does the same work whichever way a request
comes: it impersonates. Where no proxy does it, the client itself sends the identity headers and the gateway's token.
"""

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from ostiary.core.errors import Unreachable
from ostiary.gateway.supervision import FLUSH_MILLISECONDS
from ostiary.model.access import GROUP, TOKEN_SECONDS, USER_PREFIX, GatewayState, Upstream
from ostiary.pillars.access.envoy.files import files
from ostiary.pillars.access.envoy.names import LISTENERS
from ostiary.sandbox import engines
from ostiary.sandbox.pki import Authority, KeyPair, write_private
from ostiary.sandbox.ports import free_ports
from ostiary.sandbox.running import RunningCluster

CLUSTER = "bench"
DOMAIN = "ostiary.localhost"
ISSUER = "https://ostiary.localhost"
PERSON = f"{USER_PREFIX}bench@example.com"
IMPERSONATION = (f"Impersonate-User: {PERSON}", f"Impersonate-Group: {GROUP}", "Impersonate-Extra-Ostiary.dev%2fsession: bench")
SESSIONS = 32
PROCESSORS = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Way:
    """One way: what ``load`` is told of it, and the process whose cost is measured (the API server's own way has none)."""

    name: str
    url: str
    authority: Path
    tokens: Path  # one a line
    server_name: str = ""
    headers: tuple[str, ...] = ()
    process: int | None = None

    @property
    def flags(self) -> list[str]:
        """For ``load``."""
        flags = [
            "--url",
            self.url,
            "--ca",
            str(self.authority),
            "--server-name",
            self.server_name,
            "--token-file",
            str(self.tokens),
        ]
        return flags + [part for header in self.headers for part in ("--header", header)]


@dataclass(frozen=True)
class Place:
    """A cluster prepared for measuring: its token for proxies, a signing key, certificates."""

    server: str
    work: Path
    gateway_token: Path
    api_authority: Path
    authority: Authority
    certificate: KeyPair
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "bench", "use": "sig", "alg": "ES256"}))

    @classmethod
    def prepare(cls, cluster: RunningCluster, work: Path) -> "Place":
        """Make certificates; the service account of the proxies must exist."""
        config = json.loads(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
        authority = work / "api.crt"
        authority.write_bytes(base64.b64decode(config["certificate-authority-data"]))
        token = cluster.run("kubectl", "create", "token", "gateway", "-n", "default", "--duration=4h").stdout.strip()
        return replace(cls.without_cluster(work, token), server=cluster.server, api_authority=authority)

    @classmethod
    def without_cluster(cls, work: Path, token: str = "token") -> "Place":
        """Certificates alone: for a stand-in."""
        authority = Authority.create(work / "pki")
        certificate = authority.issue("proxy", user="proxy", names=("127.0.0.1", f"{CLUSTER}.{DOMAIN}"))
        write_private(work / "gateway.token", token.encode())
        return cls("", work, work / "gateway.token", authority.certificate, authority, certificate)

    def person_tokens(self, count: int) -> Path:
        """A file of tokens of the person, each of another session."""
        path = self.work / f"{count}.tokens"
        write_private(path, "\n".join(self.token_for(CLUSTER, f"bench-{number}") for number in range(count)).encode())
        return path

    def token_for(self, cluster: str, session: str) -> str:
        """A token of the person for a cluster."""
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": ISSUER, "aud": cluster, "sub": PERSON, "sid": session, "jti": session}
        times = {"iat": now - 1, "nbf": now - 1, "exp": now + TOKEN_SECONDS - 2}
        return jwt.encode({"alg": "ES256", "kid": "bench"}, claims | times, self.key)


def direct(place: Place) -> Way:
    """Nothing between."""
    return Way("directly", place.server, place.api_authority, place.gateway_token, headers=IMPERSONATION)


@contextmanager
def stand_in(place: Place) -> Iterator[Place]:
    """The same place with a server that answers every request with the same object, at a tenth of what it costs an API server."""
    [port] = free_ports(1)
    config = place.work / "stand-in.json"
    answer = {"status": 200, "body": {"inline_string": json.dumps({"kind": "ConfigMap", "data": {"content": "x" * 500}})}}
    config.write_text(json.dumps({"static_resources": {"listeners": [_listener(place, port, {"direct_response": answer})]}}))
    with _running(["envoy", "-c", str(config), *_ENVOY], place.work / "stand-in.log", port):
        yield replace(place, server=f"https://127.0.0.1:{port}", api_authority=place.authority.certificate)


@contextmanager
def bare_envoy(place: Place) -> Iterator[Way]:
    """TLS, HTTP/2, routing, and nothing else."""
    [port] = free_ports(1)
    config = place.work / f"bare-{port}.json"
    config.write_text(json.dumps(_bare(place, port)))
    with _running(["envoy", "-c", str(config), *_ENVOY], place.work / f"bare-{port}.log", port) as process:
        url = f"https://127.0.0.1:{port}"
        yield Way("bare Envoy", url, place.authority.certificate, place.gateway_token, headers=IMPERSONATION, process=process)


@contextmanager
def gateway(place: Place, *, change: Callable[[dict[str, Any]], None] | None = None) -> Iterator[Way]:
    """ostiary's configuration as it is generated, records included; ``change`` may take parts out of its listener."""
    [port] = free_ports(1)
    directory = place.work / f"gateway-{port}"
    directory.mkdir(mode=0o700)
    state = GatewayState(
        address="127.0.0.1", port=port, domain=DOMAIN, issuer=ISSUER, jwks=public_keys(place), upstreams=(upstream(place),)
    )
    pair = (place.certificate.certificate.read_text(), place.certificate.key.read_text())
    made = files(state, str(directory), certificate=pair, tokens={CLUSTER: place.gateway_token.read_text()})
    if change is not None:
        change(made[LISTENERS]["resources"][0])
    for name, content in made.items():
        write_private(directory / name, json.dumps(content).encode())
    tokens, name = place.person_tokens(SESSIONS), f"{CLUSTER}.{DOMAIN}"
    with _running(["envoy", "-c", str(directory / "bootstrap.json"), *_ENVOY], directory / "envoy.log", port) as process:
        yield Way(
            "ostiary", f"https://127.0.0.1:{port}", place.authority.certificate, tokens, server_name=name, process=process
        )


def upstream(place: Place) -> Upstream:
    """The API server as the gateway knows it."""
    return Upstream(name=CLUSTER, server=place.server, certificate_authority=place.api_authority.read_text())


def public_keys(place: Place) -> dict[str, object]:
    """What tokens are verified with."""
    return {"keys": [place.key.as_dict(private=False)]}


@contextmanager
def go_proxy(place: Place) -> Iterator[Way]:
    """engines/goproxy, which does what the gateway does."""
    [port] = free_ports(1)
    public = place.work / "public.pem"
    native = place.key.get_op_key("verify")
    assert isinstance(native, ec.EllipticCurvePublicKey)
    public.write_bytes(native.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    options = {
        "listen": f"127.0.0.1:{port}",
        "cert": place.certificate.certificate,
        "key": place.certificate.key,
        "upstream": place.server,
        "ca": place.api_authority,
        "token-file": place.gateway_token,
        "public-key": public,
        "issuer": ISSUER,
        "audience": CLUSTER,
        "records": place.work / f"goproxy-{port}.jsonl",
    }
    program = engines.ensure(("goproxy",)) / "goproxy"
    command = [str(program), *(f"--{name}={value}" for name, value in options.items())]
    tokens = place.person_tokens(SESSIONS)
    with _running(command, place.work / f"goproxy-{port}.log", port) as process:
        yield Way("Go proxy", f"https://127.0.0.1:{port}", place.authority.certificate, tokens, process=process)


_ENVOY = (
    *("--concurrency", str(PROCESSORS), "--disable-hot-restart", "--log-level", "warning"),
    *("--file-flush-interval-msec", str(FLUSH_MILLISECONDS)),  # as the gateway's supervision starts it
)


@contextmanager
def _running(command: Sequence[str], log: Path, port: int) -> Iterator[int]:
    """A process in the directory of its configuration, which may name files relative to it."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=log.parent, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            _listening(process, port, log)
            yield process.pid
        finally:
            process.terminate()
            process.wait(timeout=10)


def _listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import socket

    for _ in range(200):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(0.5)  # what Envoy reads from files of its own is there a moment later
                return
        time.sleep(0.05)
    raise Unreachable(f"{process.args!r} does not listen: {log.read_text()[-2000:]}")


def _bare(place: Place, port: int) -> dict[str, object]:
    """A listener, a manager with nothing but its router, one upstream; no access log."""
    address, _, upstream_port = place.server.removeprefix("https://").rpartition(":")
    context = {"alpn_protocols": ["h2"], "validation_context": {"trusted_ca": {"filename": str(place.api_authority)}}}
    endpoint = {"address": {"socket_address": {"address": address, "port_value": int(upstream_port)}}}
    options = {
        "@type": f"{_KIND}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    cluster = {
        "name": "api",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "api", "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]},
        "circuit_breakers": {
            "thresholds": [{"max_connections": 100_000, "max_pending_requests": 100_000, "max_requests": 100_000}]
        },
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        "transport_socket": _tls("UpstreamTlsContext", context),
    }
    listener = _listener(place, port, {"route": {"cluster": "api", "timeout": "0s"}})
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


_KIND = "type.googleapis.com/envoy.extensions"


def _listener(place: Place, port: int, action: Mapping[str, object]) -> dict[str, object]:
    """TLS, and one action for every request."""
    manager = {
        "@type": f"{_KIND}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bare",
        "stream_idle_timeout": "0s",
        "route_config": {
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **action}]}]
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{_KIND}.filters.http.router.v3.Router"}}],
    }
    pair = place.certificate
    certificate = {"certificate_chain": {"filename": str(pair.certificate)}, "private_key": {"filename": str(pair.key)}}
    context = {"alpn_protocols": ["h2", "http/1.1"], "tls_certificates": [certificate]}
    chain = {
        "filters": [{"name": "manager", "typed_config": manager}],
        "transport_socket": _tls("DownstreamTlsContext", context),
    }
    return {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}, "filter_chains": [chain]}


def _tls(kind: str, context: Mapping[str, object]) -> dict[str, object]:
    return {"name": "tls", "typed_config": {"@type": f"{_KIND}.transport_sockets.tls.v3.{kind}", "common_tls_context": context}}
