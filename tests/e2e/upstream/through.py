"""A gateway before a cluster, for a person with a live grant of cluster-admin, as a kubeconfig.

Everything is what the control plane uses: the objects of installation, grant and gateway's power, the signing of tokens, the gateway itself. Only the asking
is left out, because no grant may give cluster-admin, and these tests want it.

    with gateway(cluster, work) as door:
        run(chosen.WHOLE, (), door.by_name, report, door.hosts)
"""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ostiary.gateway.gateway import Gateway
from ostiary.model.access import GATEWAY_ACCOUNT, NAMESPACE, GatewayState, Grant, GrantState, Upstream
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.access.bindings import bindings
from ostiary.pillars.access.impersonation import bound, power, roles
from ostiary.pillars.access.installation import installation
from ostiary.sandbox.pki import Authority, write_private
from ostiary.sandbox.ports import free_ports
from ostiary.sandbox.running import RunningCluster
from ostiary.server.tokens import keys
from ostiary.server.tokens.claims import claims

PERSON = "tester@example.com"
NAME = "e2e"
DOMAIN = "ostiary.localhost"
HOST = f"{NAME}.{DOMAIN}"
ROLE = "cluster-admin"
EVERYTHING = (
    PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",)),
    PolicyRule(verbs=("*",), non_resource_urls=("*",)),
)


@dataclass(frozen=True, slots=True)
class Door:
    """Kubeconfigs of the person, for both ways to one gateway; ``hosts``: an /etc/hosts that knows the name."""

    by_name: Path
    by_path: Path
    hosts: Path
    records: Path


@contextmanager
def gateway(cluster: RunningCluster, work: Path) -> Iterator[Door]:
    """The person's ways in; the gateway runs until the end."""
    now = datetime.now(UTC)
    grant_everything(cluster, now)
    authority = Authority.create(work / "pki")
    serving = authority.issue("gateway", user="gateway", names=("127.0.0.1", HOST))
    signing = keys.generate("ES256", now)
    [port] = free_ports(1)
    state = GatewayState(
        address="127.0.0.1",
        port=port,
        domain=DOMAIN,
        issuer="https://127.0.0.1",
        jwks=keys.public_set([signing]),
        upstreams=(Upstream(name=NAME, server=cluster.server, certificate_authority=_authority_of(cluster)),),
    )
    said = cluster.run("kubectl", "create", "token", GATEWAY_ACCOUNT, "-n", NAMESPACE, "--duration=2h").stdout.strip()
    running = _Running(Gateway(work / "gateway"), state, (serving.certificate, serving.key), said)
    running.start()
    try:
        running.wait()
        token = claims(
            issuer=state.issuer,
            person=PERSON,
            session="e2e",
            cluster=NAME,
            now=now,
            ends=now + timedelta(seconds=900),
            jti="e2e",
        )
        signed = keys.sign(signing, token)
        hosts = work / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n127.0.0.1 {HOST}\n")
        yield Door(
            by_name=_kubeconfig(work / "by-name", f"https://{HOST}:{port}", authority, signed),
            by_path=_kubeconfig(work / "by-path", f"https://127.0.0.1:{port}/clusters/{NAME}", authority, signed),
            hosts=hosts,
            records=running.gateway.records,
        )
    finally:
        running.stop()


def grant_everything(cluster: RunningCluster, now: datetime) -> None:
    """Install ostiary's objects and a live grant of cluster-admin, everywhere, for two hours."""
    grant = Grant(
        id="e2e",
        person=PERSON,
        cluster=NAME,
        role=ROLE,
        everywhere=True,
        reason="Kubernetes' own tests",
        seconds=7200,
        requested_at=now,
        state=GrantState.ACTIVE,
        ends_at=now + timedelta(hours=2),
    )
    allowed = power((grant,), {ROLE: EVERYTHING}, constrained=True)
    for one in (*installation((ROLE,)), *roles(allowed), *bound(allowed), *bindings(grant)):
        cluster.run("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(one.body))


class _Running:
    """The gateway's loop in a thread of its own."""

    def __init__(self, gateway: Gateway, state: GatewayState, tls: tuple[Path, Path], token: str) -> None:
        self.gateway = gateway
        self._state, self._tls, self._token = state, tls, token
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        async def whole() -> None:
            await self.gateway.apply(self._state, tls=self._tls, tokens={NAME: self._token})
            await self.gateway.run(self._end)

        self._loop.run_until_complete(whole())

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        """Until Envoy serves."""
        for _ in range(200):
            assert self._thread.is_alive(), "the gateway did not start"
            if asyncio.run_coroutine_threadsafe(self.gateway.ready(), self._loop).result(10):
                return
            time.sleep(0.1)
        raise AssertionError("the gateway is not ready")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)
        self._loop.close()


def _authority_of(cluster: RunningCluster) -> str:
    shown = json.loads(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
    return base64.b64decode(shown["certificate-authority-data"]).decode()


def _kubeconfig(path: Path, server: str, authority: Authority, token: str) -> Path:
    trusted = base64.b64encode(authority.certificate.read_bytes()).decode()
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "clusters": [{"name": NAME, "cluster": {"server": server, "certificate-authority-data": trusted}}],
        "users": [{"name": PERSON, "user": {"token": token}}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": PERSON}}],
    }
    write_private(path, json.dumps(value).encode())
    return path
