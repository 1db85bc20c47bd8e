"""The client: verbs, refusals as values, credentials that go to one server and into no message. The server is a double."""

import json
import socket
from pathlib import Path

import pytest
from aiohttp import web
from tests.adapters.kubernetes.double import Double, answering, serving, status

from ostiary.adapters.kubernetes.access import Access, Identity
from ostiary.adapters.kubernetes.answers import Rejected, Stored, rejected, warnings_in
from ostiary.adapters.kubernetes.client import Client, object_path
from ostiary.core.errors import BadInput, Unreachable
from ostiary.model.plan import Target

SHOP = Target(api_version="v1", kind="Namespace", resource="namespaces", name="shop")
ROLE = Target(api_version="rbac.authorization.k8s.io/v1", kind="Role", resource="roles", namespace="shop", name="a:b c")
TOKEN = "t0ken-do-not-print"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (SHOP, "/api/v1/namespaces/shop"),
        (ROLE, "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/a%3Ab%20c"),
    ],
)
def test_where_an_object_is(target: Target, path: str) -> None:
    assert object_path(target) == path


async def echo(request: web.Request) -> web.StreamResponse:
    body = await request.text()
    seen = {
        "method": request.method,
        "query": dict(request.query),
        "type": request.content_type,
        "body": json.loads(body) if body else None,
    }
    return web.json_response(seen, headers={"Warning": '299 - "mind \\"this\\""'})


