"""The control plane as request handlers and loops see it: its parts, and ``wake``, by which a change is acted on at once.

``wake`` only notes what changed; the loops take it from there. Nothing that a request handler does waits for a cluster or for Envoy.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from ostiary.model.access import Grant
from ostiary.pillars.access.permission import Power
from ostiary.server.grants import Clock, Grants, wall_clock
from ostiary.server.ports import ClusterSide, Principal, SignOn
from ostiary.server.rules import Rules
from ostiary.server.store.engine import Store


class Plane:
    """``ports.Control``, for real. ``of_store``: makes the sides, which need to know the store alone."""

    def __init__(
        self, store: Store, rules: Rules, clusters: ClusterSide, sign_on: SignOn, *, issuer: str, clock: Clock = wall_clock
    ) -> None:
        self.store = store
        self.rules = rules
        self.clusters = clusters
        self.sign_on = sign_on
        self.issuer = issuer
        self.clock = clock
        self.grants = Grants(store, rules, self.wake, clock)
        self.dirty: set[str] = set()  # clusters whose grants changed
        self.clusters_changed = asyncio.Event()  # something is in dirty, or there are other clusters
        self.gateway_changed = asyncio.Event()  # clusters, sessions or keys
        self.ends_changed = asyncio.Event()  # a grant began or ended: the next end may be another
        self.ready: Callable[[], str] = lambda: "the control plane is starting"  # why it is not ready; empty: it is

    async def live(self, person: str, cluster: str, now: datetime) -> tuple[Grant, ...]:
        """A person's live grants on a cluster."""
        return await self.grants.live(now, cluster=cluster, person=person)

    async def administers(self, principal: Principal) -> bool:
        """Whether the caller is an administrator."""
        return Power.ADMINISTRATOR in self.rules.powers(principal)

    def wake(self, cluster: str | None = None) -> None:
        """Note a change; see ``ports.Control``."""
        if cluster is None:
            self.gateway_changed.set()
        else:
            self.dirty.add(cluster)
            self.ends_changed.set()
        self.clusters_changed.set()
