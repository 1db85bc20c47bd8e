"""The control plane, as the command line speaks to it: JSON over HTTPS, with the session of ``session_files``.

It turns what can go wrong into what a person can do: no answer is Unreachable, a certificate of somebody else is Refused before the session's secret
is sent, and the problem documents of the API (RFC 9457, with ``todo``) become errors with that sentence. Redirects are not followed.
The standard library's client is used, since it starts in a few milliseconds, which the credential plugin needs.

    plane = control_plane()                   # of the current session; .name is the session's, .file what is kept of it
    plane.get("/v1/grants", {"state": "active"})
    plane.post("/v1/grants", {"cluster": "prod", ...})
    anonymous("https://127.0.0.1:8443", ca_pem).get("/v1/login/methods")
"""

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from ostiary.cli.session_files import SIGN_IN, SessionFile, choose
from ostiary.core.errors import BadInput, OstiaryError, Refused, Unreachable

_SECONDS = 30.0
_MOST = 32 << 20  # bytes of an answer


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A control plane; ``name`` and ``secret`` are empty when nobody is signed in."""

    server: str
    certificate_authority: str
    secret: str = field(default="", repr=False)
    name: str = ""
    file: SessionFile | None = field(default=None, repr=False)

    @property
    def own(self) -> str:
        """The public id of the session that asks; empty when nobody is signed in."""
        return self.file.session if self.file else ""

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """GET, decoded; an empty answer is None."""
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Any = None) -> Any:
        """POST a JSON document."""
        return self.send("POST", path, {} if body is None else body)

    def put(self, path: str, body: Any) -> Any:
        """PUT a JSON document."""
        return self.send("PUT", path, body)

    def delete(self, path: str) -> Any:
        """DELETE."""
        return self.send("DELETE", path, None)

    def send(self, method: str, path: str, body: Any) -> Any:
        """One request. Raises Unreachable, Refused or BadInput; nothing secret is in their messages."""
        status, data = self._exchange(method, path, b"" if body is None else msgspec.json.encode(body))
        if not 200 <= status < 300:
            raise _error(method, path, status, data)
        if not data:
            return None
        try:
            return msgspec.json.decode(data)
        except msgspec.MsgspecError:
            raise Unreachable(f"{self.server} did not answer {method} {path} with JSON", todo="is it ostiary?") from None

    def _exchange(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Accept": "application/json", "User-Agent": "ostiary"}
        if body:
            headers["Content-Type"] = "application/json"
        if self.secret:
            headers["Authorization"] = f"Bearer {self.secret}"
        connection = _connection(self.server, self.certificate_authority)
        try:
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            data = answer.read(_MOST + 1)
        except ssl.SSLCertVerificationError as error:
            raise Refused(
                f"{self.server} does not show a certificate that is trusted for it: {error.verify_message}",
                todo="is it your control plane? then: ostiary login --server URL --ca FILE",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(
                f"the control plane {self.server} does not answer: {_why(error)}",
                todo="is it running (ostiary up), and is this its address?",
            ) from None
        finally:
            connection.close()
        if len(data) > _MOST:
            raise Unreachable(f"{self.server} answered {method} {path} with more than {_MOST >> 20} MiB", todo="is it ostiary?")
        return answer.status, data


def control_plane(session: str | None = None) -> ControlPlane:
    """The control plane of a session: of the one by that name, or of the current one. Refused when nobody is signed in."""
    chosen = choose(session)
    file = chosen.file
    return ControlPlane(file.server, file.certificate_authority, file.secret, chosen.name, file)


def anonymous(server: str, certificate_authority: str = "") -> ControlPlane:
    """A control plane before anybody has signed in. ``certificate_authority`` is PEM; without it what the system trusts counts."""
    if not _is_address(server):
        raise BadInput(f"{server!r} is no address of a control plane", todo="give it as https://HOST:PORT")
    return ControlPlane(server.rstrip("/"), certificate_authority)


def _is_address(server: str) -> bool:
    try:
        parts = urlsplit(server)
        extras = parts.username or parts.query or parts.fragment
        return parts.scheme == "https" and bool(parts.hostname) and not extras and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is none
        return False


def _connection(server: str, authority: str) -> http.client.HTTPSConnection:
    parts = urlsplit(server)
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except ssl.SSLError:
        raise BadInput("the certificate authority of the control plane cannot be read", todo="give it as PEM") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=_SECONDS, context=context)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing within {_SECONDS:.0f} s"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _error(method: str, path: str, status: int, data: bytes) -> OstiaryError:
    try:
        problem = msgspec.json.decode(data, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = _Problem()
    happened = problem.detail or problem.title or f"the control plane answered {method} {path.partition('?')[0]} with {status}"
    if status == 401:
        return Refused(happened, todo=problem.todo or SIGN_IN)
    if status in (403, 409, 410, 412):
        return Refused(happened, todo=problem.todo)
    if status == 429 or status >= 500:
        return Unreachable(happened, todo=problem.todo or "try again in a while")
    return BadInput(happened, todo=problem.todo)
