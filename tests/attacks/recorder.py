"""An upstream of our own, in place of an API server: it keeps every byte that arrives, and answers what the attack wants an API server to answer.

HTTP/1.1 over TLS, so it is reached by upgrades alone, and this is what it is for: what passes there passes as it is.
"""

import contextlib
import socket
import ssl
import threading
from pathlib import Path

from ostiary.model.access import Upstream
from ostiary.sandbox.pki import KeyPair


class Recorder:
    """One listening socket; ``answer`` is sent when a request's head is complete, then everything is kept until the end."""

    def __init__(self, pair: KeyPair, authority: Path) -> None:
        self._authority = authority
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(pair.certificate, pair.key)
        self._context.set_alpn_protocols(["http/1.1"])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.answer = b""
        self.connections: list[bytearray] = []

    def __enter__(self) -> "Recorder":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def upstream(self, name: str) -> Upstream:
        """The recorder as a cluster of the gateway."""
        server = f"https://127.0.0.1:{self._socket.getsockname()[1]}"
        return Upstream(name=name, server=server, certificate_authority=self._authority.read_text())

    def forget(self, answer: bytes) -> None:
        """Start anew, with another answer."""
        self.answer = answer
        self.connections.clear()

    @property
    def received(self) -> bytes:
        """Everything since ``forget``, all connections together."""
        return b"".join(map(bytes, self.connections))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        kept = bytearray()
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as connection:
            self.connections.append(kept)
            answered = False
            while data := connection.recv(65536):
                kept += data
                if not answered and b"\r\n\r\n" in kept:
                    connection.sendall(self.answer)
                    answered = True
