"""A double of an API server: answers what a test says, over real HTTP on loopback. It decides nothing; the judges talk to the real one."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from ostiary.adapters.kubernetes.access import Access, Identity
from ostiary.model.kinds import KINDS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Double:
    """Answers by path; every request is noted. What no answer is set for is an empty list, discovery, the version, or 404."""

    def __init__(self, version: str = "v1.33.0", *, missing: frozenset[str] = frozenset()) -> None:
        self.version = version
        self.missing = missing
        self.objects: dict[str, list[dict[str, Any]]] = {}
        self.answers: dict[str, Handler] = {}
        self.requests: list[web.Request] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if request.path in self.answers:
            return await self.answers[request.path](request)
        if request.path == "/version":
            return web.json_response({"gitVersion": self.version})
        if request.path in ("/api", "/apis"):
            return web.json_response(self._discovery(core=request.path == "/api"))
        for kind in KINDS:
            if request.path == list_path(kind.group, kind.versions[0], kind.resource) and kind.resource not in self.missing:
                return web.json_response(listed(self.objects.get(kind.kind, [])))
        return status(404, "NotFound", "the server could not find the requested resource")

    def _discovery(self, *, core: bool) -> dict[str, Any]:
        groups: dict[str, list[dict[str, Any]]] = {}
        for kind in KINDS:
            if (kind.group == "") == core and kind.resource not in self.missing:
                entry = {
                    "resource": kind.resource, "responseKind": {"kind": kind.kind}, "verbs": ["list"],
                    "scope": "Namespaced" if kind.namespaced else "Cluster",
                }  # fmt: skip
                groups.setdefault(kind.group, []).append({"version": kind.versions[0], "resources": [entry]})
        items = [{"metadata": {"name": name}, "versions": versions} for name, versions in groups.items()]
        return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}


def list_path(group: str, version: str, resource: str, namespace: str = "") -> str:
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{resource}" if namespace else f"{root}/{resource}"


def listed(items: list[dict[str, Any]], *, go_on: str = "", version: str = "10") -> dict[str, Any]:
    meta = {"resourceVersion": version} | ({"continue": go_on} if go_on else {})
    return {"kind": "List", "apiVersion": "v1", "metadata": meta, "items": items}


def status(code: int, reason: str, message: str, **meta: str) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": meta,
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": code,
    }
    return web.json_response(body, status=code)


def answering(*responses: Callable[[], web.Response]) -> Handler:
    """One answer after another; the last one for ever."""
    left = list(responses)

    async def handle(_request: web.Request) -> web.StreamResponse:
        return (left.pop(0) if len(left) > 1 else left[0])()

    return handle


def events(*lines: dict[str, Any], cut: bytes = b"") -> Handler:
    """A stream of watch events, after which the connection ends."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for line in lines:
            await response.write(json.dumps(line).encode() + b"\n")
        await response.write(cut)
        if request.transport is not None and cut:
            request.transport.close()
        return response

    return handle


@asynccontextmanager
async def serving(double: Double, identity: Identity | None = None) -> AsyncIterator[Access]:
    """Serve on a free port of loopback."""
    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{rest:.*}", double.handle)
    server = TestServer(app)
    await server.start_server()
    try:
        yield Access(
            server=str(server.make_url("")).rstrip("/"), identity=identity or Identity(), context="test", origin="a test"
        )
    finally:
        await server.close()
