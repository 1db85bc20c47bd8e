"""``/v1/clusters`` and ``/v1/break-glass`` over HTTP: who may, what is refused, and that no secret comes back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import Request

from ostiary.server.api.app import make
from ostiary.server.break_glass.alarm import Alarm
from ostiary.server.break_glass.routes import break_glass_router
from ostiary.server.clusters.routes import router
from ostiary.server.clusters.side import Clusters
from ostiary.server.errors import Unauthenticated
from ostiary.server.plane import Plane
from ostiary.server.ports import Principal, SignOn
from ostiary.server.rules import Rules
from ostiary.server.sessions import Limits, Sessions
from ostiary.server.settings import ApiSettings
from ostiary.server.store.engine import opened, sqlite_url

AUTHORITY = (Path(__file__).parent / "other-ca.pem").read_text()
SECRET = "a-token-that-must-not-come-back"
NEW: dict[str, Any] = {
    "name": "prod", "server": "https://127.0.0.1:1", "certificate_authority": AUTHORITY, "token": SECRET, "roles": ["view"],
}  # fmt: skip


@dataclass
class Known:
    """Sign-on for tests: the bearer is the person, and ``admin`` administers."""

    kept: Sessions

    async def principal(self, request: Request) -> Principal:
        person = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not person:
            raise Unauthenticated("nobody is signed in", todo="sign in: ostiary login")
        return Principal(person, "s", (), person in ("admin", "boss"))


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(sqlite_url(tmp_path / "store.db")) as store:
        clusters = Clusters(store, tmp_path / "clusters")
        known = cast(SignOn, Known(Sessions(store, Limits())))
        plane = Plane(store, Rules(None), clusters, known, issuer="https://here", clock=lambda: datetime.now(UTC))
        app = make(plane, ApiSettings(), (router, break_glass_router(Alarm())))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://here") as client:
            yield client
        await clusters.close()


def by(person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {person}"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/clusters"),
        ("POST", "/v1/clusters"),
        ("PUT", "/v1/clusters/prod/credential"),
        ("DELETE", "/v1/clusters/prod"),
        ("GET", "/v1/break-glass"),
        ("POST", "/v1/break-glass/people"),
        ("GET", "/v1/break-glass/people"),
        ("DELETE", "/v1/break-glass/people/ann"),
    ],
)
async def test_nobody_does_anything_without_a_session(http: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await http.request(method, path, json=NEW if method in ("POST", "PUT") else None)
    assert answer.status_code == 401, answer.text


async def test_only_administrators_add_renew_and_remove(http: httpx.AsyncClient) -> None:
    assert (await http.post("/v1/clusters", json=NEW, headers=by("ann"))).status_code == 403
    renewed = {"token": SECRET, "roles": ["view"]}
    assert (await http.put("/v1/clusters/prod/credential", json=renewed, headers=by("ann"))).status_code == 403
    assert (await http.delete("/v1/clusters/prod", headers=by("ann"))).status_code == 403
    assert (await http.get("/v1/clusters", headers=by("ann"))).json() == []
    assert (await http.delete("/v1/clusters/prod", headers=by("admin"))).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Prod"},
        {"name": "../etc"},
        {"name": "a" * 64},
        {"server": "http://10.0.0.1:6443"},
        {"server": "https://user:word@10.0.0.1"},
        {"server": "https://10.0.0.1/path"},
        {"server": "https://10.0.0.1:6443\r\nX: y"},
        {"certificate_authority": "not PEM"},
        {"certificate_authority": ""},
        {"roles": ["view", "a b"]},
        {"roles": ["x"] * 65},
        {"token": ""},
        {"surprise": 1},
        {"token": [SECRET]},
    ],
)
async def test_what_cannot_be_is_refused_and_the_token_does_not_come_back(
    http: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    answer = await http.post("/v1/clusters", json={**NEW, **change}, headers=by("admin"))
    assert answer.status_code == 422, answer.text
    assert SECRET not in answer.text


async def test_a_cluster_that_does_not_answer_is_not_kept(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/clusters", json=NEW, headers=by("admin"))
    assert answer.status_code == 503
    assert "cannot reach" in answer.json()["detail"]
    assert SECRET not in answer.text
    assert (await http.get("/v1/clusters", headers=by("admin"))).json() == []


async def test_break_glass_needs_no_session_but_its_own_proof(http: httpx.AsyncClient) -> None:
    enrolled = await http.post("/v1/break-glass/people", headers=by("admin"))
    assert enrolled.status_code == 201
    assert enrolled.headers["cache-control"] == "no-store"
    assert (await http.post("/v1/break-glass/people", headers=by("ann"))).status_code == 403
    passphrase = enrolled.json()["passphrase"]
    body = {"person": "admin", "passphrase": passphrase, "cluster": "prod", "reason": "x"}
    assert (await http.post("/v1/break-glass", json=body)).status_code == 409  # there is no such cluster
    wrong = await http.post("/v1/break-glass", json={**body, "passphrase": "guess-guess"})
    assert wrong.status_code == 401
    assert "guess-guess" not in wrong.text
    assert (await http.post("/v1/break-glass/none/session", json={"ticket": "t"})).status_code == 401
    assert (
        await http.post("/v1/break-glass/none/confirm", json={"person": "admin", "passphrase": passphrase})
    ).status_code == 404
    assert (await http.get("/v1/break-glass/people", headers=by("ann"))).status_code == 403
    assert [one["person"] for one in (await http.get("/v1/break-glass/people", headers=by("boss"))).json()] == ["admin"]
    assert (await http.delete("/v1/break-glass/people/admin", headers=by("ann"))).status_code == 403
    assert (await http.delete("/v1/break-glass/people/admin", headers=by("boss"))).status_code == 204


async def test_the_document_knows_every_route(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/v1/openapi.json")).json()["paths"]
    assert {"/v1/clusters", "/v1/clusters/{name}", "/v1/break-glass", "/v1/break-glass/{name}/confirm"} <= paths.keys()
