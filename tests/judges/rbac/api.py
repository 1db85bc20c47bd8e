"""A real API server as the judge of RBAC: objects in, access reviews out. Blocking and plain, and nothing of ostiary's own client.

Reviews are cheap for the server and dear for a client, so they are pipelined: a few hundred requests on their way on a few
connections.
"""

import base64
import http.client
import json
import ssl
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
PATHS = {
    "Role": "roles",
    "ClusterRole": "clusterroles",
    "RoleBinding": "rolebindings",
    "ClusterRoleBinding": "clusterrolebindings",
}
LABEL = "ostiary.dev/judge"
CONNECTIONS, AHEAD = 6, 48
Question = tuple[Identity, Request]


class Reviewed(NamedTuple):
    """What an access review says."""

    allowed: bool
    denied: bool
    reason: str


class Replied(NamedTuple):
    """One HTTP answer."""

    status: int
    body: Any


class ApiServer:
    """The API server of a kubeconfig whose user has a client certificate."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.host = urlsplit(cluster["server"]).hostname or ""
        self.port = urlsplit(cluster["server"]).port or 443
        self._ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=self._ca)
        with tempfile.TemporaryDirectory() as directory:
            pair = [Path(directory) / name for name in ("certificate", "key")]
            for path, field in zip(pair, ("client-certificate-data", "client-key-data"), strict=True):
                path.write_bytes(base64.b64decode(user[field]))
            self.tls.load_cert_chain(*map(str, pair))
        self._plain = self._connect()
        self._fast = [_Pipeline(self) for _ in range(CONNECTIONS)]

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=60)

    def close(self) -> None:
        for one in self._fast:
            one.close()
        self._plain.close()

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Replied:
        """One request, as the administrator unless the headers impersonate somebody."""
        sent = json.dumps(body) if body is not None else None
        self._plain.request(method, path, sent, {"Content-Type": "application/json", **(headers or {})})
        reply = self._plain.getresponse()
        text = reply.read()
        return Replied(reply.status, json.loads(text) if text.startswith(b"{") else text.decode())

    def ask_as(self, token: str, method: str, path: str, headers: Iterable[tuple[str, str]] = ()) -> int:
        """One request with a token in place of the certificate, and any headers, repeated ones too; its status."""
        tls = ssl.create_default_context(cadata=self._ca)
        connection = http.client.HTTPSConnection(self.host, self.port, context=tls, timeout=60)
        connection.putrequest(method, path)
        for name, value in (("Authorization", f"Bearer {token}"), *headers):
            connection.putheader(name, value)
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()
        return status

    def review(self, questions: Sequence[Question]) -> list[Reviewed]:
        """One access review for each question, in their order."""
        answers: list[Reviewed] = []
        window = CONNECTIONS * AHEAD
        for start in range(0, len(questions), window):
            shares = [questions[start + at : start + at + AHEAD] for at in range(0, min(window, len(questions) - start), AHEAD)]
            for pipeline, share in zip(self._fast, shares, strict=False):
                pipeline.send([json.dumps(review_of(*question)).encode() for question in share])
            for pipeline, share in zip(self._fast, shares, strict=False):
                answers += [_reviewed(json.loads(body)) for body in pipeline.receive(len(share))]
        return answers

    def create(self, objects: Iterable[dict[str, Any]]) -> None:
        """Create objects, roles before bindings, with the judge's label."""
        for item in objects:
            reply = self.ask("POST", collection(item), labelled(item))
            assert reply.status in (200, 201), (reply, item)

    def clear(self) -> None:
        """Delete everything that the judge made."""
        for kind in ("rolebindings", "clusterrolebindings", "roles", "clusterroles"):
            for item in self.ask("GET", f"{RBAC}/{kind}?labelSelector={LABEL}").body["items"]:
                namespace = item["metadata"].get("namespace", "")
                where = f"{RBAC}/namespaces/{namespace}/{kind}" if namespace else f"{RBAC}/{kind}"
                self.ask("DELETE", f"{where}/{item['metadata']['name'].replace(' ', '%20')}")

    def namespace(self, name: str) -> None:
        """Make sure that a namespace is there."""
        reply = self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        assert reply.status in (201, 409), reply

    def settle(self, namespace: str, *, aggregation: bool = False) -> None:
        """Wait until the authorizer has seen all that was written before: four marks, made last, that it has to see."""
        mark = f"settled-{time.monotonic_ns()}"
        self.create(_marks(mark, namespace))
        asked = [(Identity(mark), Request("get", mark)), (Identity(mark), Request("get", mark, namespace=namespace))]
        _until(lambda: all(answer.allowed for answer in self.review(asked)))
        if aggregation:
            self._settle_aggregation()

    def _settle_aggregation(self) -> None:
        """Wait until no ClusterRole has changed for a second."""
        seen, since = "", time.monotonic()

        def quiet() -> bool:
            nonlocal seen, since
            now = json.dumps(
                [item["rules"] for item in self.ask("GET", f"{RBAC}/clusterroles").body["items"] if item.get("rules")]
            )
            if now != seen:
                seen, since = now, time.monotonic()
            return time.monotonic() - since > 1

        _until(quiet)

    def rbac(self) -> dict[str, list[dict[str, Any]]]:
        """All roles and bindings as the server has them, by kind."""
        return {kind: self.ask("GET", f"{RBAC}/{path}").body["items"] for kind, path in PATHS.items()}


