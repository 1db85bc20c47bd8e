"""Reads single objects from the cluster's API server while a node starts, so that waiting costs no kubectl a second.

It decides nothing; for everything else there is kubectl, or the adapters. Blocking, one connection a request.
"""

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any

from ostiary.sandbox.nodes import Plane

TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API server is, and with what to be believed."""

    address: str
    port: int
    context: ssl.SSLContext

    @classmethod
    def of(cls, plane: Plane) -> "Api":
        """As a member of system:masters, with a certificate made for this."""
        pair = plane.authority.issue("node-start", user="ostiary:node-start", groups=("system:masters",))
        context = ssl.create_default_context(cafile=str(plane.authority.certificate))
        context.load_cert_chain(pair.certificate, pair.key)
        return cls(plane.address, plane.port, context)

    def get(self, path: str) -> dict[str, Any]:
        """The object at ``path``, or ``{}`` when there is none (yet). OSError when the server does not answer."""
        connection = http.client.HTTPSConnection(self.address, self.port, timeout=TIMEOUT_SECONDS, context=self.context)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            raise OSError(f"GET {path}: {error}") from error
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            return {}
        value: dict[str, Any] = json.loads(content)
        return value
