"""Brings the gateway to what the store says: clusters, keys, and sessions whose tokens are to be refused.

A configuration of many clusters takes Envoy seconds to check. ``state`` does not wait for that: the deny list is written when ``apply`` is called, and what is
under way is finished in its order.

Two loops, so that a revocation waits for no cluster: ``tokens`` keeps a token of the gateway's account for each cluster, ``state`` hands everything over
whenever some of it changed. A cluster without a token yet is handed over without one; the gateway answers 503 for it.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from ostiary.core.errors import OstiaryError
from ostiary.model.access import GatewayState
from ostiary.server.loops.steady import steadily
from ostiary.server.plane import Plane
from ostiary.server.ports import GatewaySide, GatewayToken
from ostiary.server.settings import GatewaySettings

_log = logging.getLogger("ostiary.gateway")
_LOOK_EVERY = 10.0  # seconds: a denial that nobody needs any more goes by then
_PATIENCE = 0.2  # how long a turn waits for Envoy's word
_COLLECT_EVERY = 0.5
_MOST_UNDER_WAY = 8
_MINT_WITHIN = 10.0
_AGAIN = timedelta(seconds=2)
_AT_ONCE = 16

Tls = Callable[[], tuple[Path, Path]]


class GatewayLoops:
    """See the module. ``applied``: whether the gateway has had a configuration."""

    def __init__(self, plane: Plane, gateway: GatewaySide, settings: GatewaySettings, tls: Tls) -> None:
        self._plane = plane
        self._gateway = gateway
        self._settings = settings
        self._tls = tls
        self._tokens: dict[str, GatewayToken] = {}
        self._not_before: dict[str, datetime] = {}  # after a failure
        self._clusters_known = asyncio.Event()
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._under_way: list[asyncio.Task[None]] = []
        self._latest: tuple[GatewayState, dict[str, str]] | None = None
        self.applied = asyncio.Event()

    async def state(self) -> None:
        """Keep the gateway's configuration; until cancelled."""
        try:
            await steadily("configuring the gateway", self.hand_over, self._plane.gateway_changed)
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def tokens(self) -> None:
        """Keep the tokens; until cancelled."""
        await steadily("renewing the gateway's tokens", self.renew, self._clusters_known)

    async def hand_over(self) -> float:
        """Hand everything over as it is now."""
        plane, now = self._plane, self._plane.clock()
        upstreams = await plane.clusters.upstreams()
        if any(one.name not in self._tokens and one.name not in self._not_before for one in upstreams):
            self._clusters_known.set()
        state = GatewayState(
            address=self._settings.address,
            port=self._settings.port,
            domain=self._settings.domain,
            issuer=plane.issuer,
            jwks=await plane.sign_on.jwks(now),
            upstreams=upstreams,
            denied=await plane.sign_on.denied(now),
        )
        tokens = {one.name: self._tokens[one.name].token for one in upstreams if one.name in self._tokens}
        return await self._apply(state, tokens)

    async def _apply(self, state: GatewayState, tokens: dict[str, str]) -> float:
        """Begin an ``apply``, and see to those that were begun; their trouble is raised here."""
        if not self._under_way or (state, tokens) != self._latest:
            self._latest = (state, tokens)
            self._under_way.append(asyncio.create_task(self._gateway.apply(state, tls=self._tls(), tokens=tokens)))
        waiting = asyncio.FIRST_COMPLETED if len(self._under_way) > _MOST_UNDER_WAY else asyncio.ALL_COMPLETED
        await asyncio.wait(
            self._under_way, timeout=None if waiting == asyncio.FIRST_COMPLETED else _PATIENCE, return_when=waiting
        )
        ended = [task for task in self._under_way if task.done()]
        self._under_way = [task for task in self._under_way if not task.done()]
        for task in ended:
            task.result()
            self.applied.set()
        return _COLLECT_EVERY if self._under_way else _LOOK_EVERY

    async def renew(self) -> float:
        """Mint what is missing or due; the seconds until the next one is."""
        names = [one.name for one in await self._plane.clusters.upstreams()]
        for gone in self._tokens.keys() - set(names):
            del self._tokens[gone]
        now = self._plane.clock()
        due = [name for name in names if self._due(name) <= now]
        minted = await asyncio.gather(*(self._mint(name) for name in due))
        if any(minted):
            self._plane.gateway_changed.set()
        soonest = min((self._due(name) for name in names), default=now + timedelta(minutes=1))
        return min(60.0, max(0.2, (soonest - self._plane.clock()).total_seconds()))

    def _due(self, name: str) -> datetime:
        token = self._tokens.get(name)
        due = token.renew_at if token else datetime.min.replace(tzinfo=self._plane.clock().tzinfo)
        return max(due, self._not_before.get(name, due))

    async def _mint(self, name: str) -> bool:
        try:
            async with self._at_once, asyncio.timeout(_MINT_WITHIN):
                self._tokens[name] = await self._plane.clusters.mint_gateway_token(name)
        except (OstiaryError, TimeoutError) as error:
            if name not in self._not_before:
                why = error.happened if isinstance(error, OstiaryError) else f"nothing within {_MINT_WITHIN:.0f} s"
                _log.warning("no token of the gateway for cluster %s: %s; it is tried again", name, why)
            self._not_before[name] = self._plane.clock() + _AGAIN
            return False
        self._not_before.pop(name, None)
        return True
