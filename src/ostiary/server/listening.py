"""The socket of the HTTP API, and a server on it that lives in somebody else's event loop.

Signals are the business of who runs the process; so are messages. A port that is taken is said before anything else starts.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from ostiary.core.errors import BadInput
from ostiary.server.authority import Pair

_KEEP_ALIVE, _GRACE = 30, 3  # seconds
_CONCURRENT = 1000


def bind(address: str, port: int, setting: str) -> socket.socket:
    """A listening place. BadInput when it cannot be had, naming the setting that says otherwise."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((address, port))
    except OSError as error:
        found.close()
        raise BadInput(
            f"cannot listen on {address} port {port}: {error.strerror}", todo=f"choose another: --set {setting}=PORT"
        ) from None
    return found


def refuse_taken(address: str, port: int, setting: str) -> None:
    """BadInput when somebody listens there: Envoy shares a port silently with another one of the same user."""
    bind(address, port, setting).close()


class Server(uvicorn.Server):
    """A server that leaves signals alone; ``reload`` takes a renewed certificate."""

    def __init__(self, app: ASGIApp, pair: Pair) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,  # the address of the peer counts, whatever a header says
                ssl_certfile=str(pair.certificate),
                ssl_keyfile=str(pair.key),
                ssl_version=ssl.PROTOCOL_TLS_SERVER,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_GRACE,
                limit_concurrency=_CONCURRENT,
            )
        )
        self._pair = pair

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    def reload(self) -> None:
        """Show the certificate that is in the files now, to whoever connects from now on."""
        if isinstance(self.config.ssl, ssl.SSLContext):
            self.config.ssl.load_cert_chain(self._pair.certificate, self._pair.key)
