"""A Cluster from an API server: every list whole or said not to be, whatever the server does in the middle. The server is a double."""

import json
from typing import Any

import pytest
from aiohttp import web
from tests.adapters.kubernetes.double import Double, answering, events, list_path, listed, serving, status

from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.live import read_live
from ostiary.core.errors import Unreachable
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster

KEY = bytes(32)
PODS = list_path("", "v1", "pods")
SHOP = {"metadata": {"name": "shop"}}
END = {
    "type": "BOOKMARK",
    "object": {"metadata": {"resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"}}},
}


def pod(name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, **more}


def page(*names: str, go_on: str = "", version: str = "10") -> Any:
    return lambda: web.json_response(listed([pod(name) for name in names], go_on=go_on, version=version))


async def read(double: Double) -> Cluster:
    double.objects.setdefault("Namespace", [SHOP])
    async with serving(double) as access, Client(access) as client:
        return await read_live(client, KEY)


def names(cluster: Cluster) -> list[str]:
    return [found.metadata.name for found in cluster.pods]


def reasons(cluster: Cluster) -> list[tuple[str, Reason]]:
    return [(blind.kind, blind.reason) for blind in cluster.blind]


async def test_everything_is_read() -> None:
    double = Double()
    double.objects["Pod"] = [pod("a"), pod("b")]
    cluster = await read(double)
    assert (names(cluster), cluster.blind, cluster.server_version) == (["a", "b"], (), "v1.33.0")


async def test_pages_are_one_list() -> None:
    double = Double()
    double.answers[PODS] = answering(page("a", go_on="t1"), page("b", go_on="t2"), page("c"))
    cluster = await read(double)
    assert (names(cluster), cluster.blind) == (["a", "b", "c"], ())
    asked = [dict(request.query) for request in double.requests if request.path == PODS]
    assert [query.get("continue") for query in asked] == [None, "t1", "t2"]


async def test_pages_of_different_moments_are_said_to_be_torn() -> None:
    double = Double()
    double.answers[PODS] = answering(page("a", go_on="t1"), page("b", version="11"))
    assert reasons(await read(double)) == [("Pod", Reason.TRUNCATED)]


async def test_a_list_that_expires_is_begun_again() -> None:
    double = Double()
    expired = lambda: status(410, "Expired", "too old")  # noqa: E731
    double.answers[PODS] = answering(page("old", go_on="t1"), expired, page("a", go_on="t2"), page("b"))
    cluster = await read(double)
    assert (names(cluster), cluster.blind) == (["a", "b"], ())


async def test_a_list_that_expires_again_is_read_on_and_said_to_be_torn() -> None:
    double = Double()
    expired = lambda: status(410, "Expired", "too old", **{"continue": "inconsistent"})  # noqa: E731
    double.answers[PODS] = answering(page("x", go_on="t1"), expired, page("a", go_on="t2"), expired, page("b", version="12"))
    cluster = await read(double)
    assert names(cluster) == ["a", "b"]
    assert reasons(cluster) == [("Pod", Reason.TRUNCATED)]
    assert [request.query.get("continue") for request in double.requests if request.path == PODS][-1] == "inconsistent"


async def test_a_list_that_expires_again_without_a_way_on_is_truncated() -> None:
    double = Double()
    expired = lambda: status(410, "Expired", "too old")  # noqa: E731
    double.answers[PODS] = answering(page("x", go_on="t1"), expired, page("a", go_on="t2"), expired)
    assert reasons(await read(double)) == [("Pod", Reason.TRUNCATED)]


