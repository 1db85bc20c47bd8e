"""The gateway that is attacked: one of our own before a real API server, or any other.

Any other: OSTIARY_ATTACK_GATEWAY=HOST:PORT, OSTIARY_ATTACK_NAME (the name to ask TLS for), OSTIARY_ATTACK_CA (file), OSTIARY_ATTACK_TOKEN (file with a good
token), OSTIARY_ATTACK_PERSON (whose it is). Attacks that need the signing key, the API server's audit log or a second cluster are skipped then, and say so.
"""

import json
import os
import socket
import ssl
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.gateway.door import DOMAIN, PERSON, Door, parse, read_answer

from ostiary.model.access import USER_PREFIX

REVIEW = b'{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}'
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Answer(NamedTuple):
    """What came back, and by which user agent the request is found in records and audit events."""

    status: int
    body: Any
    agent: str
    raw: bytes

    @property
    def by_gateway(self) -> bool:
        """Whether the gateway itself answered."""
        return isinstance(self.body, dict) and str(self.body.get("message", "")).startswith("ostiary:")


@dataclass(frozen=True)
class Target:
    """Where attacks go, and what is known about what is behind."""

    host: str
    port: int
    name: str
    ca: Path
    given_token: str = field(default="", repr=False)
    person: str = PERSON
    door: Door | None = None
    audit_log: Path | None = None
    cluster: str = "c1"

    @property
    def user(self) -> str:
        """The user that the person is on the cluster."""
        return USER_PREFIX + self.person

    @property
    def token(self) -> str:
        """A good token."""
        return self.door.token(self.cluster) if self.door else self.given_token

    def own(self) -> Door:
        """The gateway of our own, or a skip."""
        if self.door is None:
            pytest.skip("needs the keys of the gateway: only against one of our own")
        return self.door

    def connect(self, name: str | None = None, alpn: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLSocket:
        """A TLS connection that asks for this name, or for the cluster's."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.check_hostname = False  # who the gateway is, its own tests ask
        context.set_alpn_protocols(list(alpn))
        plain = socket.create_connection((self.host, self.port), timeout=10)
        return context.wrap_socket(plain, server_hostname=self.name if name is None else name)

    def send(self, request: bytes, *, name: str | None = None, within: float = 3.0) -> bytes:
        """These very bytes, and what came back."""
        with self.connect(name) as connection:
            connection.settimeout(within)
            connection.sendall(request)
            return read_answer(connection)

    def ask(
        self,
        method: str,
        path: str,
        *headers: str,
        token: str | None = "",
        body: bytes = b"",
        name: str | None = None,
        host: str = "gateway",
    ) -> Answer:
        """One request of HTTP/1.1, its headers as they are given. ``token`` None: without any."""
        agent = f"attack-{uuid.uuid4().hex[:12]}"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"User-Agent: {agent}"]
        lines += [] if token is None else [f"Authorization: Bearer {token or self.token}"]
        lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"] if body else []
        lines += [*headers]
        raw = self.send(
            "\r\n".join([*lines, "", ""]).encode("latin-1") + body, name=name, within=0.5 if method == "HEAD" else 3
        )
        raw = raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Answer(*parse(raw), agent, raw)

    def who_am_i(self, *headers: str, **options: Any) -> Answer:
        """Ask the API server whom it takes this request for."""
        return self.ask("POST", REVIEWS, *headers, body=REVIEW, **options)

    def arrived(self, agent: str) -> list[dict[str, Any]]:
        """The API server's audit events of this user agent, completed ones."""
        if self.audit_log is None:
            return []
        lines = [line for line in self.audit_log.read_text().splitlines() if agent in line]
        return [event for event in map(json.loads, lines) if event["stage"] == "ResponseComplete"]

    def refused(self, answer: Answer, *statuses: int) -> None:
        """The gateway refused it, with one of these, and the API server never saw it."""
        assert answer.status in statuses, (answer.status, answer.body or answer.raw[:300])
        assert self.arrived(answer.agent) == []
        assert answer.body is None or answer.by_gateway, answer.body

    def harmless(self, answer: Answer) -> None:
        """The gateway refused it as no HTTP, or the API server took it for the person alone."""
        if answer.status == 201:
            self.as_the_person(answer)
        else:
            self.refused(answer, 400, 0)

    def as_the_person(self, answer: Answer) -> None:
        """The API server took it for the person, with nothing more and nothing less."""
        assert answer.status == 201, (answer.status, answer.body or answer.raw[:300])
        info = answer.body["status"]["userInfo"]
        assert info["username"] == self.user
        assert sorted(info["groups"]) == ["ostiary:access", "system:authenticated"]
        assert set(info.get("extra", {})) == {"ostiary.dev/session"}
        assert "uid" not in info
        for event in self.arrived(answer.agent):
            assert event["user"]["username"] == "system:serviceaccount:ostiary-system:ostiary-gateway"
            assert event["impersonatedUser"]["username"] == self.user
            assert event["sourceIPs"] == ["127.0.0.1"]


def from_environment() -> Target | None:
    """The gateway that the environment names."""
    address = os.environ.get("OSTIARY_ATTACK_GATEWAY")
    if not address:
        return None
    host, _, port = address.removeprefix("https://").rstrip("/").rpartition(":")
    return Target(
        host=host,
        port=int(port),
        name=os.environ.get("OSTIARY_ATTACK_NAME", f"c1.{DOMAIN}"),
        ca=Path(os.environ["OSTIARY_ATTACK_CA"]),
        given_token=Path(os.environ["OSTIARY_ATTACK_TOKEN"]).read_text().strip(),
        person=os.environ.get("OSTIARY_ATTACK_PERSON", PERSON),
    )
