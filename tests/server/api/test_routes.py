"""The HTTP API: who may do what, what is refused and how, and that nothing is said to strangers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ostiary.server.settings import ApiSettings

ASK = {"cluster": "prod", "role": "view", "namespaces": ["shop"], "seconds": 600, "reason": "why"}


async def test_from_a_request_to_its_end(api: Any) -> None:
    alice, bob = await api.signed_in("alice", "dev"), await api.signed_in("bob")
    made = await api.client.post("/v1/grants", json=ASK, headers=alice)
    assert (made.status_code, made.json()["state"], api.plane.dirty) == (201, "requested", set())
    name = made.json()["id"]
    assert (await api.client.post(f"/v1/grants/{name}/approve", headers=alice)).status_code == 403
    approved = await api.client.post(f"/v1/grants/{name}/approve", json={"note": "fine"}, headers=bob)
    assert (approved.status_code, approved.json()["state"], api.plane.dirty) == (200, "active", {"prod"})
    history = (await api.client.get(f"/v1/grants/{name}", headers=alice)).json()
    assert [(one["who"], one["what"], one["note"]) for one in history["events"]] == [
        ("alice", "request", "why"),
        ("bob", "approve", "fine"),
    ]
    revoked = await api.client.post(f"/v1/grants/{name}/revoke", headers=alice)
    assert revoked.json()["state"] == "revoked"


@pytest.mark.parametrize(
    "path", ["/v1/grants", "/v1/grants/options", "/v1/me", "/v1/people", "/v1/sessions", "/v1/clusters", "/v1/whoami"]
)
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic YTpi"}, {"Authorization": ""}]
)
async def test_strangers_are_told_nothing(api: Any, path: str, headers: dict[str, str]) -> None:
    answer = await api.client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "ostiary login" in answer.json()["todo"]


async def test_every_route_but_those_of_signing_in_wants_a_session(api: Any) -> None:
    """Whoever adds a route has to think of this: the list of open ones is written here, and everything else answers 401."""
    paths = (await api.client.get("/v1/openapi.json")).json()["paths"]
    open_ones = ("/healthz", "/readyz", "/v1/login/", "/v1/break-glass")
    for path, operations in paths.items():
        if path.startswith(open_ones):
            continue
        for method in operations:
            place = (
                path.replace("{name}", "g1").replace("{session}", "s1").replace("{cluster}", "prod").replace("{person}", "p")
            )
            assert "{" not in place, path
            body = _any_body(operations[method], paths)
            answer = await api.client.request(method, place, json=body)
            assert answer.status_code in (401, 422), f"{method} {path} answers {answer.status_code} to a stranger"
            if answer.status_code == 422:  # the body was looked at first; nothing else may have been
                assert "body" in answer.json()["detail"] or "query" in answer.json()["detail"], f"{method} {path}"


def _any_body(operation: dict[str, Any], _: object) -> dict[str, str] | None:
    return {} if "requestBody" in operation else None


async def test_what_cannot_be_asked_for_says_why(api: Any) -> None:
    alice = await api.signed_in("alice", "dev")
    for wrong, status, word in (
        ({"extra": 1}, 422, "extra"), ({"seconds": "600"}, 422, "seconds"), ({"seconds": 5}, 422, "seconds"), ({"namespaces": []}, 422, "namespaces"),
        ({"role": "edit"}, 403, "no rule"), ({"cluster": "other"}, 403, "no rule"), ({"namespaces": ["kube-system"]}, 403, "no rule"),
        ({"reason": "a\u0000b"}, 422, "printable"), ({"namespaces": ["shop"], "everywhere": True}, 422, "namespaces"),
    ):  # fmt: skip
        answer = await api.client.post("/v1/grants", json=ASK | wrong, headers=alice)
        assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text
    assert (await api.client.get("/v1/grants", headers=alice)).json()["grants"] == []


async def test_a_cluster_that_is_gone_cannot_be_asked_for(api: Any) -> None:
    alice = await api.signed_in("alice", "dev")
    api.clusters.names = ()
    assert (await api.client.post("/v1/grants", json=ASK, headers=alice)).status_code == 404


async def test_who_sees_people_and_sessions(api: Any) -> None:
    alice, eve, root = await api.signed_in("alice"), await api.signed_in("eve"), await api.signed_in("root")
    for path in ("/v1/people", "/v1/sessions?everybody=true", "/v1/sessions?person=eve", "/v1/grants?person=eve"):
        assert (await api.client.get(path, headers=alice)).status_code == 403, path
        assert (await api.client.get(path, headers=eve)).status_code == 200, path
        assert (await api.client.get(path, headers=root)).status_code == 200, path
    own = (await api.client.get("/v1/sessions", headers=alice)).json()
    assert [one["person"] for one in own] == ["alice"]
    assert "secret" not in json.dumps(own)


async def test_ending_sessions(api: Any) -> None:
    alice, eve, root = await api.signed_in("alice"), await api.signed_in("eve"), await api.signed_in("root")
    [of_alice] = (await api.client.get("/v1/sessions", headers=alice)).json()
    assert (await api.client.delete(f"/v1/sessions/{of_alice['id']}", headers=eve)).status_code == 404  # a viewer ends nothing
    api.plane.gateway_changed.clear()
    assert (await api.client.delete(f"/v1/sessions/{of_alice['id']}", headers=root)).status_code == 204
    assert api.plane.gateway_changed.is_set()
    assert await api.people.denied(datetime.now(UTC)) == (of_alice["id"],)
    assert (await api.client.get("/v1/me", headers=alice)).status_code == 401
    [of_eve] = (await api.client.get("/v1/sessions", headers=eve)).json()
    assert (await api.client.delete(f"/v1/sessions/{of_eve['id']}", headers=eve)).status_code == 204


async def test_me_and_options(api: Any) -> None:
    alice = await api.signed_in("alice", "dev")
    assert (await api.client.get("/v1/me", headers=alice)).json()["powers"] == ["approver", "requester"]
    [option] = (await api.client.get("/v1/grants/options", headers=alice)).json()
    assert (option["roles"], option["approvers"], option["maximum"]) == (["view"], ["bob"], "1h")
    assert (await api.client.get("/v1/grants/options", headers=await api.signed_in("mallory"))).json() == []


async def test_pages(api: Any) -> None:
    alice = await api.signed_in("alice", "dev")
    made = {(await api.client.post("/v1/grants", json=ASK, headers=alice)).json()["id"] for _ in range(5)}
    seen: list[str] = []
    after = ""
    while True:
        page = (await api.client.get("/v1/grants", params={"limit": 2, "after": after}, headers=alice)).json()
        seen += [one["id"] for one in page["grants"]]
        after = page["next"]
        if not after:
            break
    assert (len(seen), set(seen)) == (5, made)


@pytest.mark.parametrize("after", ["x", "AAAA", "ü", "MjAyNg", "a" * 200])
async def test_no_place_in_the_list(api: Any, after: str) -> None:
    answer = await api.client.get("/v1/grants", params={"after": after}, headers=await api.signed_in("alice"))
    assert answer.status_code == 422


async def test_bodies_have_a_limit_announced_or_not(api: Any) -> None:
    alice = await api.signed_in("alice", "dev")

    async def endless() -> Any:
        for _ in range(100):
            yield b"x" * 10_000

    big = await api.client.post("/v1/grants", content=b"x" * 300_000, headers=alice)
    chunked = await api.client.post("/v1/grants", content=endless(), headers=alice | {"Content-Type": "application/json"})
    assert [big.status_code, chunked.status_code] == [413, 413]
    assert "262144 bytes" in chunked.json()["detail"]


async def test_too_many_requests_are_slowed_and_wrong_sessions_cost_more(make_api: Any) -> None:
    api = await make_api(ApiSettings(requests_per_second=1, burst=30))
    codes = [(await api.client.get("/v1/me", headers={"Authorization": "Bearer guess"})).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    answer = await api.client.get("/healthz")
    assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (429, True)


async def test_health_and_headers(api: Any) -> None:
    healthy = await api.client.get("/healthz")
    assert (healthy.status_code, healthy.headers["cache-control"], healthy.headers["x-content-type-options"]) == (
        200,
        "no-store",
        "nosniff",
    )
    assert (await api.client.get("/readyz")).status_code == 503
    api.plane.ready = lambda: ""
    assert (await api.client.get("/readyz")).status_code == 200


async def test_a_bug_tells_nothing_of_itself(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    api.people.people = broken
    answer = await api.client.get("/v1/people", headers=await api.signed_in("root"))
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert answer.json()["title"] == "Internal Server Error"


async def test_unknown_paths_and_methods_are_problems_too(api: Any) -> None:
    for method, path, status in (("GET", "/v1/nothing", 404), ("PUT", "/v1/grants", 405), ("GET", "/docs", 404)):
        answer = await api.client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