async def test_the_verbs() -> None:
    double = Double()
    double.answers |= {"/api/v1/namespaces/shop": echo, "/api/v1/namespaces": echo}
    manager = {"fieldManager": "ostiary", "fieldValidation": "Strict"}
    async with serving(double) as access, Client(access) as client:
        got = await client.get(SHOP)
        made = await client.create(SHOP, {"a": 1}, dry_run=True)
        patched = await client.patch(SHOP, {"a": None})
        gone = await client.delete(SHOP, uid="u", resource_version="7", dry_run=True)
    assert all(isinstance(answer, Stored) for answer in (got, made, patched, gone))
    assert isinstance(got, Stored)
    assert got.warnings == ('mind "this"',)
    assert isinstance(made, Stored)
    assert made.object == {
        "method": "POST",
        "query": {**manager, "dryRun": "All"},
        "type": "application/json",
        "body": {"a": 1},
    }
    assert isinstance(patched, Stored)
    assert patched.object == {"method": "PATCH", "query": manager, "type": "application/merge-patch+json", "body": {"a": None}}
    assert isinstance(gone, Stored)
    assert gone.object["body"]["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert gone.object["body"]["dryRun"] == ["All"]


async def test_a_refusal_is_an_answer() -> None:
    double = Double()
    double.answers["/api/v1/namespaces/shop"] = answering(lambda: status(403, "Forbidden", "no, you may not"))
    async with serving(double) as access, Client(access) as client:
        answer = await client.get(SHOP)
    assert answer == Rejected(403, "Forbidden", "no, you may not")


@pytest.mark.parametrize(("code", "body", "text"), [
    (502, b"<html>bad", "BadGateway (502): <html>bad"),
    (409, b'{"reason": "Conflict", "message": "a\\nb\\u001b[31m"}', "Conflict (409): a b [31m"),
    (599, b"", "refused (599): "),
])  # fmt: skip
def test_what_is_no_status_is_said_as_far_as_it_can_be_printed(code: int, body: bytes, text: str) -> None:
    assert str(rejected(code, body)) == text


def test_warnings_are_read_once_each() -> None:
    assert warnings_in(['299 - "a, b"', '299 - "c", 299 - "a, b"', "nonsense"]) == ("a, b", "c")


async def test_a_redirect_gets_no_credentials() -> None:
    double, other = Double(), Double()
    async with serving(other) as elsewhere:
        double.answers["/api/v1/namespaces/shop"] = answering(
            lambda: web.Response(status=302, headers={"Location": elsewhere.server})
        )
        async with serving(double, Identity(token=TOKEN)) as access, Client(access) as client:
            answer = await client.get(SHOP)
    assert isinstance(answer, Rejected)
    assert other.requests == []


async def test_a_token_file_is_read_again_after_a_401(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    double = Double()

    async def check(request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] == "Bearer new":
            return web.json_response({})
        file.write_text("new\n")
        return status(401, "Unauthorized", "no")

    double.answers["/api/v1/namespaces/shop"] = check
    async with serving(double, Identity(token_file=str(file))) as access, Client(access) as client:
        assert isinstance(await client.get(SHOP), Stored)


@pytest.mark.parametrize(("identity", "header"), [
    (Identity(token=TOKEN), f"Bearer {TOKEN}"),
    (Identity(username="a", password="b"), "Basic YTpi"),
    (Identity(), None),
])  # fmt: skip
async def test_what_is_shown(identity: Identity, header: str | None) -> None:
    double = Double()
    async with serving(double, identity) as access, Client(access) as client:
        await client.request("GET", "/version")
    assert double.requests[0].headers.get("Authorization") == header


async def test_impersonation_is_passed_on() -> None:
    double = Double()
    identity = Identity(
        token=TOKEN, impersonate=(("Impersonate-User", "u"), ("Impersonate-Group", "g"), ("Impersonate-Group", "h"))
    )
    async with serving(double, identity) as access, Client(access) as client:
        await client.request("GET", "/version")
    assert double.requests[0].headers.getall("Impersonate-Group") == ["g", "h"]


async def test_nobody_there_is_said_with_address_and_context() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{free.getsockname()[1]}"
    access = Access(server=server, identity=Identity(token=TOKEN), context="prod", origin="/k/config")
    async with Client(access) as client:
        with pytest.raises(Unreachable) as caught:
            await client.get(SHOP)
    assert server in str(caught.value)
    assert "context 'prod' of /k/config" in str(caught.value)
    assert "kubectl" in str(caught.value)
    assert TOKEN not in f"{caught.value}{access!r}{access}"


async def test_a_certificate_that_is_not_trusted_is_said() -> None:
    import ssl

    from aiohttp.test_utils import TestServer
    from tests.adapters.kubernetes.certificates import authority, issued, server_context

    ca = authority()
    app = web.Application()
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=server_context(ca, "127.0.0.1"))
    try:
        url = f"https://127.0.0.1:{server.port}"
        async with Client(Access(server=url, certificate_authority=authority().pem, origin="x")) as client:
            with pytest.raises(Unreachable, match="certificate is not valid"):
                await client.get(SHOP)
        async with Client(Access(server=url, certificate_authority=ca.pem, origin="x")) as client:
            assert isinstance(await client.get(SHOP), Rejected)
        async with Client(Access(server=url, certificate_authority=ca.pem, server_name="other.example", origin="x")) as client:
            with pytest.raises(Unreachable, match="certificate is not valid"):
                await client.get(SHOP)
    finally:
        await server.close()
    old, key = issued(ca, "me", days=-1)
    with pytest.raises(Unreachable, match=r"client certificate .* expired on"):
        async with Client(
            Access(server=url, certificate_authority=ca.pem, identity=Identity(certificate=old, key=key), origin="x")
        ):
            pass
    assert ssl.OPENSSL_VERSION


@pytest.mark.parametrize("identity", [Identity(certificate=b"x", key=b"y"), Identity(token_file="/nowhere/token")])
async def test_credentials_that_cannot_be_used_are_said(identity: Identity) -> None:
    with pytest.raises(BadInput):
        async with Client(Access(server="https://127.0.0.1:1", identity=identity, origin="x")):
            pass


async def test_a_socks_proxy_is_said_to_be_unsupported() -> None:
    with pytest.raises(BadInput, match="HTTP proxy"):
        Client(Access(server="https://x", proxy="socks5://127.0.0.1:1080", origin="x"))