class _Pipeline:
    """One connection with many access reviews on their way."""

    def __init__(self, server: ApiServer) -> None:
        import socket

        raw = socket.create_connection((server.host, server.port), timeout=60)
        self._socket = server.tls.wrap_socket(raw, server_hostname=server.host)
        self._in = self._socket.makefile("rb")
        self._head = f"POST {REVIEWS} HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\nContent-Length: "

    def close(self) -> None:
        self._in.close()
        self._socket.close()

    def send(self, bodies: list[bytes]) -> None:
        self._socket.sendall(b"".join(f"{self._head}{len(body)}\r\n\r\n".encode() + body for body in bodies))

    def receive(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            length = 0
            status = self._in.readline()
            while (line := self._in.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = self._in.read(length)
            assert b" 201 " in status, (status, body)
            yield body


def review_of(identity: Identity, request: Request) -> dict[str, Any]:
    """The SubjectAccessReview of a question."""
    spec: dict[str, Any] = {"user": identity.user, "groups": list(identity.groups)}
    if not request.is_resource:
        spec["nonResourceAttributes"] = {"verb": request.verb, "path": request.path}
        return {"spec": spec}
    attributes: dict[str, Any] = {
        "verb": request.verb,
        "group": request.api_group,
        "resource": request.resource,
        "subresource": request.subresource,
        "name": request.name,
        "namespace": request.namespace,
    }
    if request.fields:
        attributes["fieldSelector"] = {
            "requirements": [{"key": field, "operator": "In", "values": [value]} for field, value in request.fields]
        }
    spec["resourceAttributes"] = attributes
    return {"spec": spec}


def collection(item: dict[str, Any]) -> str:
    """Where an RBAC object is created."""
    namespace = item["metadata"].get("namespace", "")
    return f"{RBAC}/namespaces/{namespace}/{PATHS[item['kind']]}" if namespace else f"{RBAC}/{PATHS[item['kind']]}"


def labelled(item: dict[str, Any]) -> dict[str, Any]:
    """The object with the judge's label beside its own."""
    meta = item["metadata"]
    return {**item, "metadata": {**meta, "labels": {**(meta.get("labels") or {}), LABEL: "1"}}}


def _reviewed(body: dict[str, Any]) -> Reviewed:
    status = body["status"]
    return Reviewed(status.get("allowed", False), status.get("denied", False), status.get("reason", ""))


def _marks(mark: str, namespace: str) -> Iterator[dict[str, Any]]:
    api = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    rules = [{"verbs": ["get"], "apiGroups": [""], "resources": [mark]}]
    subjects = [{"kind": "User", "name": mark}]
    for kind, where in (("Role", {"namespace": namespace}), ("ClusterRole", {})):
        yield {**api, "kind": kind, "metadata": {"name": mark, **where}, "rules": rules}
    for kind, where in (("Role", {"namespace": namespace}), ("ClusterRole", {})):
        ref = {"kind": kind, "name": mark}
        yield {**api, "kind": f"{kind}Binding", "metadata": {"name": mark, **where}, "roleRef": ref, "subjects": subjects}


def _until(holds: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "the API server did not settle"
        time.sleep(0.02)