async def test_a_body_that_is_cut_is_a_blind_spot() -> None:
    double = Double()

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"items": [')
        assert request.transport is not None
        request.transport.close()
        return response

    double.answers[PODS] = cut
    assert reasons(await read(double)) == [("Pod", Reason.UNREACHABLE)]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"items": [{]}', b'{"items": 5}'])
async def test_a_body_that_is_no_list_is_a_blind_spot(body: bytes) -> None:
    double = Double()
    double.answers[PODS] = answering(lambda: web.Response(body=body))
    assert reasons(await read(double)) == [("Pod", Reason.TRUNCATED)]


async def test_one_broken_object_is_one_blind_spot() -> None:
    double = Double()
    double.objects["Pod"] = [pod("a"), pod("b", spec={"hostPID": "yes"}), pod("c")]
    cluster = await read(double)
    assert names(cluster) == ["a", "c"]
    assert [(blind.name, blind.reason) for blind in cluster.blind] == [("b", Reason.UNREADABLE)]


async def test_a_forbidden_kind_is_a_blind_spot_and_the_others_are_read() -> None:
    double = Double()
    double.objects["Pod"] = [pod("a")]
    secrets = list_path("", "v1", "secrets")
    no = answering(lambda: status(403, "Forbidden", "no"))
    double.answers |= {secrets: no, list_path("", "v1", "secrets", "shop"): no, list_path("", "v1", "nodes"): no}
    cluster = await read(double)
    assert names(cluster) == ["a"]
    assert sorted(reasons(cluster)) == [("Node", Reason.FORBIDDEN), ("Secret", Reason.FORBIDDEN)]


async def test_what_is_forbidden_everywhere_is_tried_by_namespace() -> None:
    double = Double()
    double.objects["Namespace"] = [SHOP, {"metadata": {"name": "shut"}}]
    no = answering(lambda: status(403, "Forbidden", "no"))
    double.answers |= {
        PODS: no,
        list_path("", "v1", "pods", "shut"): no,
        list_path("", "v1", "pods", "shop"): answering(lambda: web.json_response(listed([pod("a")]))),
    }
    cluster = await read(double)
    assert names(cluster) == ["a"]
    assert [(blind.kind, blind.namespace, blind.reason) for blind in cluster.blind] == [("Pod", "shut", Reason.FORBIDDEN)]


async def test_without_namespaces_the_kind_stays_blind() -> None:
    """Only the context's own namespace can be tried then, and others may hold more."""
    double = Double()
    no = answering(lambda: status(403, "Forbidden", "no"))
    double.answers |= {
        list_path("", "v1", "namespaces"): no,
        PODS: no,
        list_path("", "v1", "pods", "default"): answering(lambda: web.json_response(listed([pod("a", "default")]))),
    }
    cluster = await read(double)
    assert names(cluster) == ["a"]
    assert sorted(reasons(cluster)) == [("Namespace", Reason.FORBIDDEN), ("Pod", Reason.FORBIDDEN)]


async def test_a_kind_that_is_not_served_is_missing_unless_it_may_be() -> None:
    assert reasons(await read(Double(missing=frozenset({"networkpolicies", "gateways"})))) == [
        ("NetworkPolicy", Reason.MISSING_RESOURCE)
    ]


@pytest.mark.parametrize("wanted", ["/api", "/apis"])
async def test_without_discovery_kinds_are_tried(wanted: str) -> None:
    double = Double(missing=frozenset({"gateways"}))
    double.objects["Pod"] = [pod("a")]
    double.answers[wanted] = answering(lambda: status(403, "Forbidden", "no"))
    cluster = await read(double)
    assert names(cluster) == ["a"]
    assert "Pod" not in {blind.kind for blind in cluster.blind}


async def test_a_server_that_is_overloaded_is_waited_for() -> None:
    double = Double()
    busy = lambda: web.Response(status=429, headers={"Retry-After": "0"})  # noqa: E731
    double.answers[PODS] = answering(busy, busy, page("a"))
    cluster = await read(double)
    assert (names(cluster), cluster.blind) == (["a"], ())


async def test_a_server_error_on_a_kind_is_a_blind_spot() -> None:
    double = Double()
    double.answers[PODS] = answering(lambda: status(500, "InternalError", "etcd"))
    assert reasons(await read(double)) == [("Pod", Reason.UNREACHABLE)]


async def test_a_stream_is_a_list() -> None:
    double = Double("v1.37.2")
    added = [{"type": "ADDED", "object": pod(name)} for name in "ab"]
    double.answers[PODS] = events(*added, {"type": "ADDED", "object": pod("c", spec={"hostPID": 1})}, END)
    cluster = await read(double)
    assert names(cluster) == ["a", "b"]
    assert [(blind.name, blind.reason) for blind in cluster.blind] == [("c", Reason.UNREADABLE)]
    (asked,) = [request.query for request in double.requests if request.path == PODS]
    assert asked["sendInitialEvents"] == asked["allowWatchBookmarks"] == "true"


@pytest.mark.parametrize("how", ["ends", "cut", "error", "refused", "garbage"])
async def test_a_stream_that_does_not_end_well_is_read_again_in_pages(how: str) -> None:
    double = Double("v1.37.2")
    added = {"type": "ADDED", "object": pod("half")}
    streams = {
        "ends": events(added),
        "cut": events(added, cut=b'{"type": "ADD'),
        "error": events(added, {"type": "ERROR", "object": {"code": 410}}),
        "garbage": events(added, cut=b"<html>\n"),
        "refused": answering(lambda: status(422, "Invalid", "sendInitialEvents is forbidden")),
    }

    async def both(request: web.Request) -> web.StreamResponse:
        return await streams[how](request) if "watch" in request.query else page("a", "b")()

    double.answers[PODS] = both
    cluster = await read(double)
    assert (names(cluster), cluster.blind) == (["a", "b"], ())


async def test_a_long_event_is_one_event() -> None:
    double = Double("v1.37.2")
    double.answers[PODS] = events({"type": "ADDED", "object": pod("a", note="x" * 500_000)}, END)
    assert names(await read(double)) == ["a"]


async def test_custom_resources_with_pod_templates_are_blind_spots() -> None:
    double = Double()
    entry = {"resource": "rollouts", "responseKind": {"kind": "Rollout"}, "verbs": ["list"], "scope": "Namespaced"}
    found = double._discovery(core=False)
    found["items"].append({"metadata": {"name": "argo.io"}, "versions": [{"version": "v1", "resources": [entry]}]})
    double.answers["/apis"] = answering(lambda: web.json_response(found))
    template: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}}
    items = [pod("a", **template), pod("b", note="containers")]
    double.answers["/apis/argo.io/v1/rollouts"] = answering(lambda: web.json_response(listed(items)))
    cluster = await read(double)
    assert [(blind.kind, blind.group, blind.name, blind.reason) for blind in cluster.blind] == [
        ("Rollout", "argo.io", "a", Reason.UNKNOWN_TEMPLATE),
        ("Rollout", "argo.io", "b", Reason.UNKNOWN_KIND),
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: status(401, "Unauthorized", "no"), "does not accept the credentials"),
        (lambda: status(503, "ServiceUnavailable", "starting"), "is not ready"),
        (lambda: web.Response(text="<html>hello"), "does not answer as an API server does"),
    ],
)
async def test_a_server_that_cannot_be_used_is_said_at_once(answer: Any, said: str) -> None:
    double = Double()
    double.answers["/version"] = answering(answer)
    with pytest.raises(Unreachable, match=said) as caught:
        await read(double)
    assert caught.value.todo
    assert "context 'test'" in str(caught.value)


async def test_a_namespace_that_appears_while_reading_is_a_blind_spot() -> None:
    double = Double()
    double.objects["Pod"] = [pod("a", "new")]
    assert [(blind.kind, blind.name, blind.reason) for blind in (await read(double)).blind] == [
        ("Namespace", "new", Reason.MISSING_NAMESPACE)
    ]


def test_a_blind_spot_is_a_sentence() -> None:
    blind = Blind(kind="Pod", namespace="shut", reason=Reason.FORBIDDEN, detail="may not list pods in namespace shut")
    assert str(blind) == "Pod in shut: forbidden (may not list pods in namespace shut)"
    assert json.dumps(str(blind))


@pytest.mark.parametrize(("version", "blind"), [("v1.37.9", []), ("v1.38.0", [("Pod", Reason.UNKNOWN_FIELD)])])
async def test_a_server_that_is_newer_than_ostiary_may_hold_fields_that_are_not_known(
    version: str, blind: list[tuple[str, Reason]]
) -> None:
    double = Double(version=version)
    double.objects["Pod"] = [pod("a"), pod("b", spec={"hostMoon": True})]
    assert reasons(await read(double)) == blind
