"""What a server is taken for, by what it says: too old, without limits on impersonation, with them."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ostiary.adapters.kubernetes.access import Access
from ostiary.adapters.kubernetes.client import Client
from ostiary.core.errors import OstiaryError, Refused
from ostiary.server.clusters.features import Features, features, gate

ON = 'kubernetes_feature_enabled{name="ConstrainedImpersonation",stage="BETA"} 1\n'
OFF = ON.replace("} 1", "} 0")


async def of(version: str, metrics: str | None) -> Features:
    """The features of a server that says so much and no more."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/version":
            return web.json_response({"gitVersion": version})
        if request.path == "/metrics" and metrics is not None:
            return web.Response(text=f"# HELP other\nother 1\n{metrics}")
        return web.json_response({"kind": "Status", "reason": "Forbidden"}, status=403)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server, Client(Access(server=str(server.make_url("")).rstrip("/"))) as client:
        return await features(client)


@pytest.mark.parametrize("version", ["v1.29.15", "v1.9.0", "", "v2.0.0", "nonsense"])
async def test_an_old_or_nameless_server_is_refused(version: str) -> None:
    with pytest.raises(Refused, match=r"oldest that can be behind the gateway is 1\.30"):
        await of(version, ON)


@pytest.mark.parametrize(
    ("version", "metrics", "limited"),
    [
        ("v1.30.0", None, False),
        ("v1.35.4", None, False),
        ("v1.35.4", ON, True),
        ("v1.36.3", None, True),
        ("v1.36.3-eks-1", ON, True),
        ("v1.37.2", OFF, False),
        ("v1.37.2", "", True),
        ("v1.40.0", None, True),
    ],
)
async def test_the_gate_is_as_the_server_says_else_by_default_of_its_version(
    version: str, metrics: str | None, limited: bool
) -> None:
    found = await of(version, metrics)
    assert found.constrained is limited
    assert bool(found.lacking()) is not limited


async def test_what_an_old_server_cannot_do_is_said() -> None:
    (lack,) = (await of("v1.31.4", None)).lacking()
    assert "v1.31.4" in lack
    assert "from 1.36" in lack
    (lack,) = (await of("v1.37.2", OFF)).lacking()
    assert "feature gate is off" in lack


@pytest.mark.parametrize("metrics", [b"", b"x", ON.replace("Constrained", "Other").encode(), b"x" + ON.encode()])
def test_metrics_that_do_not_tell(metrics: bytes) -> None:
    assert gate(metrics, "ConstrainedImpersonation") is None


async def test_what_is_no_api_server_is_an_error_of_ours() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    async with TestServer(app) as server, Client(Access(server=str(server.make_url("")).rstrip("/"))) as client:
        with pytest.raises(OstiaryError, match="does not answer as an API server"):
            await features(client)
