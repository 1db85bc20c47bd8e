"""A client of the Kubernetes API: the few verbs that ostiary uses, over one pool of connections.

A refusal is an answer (``Rejected``); no answer is ``Unreachable``, and after a write nobody knows then whether it was done. Redirects are not
followed, so credentials reach the configured server and no other. Overload (429, 503 with Retry-After) is waited for, a 401 asks the plugin or
token file once more.

    async with Client(access) as client:
        answer = await client.get(Target(api_version="v1", kind="Namespace", resource="namespaces", name="shop"))
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from ostiary import __version__
from ostiary.adapters.kubernetes import tls
from ostiary.adapters.kubernetes.access import Access
from ostiary.adapters.kubernetes.answers import Answer, Stored, rejected, warnings_in
from ostiary.adapters.kubernetes.credentials import Credential, Credentials
from ostiary.core.errors import BadInput, Unreachable
from ostiary.model.plan import Target

FIELD_MANAGER = "ostiary"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_JSON = "application/json"
_TIMES = aiohttp.ClientTimeout(total=None, connect=10, sock_connect=10, sock_read=90)
_TRIES = 5
_LONGEST_WAIT = 10.0


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, read to its end."""

    status: int
    body: bytes = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Client:
    """An API server, as one identity. Use it with ``async with``."""

    def __init__(self, access: Access, *, connections: int = 16) -> None:
        self.access = access
        self._credentials = Credentials(access)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._certificate = b""
        self._proxy = _proxy(access)

    async def __aenter__(self) -> Self:
        await self._connected()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, target: Target) -> Answer:
        """Read one object."""
        return _answer(await self.request("GET", object_path(target)))

    async def create(self, target: Target, body: Mapping[str, Any], *, dry_run: bool = False) -> Answer:
        """Create; with ``dry_run`` the server does everything but store."""
        return _answer(
            await self.request("POST", collection_path(target), query=_writing(dry_run), body=msgspec.json.encode(body))
        )

    async def patch(
        self, target: Target, body: Mapping[str, Any], *, dry_run: bool = False, content_type: str = MERGE_PATCH
    ) -> Answer:
        """Patch; a merge patch (RFC 7386) unless said otherwise."""
        path, data = object_path(target), msgspec.json.encode(body)
        return _answer(await self.request("PATCH", path, query=_writing(dry_run), body=data, content_type=content_type))

    async def delete(self, target: Target, *, uid: str = "", resource_version: str = "", dry_run: bool = False) -> Answer:
        """Delete, if it still is the object of that uid and resourceVersion."""
        wanted = {"uid": uid, "resourceVersion": resource_version}
        options: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {key: value for key, value in wanted.items() if value},
        }
        if dry_run:
            options["dryRun"] = ["All"]
        return _answer(await self.request("DELETE", object_path(target), body=msgspec.json.encode(options)))

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = _JSON,
        accept: str = _JSON,
    ) -> Response:
        """One request, its response read to the end."""
        tried = 0
        while True:
            async with self._sent(method, path, query, body, content_type, accept) as response:
                found = Response(response.status, await response.read(), warnings_in(response.headers.getall("Warning", ())))
                wait = _wait(response, tried)
            if response.status == 401 and tried == 0 and self._credentials.renewable:
                self._credentials.forget()
            elif wait is None or tried == _TRIES:
                return found
            else:
                await asyncio.sleep(wait)
            tried += 1

    @asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        """One request whose body is read as it comes: its status and chunks."""
        async with self._sent("GET", path, query, None, _JSON, _JSON) as response:
            yield response.status, response.content.iter_any()

    @asynccontextmanager
    async def _sent(
        self, method: str, path: str, query: Mapping[str, str] | None, body: bytes | None, content_type: str, accept: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        session, credential = await self._connected()
        headers = CIMultiDict({"Accept": accept, "User-Agent": f"ostiary/{__version__}"})
        headers.extend(self.access.identity.impersonate)
        if credential.authorization:
            headers["Authorization"] = credential.authorization
        if body is not None:
            headers["Content-Type"] = content_type
        url = URL(self.access.server + path, encoded=True).update_query(query or {})
        try:
            async with session.request(
                method,
                url,
                data=body,
                headers=headers,
                proxy=self._proxy or None,
                server_hostname=self.access.server_name or None,
                allow_redirects=False,
            ) as response:
                yield response
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f"cannot reach {self.access}: {_reason(error)}", todo=_advice(error)) from None

    async def _connected(self) -> tuple[aiohttp.ClientSession, Credential]:
        """A session that shows the present client certificate."""
        credential = await self._credentials.present()
        if self._session is None or credential.certificate != self._certificate:
            if self._session is not None:
                await self._session.close()
            secure = tls.context(self.access, credential) if self.access.server.startswith("https:") else False
            connector = aiohttp.TCPConnector(ssl=secure, limit=self._connections)
            self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMES, auto_decompress=True)
            self._certificate = credential.certificate
        return self._session, credential


def collection_path(target: Target) -> str:
    """Where objects of this kind are, in the target's namespace."""
    return resource_path(target.api_version, target.resource, target.namespace)


def object_path(target: Target) -> str:
    """Where the object is."""
    return f"{collection_path(target)}/{quote(target.name, safe='')}"


def resource_path(api_version: str, resource: str, namespace: str = "") -> str:
    """Where objects of a kind are: in a namespace, or everywhere."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    return f"{root}/namespaces/{quote(namespace, safe='')}/{resource}" if namespace else f"{root}/{resource}"


def _writing(dry_run: bool) -> dict[str, str]:
    query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
    return {**query, "dryRun": "All"} if dry_run else query


def _answer(response: Response) -> Answer:
    if not response.ok:
        return rejected(response.status, response.body, response.warnings)
    try:
        return Stored(msgspec.json.decode(response.body, type=dict[str, Any]), response.warnings)
    except msgspec.MsgspecError:
        return rejected(502, b"the answer is not JSON", response.warnings)


def _wait(response: aiohttp.ClientResponse, tried: int) -> float | None:
    """How long to wait before trying again; None when trying again is of no use."""
    if response.status not in (429, 503) or "Retry-After" not in response.headers:
        return None
    after = response.headers["Retry-After"]
    return min(float(after) if after.isdigit() else 1.0, _LONGEST_WAIT) + 0.1 * tried


def _proxy(access: Access) -> str:
    """The proxy to use: that of the kubeconfig, else that of the environment, as Go reads it."""
    address = urlsplit(access.server)
    host = address.hostname or ""
    from_environment = "" if _is_local(host) else getproxies_environment().get(address.scheme, "")
    if not access.proxy and from_environment and proxy_bypass_environment(host):
        return ""
    proxy = access.proxy or from_environment
    if proxy and urlsplit(proxy).scheme not in ("http", "https"):
        raise BadInput(f"the proxy of {access} is not an HTTP proxy", todo="SOCKS proxies are not supported")
    return proxy


def _is_local(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _reason(error: Exception) -> str:
    """What happened, without addresses of proxies or anything that was sent."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        inner = getattr(error, "certificate_error", error)
        return f"its certificate is not valid: {getattr(inner, 'verify_message', '') or 'verification failed'}"
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return "the proxy does not let us through"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return "the connection was cut"
    return type(error).__name__


def _advice(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "is this the right certificate-authority, and the right address?"
    return "is the API server up, and this its address? try: kubectl version"
