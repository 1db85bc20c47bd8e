"""What the parts of the control plane ask of one another: protocols and the values that pass between them.

The grants engine knows no Kubernetes and no Envoy; the cluster side knows no HTTP; sign-on knows no grants. They meet here, and ``run`` puts them together:

    change of a grant -> Control.wake() -> ClusterSide.reconcile(cluster, grants) and GatewaySide.apply(state) -> within a second

Routers of others (sign-on, adding clusters, break-glass) are FastAPI routers under ``/v1``. They reach everything by ``control(request)`` and the caller by
``await caller(request)``, and raise the errors of
``core.errors`` and ``server.errors``: the application turns those into problem documents.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter, Request

from ostiary.model.access import GatewayState, Grant, Upstream


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: established by sign-on from the session's secret, before anything else is looked at."""

    person: str  # as in Grant.person, without the prefix
    session: str  # the session's id, not its secret
    groups: tuple[str, ...] = ()
    administrator: bool = False  # of the built-in sign-on; the intent file may name further ones


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is shown: never its secret."""

    id: str
    person: str
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    way: str = ""  # how the person signed in: password, passkey, oidc, device, break-glass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in once, or whom the built-in sign-on knows."""

    name: str
    groups: tuple[str, ...] = ()
    administrator: bool = False


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """A cluster as it is shown."""

    name: str
    server: str
    version: str = ""
    constrained: bool = False
    reached_at: datetime | None = None
    problems: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()  # that may be granted there
    break_glass_role: str = ""  # the one that break-glass gives; empty: none


@dataclass(frozen=True, slots=True)
class Outcome:
    """What bringing a cluster to its live grants did; ``problems`` means that it is tried again. Numbers of objects."""

    cluster: str
    made: int = 0
    ended: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class GatewayToken:
    """The token that Envoy sends to one cluster, and when it must have been renewed. Its repr shows nothing."""

    token: str
    renew_at: datetime
    ends_at: datetime


class ClusterSide(Protocol):
    """The clusters behind the gateway: ``server.clusters``. Every method is safe to call twice and at any time."""

    async def upstreams(self) -> tuple[Upstream, ...]:
        """The clusters that there are, by name."""

    async def statuses(self) -> tuple[ClusterStatus, ...]:
        """The same, as they are shown; no call to a cluster."""

    async def reconcile(self, cluster: str, live: Sequence[Grant], now: datetime, *, thorough: bool = False) -> Outcome:
        """Bring a cluster to exactly these grants. An unreachable one is a problem in the outcome, never an exception."""

    async def refuse(self, cluster: str, role: str, *, everywhere: bool, break_glass: bool = False) -> None:
        """Refused when a grant of this role would give nothing there, or what no grant may give."""

    async def mint_gateway_token(self, cluster: str) -> GatewayToken:
        """A fresh token of the gateway's account there. Unreachable when the cluster does not answer."""


class GatewaySide(Protocol):
    """The data plane: ``ostiary.gateway.Gateway``."""

    async def apply(self, state: GatewayState, *, tls: tuple[Path, Path], tokens: Mapping[str, str]) -> None:
        """Take a configuration; a bad one raises and leaves the one before."""

    async def run(self, stop: asyncio.Event) -> None:
        """Supervise Envoy until told to stop."""


class SignOn(Protocol):
    """People: who calls, which sessions there are, which keys sign. ``server.signon`` has the one that is used."""

    @property
    def router(self) -> APIRouter:
        """Routes of signing in and out, and of tokens, relative to ``/v1``."""

    async def principal(self, request: Request) -> Principal:
        """The caller. Raises ``Unauthenticated`` when the bearer secret is missing, unknown or ended."""

    async def sessions(self, person: str | None = None) -> tuple[Session, ...]:
        """Living sessions, of everybody or of one person."""

    async def revoke(self, session: str, now: datetime) -> Session | None:
        """End a session at once; None when there is none."""

    async def people(self) -> tuple[Person, ...]:
        """Everybody who is known."""

    async def denied(self, now: datetime) -> tuple[str, ...]:
        """Sessions that ended while a token of theirs may still live: ``GatewayState.denied``."""

    async def jwks(self, now: datetime) -> dict[str, object]:
        """Public keys that tokens may be signed with now."""


class Control(Protocol):
    """What a request handler may use: ``control(request)``."""

    clusters: ClusterSide
    sign_on: SignOn

    @property
    def store(self) -> Any:
        """``server.store.Store``: ``async with store.begin() as connection``."""

    @property
    def issuer(self) -> str:
        """The ``iss`` of tokens."""

    async def live(self, person: str, cluster: str, now: datetime) -> tuple[Grant, ...]:
        """A person's live grants on a cluster."""

    async def administers(self, principal: Principal) -> bool:
        """Whether the caller is an administrator, by sign-on or by the intent file."""

    def wake(self, cluster: str | None = None) -> None:
        """Something changed: grants of a cluster, or (None) clusters, sessions or keys. The loops look at once."""


def control(request: Request) -> Control:
    """The control plane that serves a request."""
    found: Control = request.app.state.control
    return found


async def caller(request: Request) -> Principal:
    """Who calls; a FastAPI dependency."""
    return await control(request).sign_on.principal(request)
