"""Attacks with paths and methods: every spelling that the API server would understand and a rule might not.

``exec/`` and ``exec//`` are the API server's exec, because go-restful and ``requestinfo.splitPath`` trim slashes. None of these arrives, but those that are
normalised before they are looked at, which then are what they are.
"""

import pytest
from tests.attacks.target import Target

pytestmark = pytest.mark.judge("attacks with paths", needs=("linux",))

POD = "/api/v1/namespaces/default/pods/no-such-pod"
REFUSED = (
    f"{POD}/exec",  # without an upgrade
    f"{POD}/exec/",
    f"{POD}/exec//",
    f"{POD}/exec%20",
    f"{POD}/exec%09",
    f"{POD}/exec;a=b",
    f"{POD};a=b/exec",
    f"{POD}/EXEC",
    f"{POD}/Exec",
    f"{POD}/%65xec",
    f"{POD}/exe%63",
    f"{POD}/./exec",
    f"{POD}//exec",
    f"{POD}/x/../exec",
    f"{POD}/exec/.",
    f"{POD}/exec/x/..",
    f"{POD}/exec%2f",
    f"{POD}%2fexec",
    f"{POD}%2Fexec",
    f"{POD}/exec%00",
    f"{POD}/exec%0a",
    f"{POD}\\exec",
    f"{POD}%5cexec",
    f"{POD}/exec#x",
    f"{POD}/exec\t",
    f"{POD}/ex\u00e9c",
    f"{POD}/exec.",
    f"{POD}/exec/stdin",
    f"{POD}/attach",
    f"{POD}/portforward",
    "/api/v1/nodes/node/proxy/run/default/web/main",
    "/api/v1/nodes/node/proxy/exec/default/web/main?command=id",
    "/api/v1/nodes/node/proxy",
    "/api/v1/nodes/node:10250/proxy/pods",
    "/api/v1/nodes/https:node:10250/proxy/",
    "/api/v1/namespaces/default/nodes/node/proxy",
    "/api/v1/proxy/nodes/node",
    "/api/v1/proxy/namespaces/default/pods/web",
    "/api/v1/watch/secrets",
    "/api/v1/watch/namespaces/default/secrets",
    "/api/v1/namespaces/default/status/a",
    "/api/v1/namespaces/default/finalize/a",
    "/apis/apps/v1/namespaces/default",
    "/api/v1/secrets/",
    "/api//v1/secrets/",
    "/api/v1/namespaces/a/b/c/d/e/f",
    "/API/v1/secrets",
    "/api/V1/secrets",
    "/apis/../../api/v1/secrets/",
    "/%61pi/v1/secrets/",
    "/debug/pprof/",
    "/debug/pprof/cmdline",
    "/debug/flags/v",
    "/logs/",
    "/logs/kube-apiserver.log",
    "/statusz",
    "/flagz",
    "/configz",
    "/ui",
    "/healthz/../logs",
    "/.well-known/openid-configuration/",
    "/swagger.json",
    "/validate",
    "*",
    "api/v1/secrets",
    "/api/v1/secrets\x01",
)


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_is_not_known_never_arrives(target: Target, path: str) -> None:
    target.refused(target.ask("GET", path), 400, 404, 0)


def test_what_is_known_arrives(target: Target) -> None:
    """So that refusing everything is no way to pass the test above."""
    for path in ("/api/v1/secrets", "/apis/apps/v1/namespaces/default/deployments", "/openapi/v3", "/readyz/etcd", "/version"):
        answer = target.ask("GET", path)
        assert answer.status == 200, path
    assert target.ask("GET", f"{POD}").status == 404


def test_what_is_normalised_is_judged_as_what_it_then_is(target: Target) -> None:
    target.own()
    answer = target.ask("GET", "/api/v1/./namespaces/x/../default/%70ods")
    assert answer.status == 200
    (event,) = target.arrived(answer.agent)
    assert event["requestURI"] == "/api/v1/namespaces/default/pods"


METHODS = ("CONNECT", "TRACE", "TRACK", "OPTIONS", "PROPFIND", "get", "Get", "DEBUG", "PRI", "PURGE", "QUERY", "")


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_means_nothing_never_arrives(target: Target, method: str) -> None:
    target.refused(target.ask(method, "/api/v1/secrets"), 400, 403, 404, 405, 501, 0)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/namespaces/default/pods/no-such-pod"),
        ("PUT", "/api/v1/namespaces/default/pods"),
        ("PATCH", "/api/v1/namespaces/default/pods"),
        ("DELETE", f"{POD}/status"),
        ("PUT", f"{POD}/exec"),
        ("PATCH", f"{POD}/portforward"),
        ("DELETE", f"{POD}/exec"),
        ("POST", f"{POD}/exec"),
        ("POST", "/version"),
        ("DELETE", "/healthz"),
    ],
)
def test_a_method_that_means_nothing_at_this_place_never_arrives(target: Target, method: str, path: str) -> None:
    target.refused(target.ask(method, path), 400, 404)
