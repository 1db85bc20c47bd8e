"""A port of this machine where one browser comes back from a sign-in: one answer, this sign-in's, then it is closed.

It listens on 127.0.0.1 alone. Whatever does not carry the state of this sign-in is answered and passed over, so that neither another page in the browser nor
another sign-in can end this one. Source: RFC 8252 section 7.3.
"""

import socketserver
import time
from dataclasses import dataclass, field
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ostiary.core.errors import Refused, Unreachable

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>ostiary</title>
<p>{}</p></html>"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class CameBack:
    """What the browser brought. ``issuer`` is the parameter ``iss``, if there was one."""

    code: str = field(repr=False)
    issuer: str | None


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = False
    state = ""
    answer: dict[str, str] | None = None


class Loopback:
    """The port. Use it with ``with``; ``uri`` is where the browser is to be sent back."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.timeout = 0.5

    def __enter__(self) -> "Loopback":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    @property
    def uri(self) -> str:
        """The redirect URI."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/callback"

    def wait(self, state: str, seconds: float) -> CameBack:
        """Wait for the browser. Refused when the provider sent it back with an error, Unreachable when nobody comes."""
        self._server.state = state
        deadline = time.monotonic() + seconds
        while self._server.answer is None:
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"nobody signed in within {seconds / 60:.0f} minutes",
                    todo="start again; without a browser on this machine: ostiary login --device",
                )
            self._server.handle_request()
        time.sleep(0.1)  # the handler's thread finishes its page
        said = self._server.answer
        if "error" in said:
            words = "".join(letter for letter in said.get("error_description", "")[:200] if letter.isprintable())
            code = "".join(letter for letter in said["error"][:60] if letter.isprintable())
            raise Refused(
                f"the provider did not sign you in: {code}{f' ({words})' if words else ''}", todo="start again: ostiary login"
            )
        return CameBack(said["code"], said.get("iss"))


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        """Take what belongs to this sign-in; say to everything else that it does not."""
        parts = urlsplit(self.path)
        said = {name: values[0] for name, values in parse_qs(parts.query).items() if len(values) == 1}
        ours = self.server.state != "" and compare_digest(said.get("state", "").encode(), self.server.state.encode())
        if parts.path != "/callback" or not ours or not ("code" in said or "error" in said):
            self._page(404, "This is not the sign-in that ostiary waits for. Nothing was done.")
            return
        self._page(200, "You can close this window and go back to the terminal.")
        if self.server.answer is None:
            self.server.answer = said

    def _page(self, status: int, text: str) -> None:
        body = _PAGE.format(text).encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a code is in the address."""
