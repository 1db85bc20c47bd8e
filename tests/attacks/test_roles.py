"""A read-only role, and every way that has ever led from reading to a shell: k/k#78741, and what deny-lists of URLs missed since."""

import pytest
from tests.attacks.target import Target
from tests.attacks.test_upgrades import SPDY, WEBSOCKET

pytestmark = pytest.mark.judge("a read-only role stays one", needs=("linux",))

POD = "/api/v1/namespaces/default/pods/web"
WAYS = [
    *((method, f"{POD}/{stream}", headers) for stream in ("exec", "attach", "portforward")
      for method, headers in (("GET", WEBSOCKET), ("POST", WEBSOCKET), ("GET", SPDY), ("POST", SPDY))),
    *((method, f"{POD}/proxy/run", ()) for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")),
    *((method, "/api/v1/namespaces/default/services/https:web:443/proxy/", ()) for method in ("GET", "POST")),
    ("PATCH", f"{POD}/ephemeralcontainers", ()),
    ("PUT", f"{POD}/ephemeralcontainers", ()),
    ("PUT", f"{POD}/resize", ()),
    ("POST", f"{POD}/binding", ()),
    ("POST", f"{POD}/eviction", ()),
    ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", ()),
    ("GET", "/api/v1/namespaces/default/secrets", ()),
    ("GET", "/api/v1/namespaces/default/secrets?watch=1", ()),
    ("GET", "/api/v1/namespaces/default/secrets/a", ()),
    ("DELETE", "/api/v1/namespaces/default/pods", ()),
    ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", ()),
    ("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", ()),
    ("PUT", "/api/v1/namespaces/kube-system/finalize", ()),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers"), WAYS)
def test_a_viewer_does_nothing_but_view(target: Target, method: str, path: str, headers: tuple[str, ...]) -> None:
    token = target.own().token("c1", sub="ostiary:rita@example.com")
    body = b"{}" if method in ("POST", "PUT", "PATCH") and not headers else b""
    answer = target.ask(method, path, *headers, token=token, body=body)
    assert answer.status == 403, (answer.status, answer.body)
    for event in target.arrived(answer.agent):
        assert event["impersonatedUser"]["username"] == "ostiary:rita@example.com"
        assert event["responseStatus"]["code"] == 403


@pytest.mark.parametrize(
    "path", [f"/api/v1/nodes/n/proxy/{tail}" for tail in ("", "run/a", "exec/a", "pods", "configz", "logs/")]
)
def test_nobody_reaches_a_kubelet_administrators_neither(target: Target, path: str) -> None:
    for method in ("GET", "POST"):
        target.refused(target.ask(method, path), 404)


def test_a_viewer_views(target: Target) -> None:
    token = target.own().token("c1", sub="ostiary:rita@example.com")
    assert target.ask("GET", "/api/v1/namespaces/default/pods", token=token).status == 200
