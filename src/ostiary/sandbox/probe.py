"""Asks an API server small questions over HTTPS, with a client certificate and the cluster's own authority only.

For readiness alone: standard library, synchronous, short. Everything else goes through kubectl or the adapters.
"""

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from ostiary.sandbox.pki import Authority, KeyPair

SECONDS = 2.0


class Probe:
    """A client of one server."""

    def __init__(self, server: str, authority: Authority, pair: KeyPair) -> None:
        parts = urlsplit(server)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._context = ssl.create_default_context(cafile=str(authority.certificate))
        self._context.load_cert_chain(pair.certificate, pair.key)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one GET; OSError when there is no answer."""
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=SECONDS, context=self._context)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def ok(self, path: str) -> bool:
        """Whether a GET answers 200."""
        return self.get(path)[0] == 200

    def json(self, path: str) -> Any:
        """The decoded body of a GET that answers 200; OSError otherwise."""
        status, body = self.get(path)
        if status != 200:
            raise ConnectionError(f"GET {path}: {status}")
        return json.loads(body)
