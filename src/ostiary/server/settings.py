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
from ostiary.pillars.access.durations import seconds_of
from ostiary.server.signon.settings import Provider
from ostiary.server.signon.settings import SignOnSettings as PeopleSettings


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
    """How people sign in. The built-in provider keeps passwords and passkeys in the store; ``providers`` are of OpenID Connect."""

    builtin: bool = True
    providers: tuple[Provider, ...] = ()
    session: str = "12h"  # a session's life at most
    idle: str = "4h"  # and unused
    algorithm: str = "ES256"


class BreakGlassSettings(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom break-glass wakes: a command that is given JSON on standard input, and a webhook that it is posted to."""

    command: tuple[str, ...] = ()
    webhook: str = ""


class Settings(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole tree. ``data`` empty: the state directory of this person; ``database`` empty: SQLite in ``data``."""

    data: str = ""
    database: str = ""
    intent: str = ""
    api: ApiSettings = ApiSettings()
    gateway: GatewaySettings = GatewaySettings()
    sign_on: SignOnSettings = SignOnSettings()
    break_glass: BreakGlassSettings = BreakGlassSettings()

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

    @property
    def people(self) -> PeopleSettings:
        """What sign-on has to know."""
        return PeopleSettings(
            origin=self.origin,
            issuer=self.origin,
            builtin=self.sign_on.builtin,
            providers=self.sign_on.providers,
            session_seconds=seconds_of(self.sign_on.session),
            idle_seconds=seconds_of(self.sign_on.idle),
            algorithm=self.sign_on.algorithm,
        )

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
        if self.sign_on.algorithm not in ("ES256", "EdDSA"):
            raise BadInput(f"sign_on.algorithm {self.sign_on.algorithm!r} is not taken", todo="ES256 or EdDSA")
        self.people.checked()
        return self
