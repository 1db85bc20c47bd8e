"""What can be configured, with its defaults: a control plane and a gateway on this machine's own address, for people of this machine.

Nothing here opens anything to a network: whoever listens elsewhere says so, and names under which the control plane is reached go into its certificate.

>>> Settings().checked().origin
'https://localhost:8440'
"""

import os
import re
from pathlib import Path

import msgspec

from ostiary.core.errors import BadInput


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the tree."""


class ApiSettings(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The HTTP API: where it listens, under which names it is reached, and how much it takes."""

    address: str = "127.0.0.1"
    port: int = 8440
    names: tuple[str, ...] = ()  # further names and addresses of its certificate
    origin: str = ""  # where people reach it; empty: https://localhost:PORT
    body_bytes: int = 256 * 1024
    requests_per_second: int = 50  # of one source address, lastingly
    burst: int = 400  # and at once


class GatewaySettings(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway: where kubectl reaches it. Clusters are ``<name>.<domain>`` there."""

    enabled: bool = True
    address: str = "127.0.0.1"
    port: int = 8443
    domain: str = "ostiary.localhost"
    workers: int = 0  # Envoy's threads; 0: one for each processor


class SignOnSettings(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people sign in. The built-in provider keeps passwords and passkeys in the store."""

    builtin: bool = True
    session: str = "12h"
    idle: str = "4h"
    algorithm: str = "ES256"


class Settings(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole tree. ``data`` empty: the state directory of this person; ``database`` empty: SQLite in ``data``."""

    data: str = ""
    database: str = ""
    intent: str = ""
    api: ApiSettings = ApiSettings()
    gateway: GatewaySettings = GatewaySettings()
    sign_on: SignOnSettings = SignOnSettings()

    @property
    def directory(self) -> Path:
        """Where everything lies that is not in a database of its own."""
        if self.data:
            return Path(self.data).absolute()
        own, xdg = os.environ.get("OSTIARY_STATE"), os.environ.get("XDG_STATE_HOME")
        state = Path(own) if own else Path(xdg) / "ostiary" if xdg else Path.home() / ".local/state/ostiary"
        return state.absolute() / "control-plane"

    @property
    def origin(self) -> str:
        """Where people reach the control plane; also the ``iss`` of tokens."""
        return self.api.origin or f"https://localhost:{self.api.port}"

    def checked(self) -> "Settings":
        """Itself; BadInput when it cannot be meant."""
        for name, port in (("api.port", self.api.port), ("gateway.port", self.gateway.port)):
            if not 0 < port < 65_536:
                raise BadInput(f"{name} is {port}, which is no port", todo="1 to 65535")
        if self.api.port == self.gateway.port and self.gateway.enabled:
            raise BadInput(f"api.port and gateway.port are both {self.api.port}", todo="give each its own")
        if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", self.gateway.domain):
            raise BadInput(f"gateway.domain {self.gateway.domain!r} is no domain", todo="as in ostiary.localhost")
        for name, number in (("api.body_bytes", self.api.body_bytes), ("api.burst", self.api.burst)):
            if number < 1:
                raise BadInput(f"{name} is {number}: nothing could be asked for", todo="leave it out for the default")
        if self.api.requests_per_second < 1:
            raise BadInput("api.requests_per_second is less than 1", todo="leave it out for the default")
        return self
