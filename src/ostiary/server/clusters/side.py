"""The clusters behind the gateway, as the control plane uses them: ``ports.ClusterSide``, and what adding and removing needs beside it.

One client for each cluster is kept open. A cluster that does not answer is a problem in the outcome and keeps no other from being brought where it should be.
The controller's token renews itself here, at the first use after it is due.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from ostiary.adapters.kubernetes.access import Access, Identity
from ostiary.adapters.kubernetes.answers import Rejected
from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.version import server_version
from ostiary.core.errors import OstiaryError, Refused, Unreachable
from ostiary.model.access import CONTROLLER_ACCOUNT, GATEWAY_ACCOUNT, Grant, Upstream
from ostiary.pillars.access.objects import target
from ostiary.server.clusters import rows
from ostiary.server.clusters.credentials import Credentials
from ostiary.server.clusters.features import constrained
from ostiary.server.clusters.reconcile import Reconciled, reconcile, rules_of
from ostiary.server.clusters.record import BehindGateway
from ostiary.server.clusters.tokens import CONTROLLER_SECONDS, GATEWAY_SECONDS, AccountToken, request_token
from ostiary.server.ports import ClusterStatus, GatewayToken, Outcome
from ostiary.server.store.engine import Store

_SECONDS = 20.0  # for everything that one look at a cluster does


class _Seen(NamedTuple):
    """How the last look at a cluster went."""

    reached_at: datetime | None = None
    problems: tuple[str, ...] = ()


class Clusters:
    """All clusters of a store; their credentials are in ``directory``. Close it."""

    def __init__(self, store: Store, directory: Path) -> None:
        self._store = store
        self._credentials = Credentials(directory)
        self._clients: dict[str, Client] = {}
        self._seen: dict[str, _Seen] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def close(self) -> None:
        """Close every connection."""
        for name in tuple(self._clients):
            await self._drop(name)

    async def every(self) -> tuple[BehindGateway, ...]:
        """What is known of each cluster, by name."""
        return await rows.every(self._store)

    async def upstreams(self) -> tuple[Upstream, ...]:
        """As Envoy has to know them."""
        return tuple(cluster.upstream for cluster in await self.every())

    async def statuses(self) -> tuple[ClusterStatus, ...]:
        """As they are shown; asks no cluster."""
        return tuple(self._status(cluster) for cluster in await self.every())

    def _status(self, cluster: BehindGateway) -> ClusterStatus:
        seen = self._seen.get(cluster.name, _Seen())
        return ClusterStatus(
            name=cluster.name, server=cluster.server, version=cluster.version, constrained=cluster.constrained,
            reached_at=seen.reached_at, problems=seen.problems, roles=tuple(sorted({*cluster.roles, *cluster.powerful})),
            break_glass_role=cluster.break_glass_role,
        )  # fmt: skip

    async def reconcile(self, cluster: str, live: Sequence[Grant], now: datetime, *, thorough: bool = False) -> Outcome:
        """Bring a cluster to exactly these grants; what went wrong is in the outcome."""
        async with self._turn(cluster):
            return await self._bring(cluster, live, now, thorough=thorough)

    def _turn(self, cluster: str) -> asyncio.Lock:
        """One at a time for each cluster: nothing is bound on one that is being removed."""
        return self._turns.setdefault(cluster, asyncio.Lock())

    async def _bring(self, cluster: str, live: Sequence[Grant], now: datetime, *, thorough: bool) -> Outcome:
        try:
            async with asyncio.timeout(_SECONDS):
                done = await self._reconcile(cluster, live, now, thorough=thorough)
        except TimeoutError:
            return self._failed(cluster, f"no end within {_SECONDS:.0f} s")
        except OstiaryError as error:
            return self._failed(cluster, error.happened)
        self._seen[cluster] = _Seen(datetime.now(UTC), done.problems)
        return Outcome(cluster, len(done.made), len(done.ended), done.problems)

    async def _reconcile(self, name: str, live: Sequence[Grant], now: datetime, *, thorough: bool) -> Reconciled:
        cluster = await rows.one(self._store, name)
        client = await self._client(cluster)
        await self._renew(name, client)
        if thorough:
            cluster = await self._look(cluster, client)
        return await reconcile(client, cluster, live, now, thorough=thorough)

    def _failed(self, cluster: str, why: str) -> Outcome:
        self._seen[cluster] = _Seen(self._seen.get(cluster, _Seen()).reached_at, (why,))
        return Outcome(cluster, problems=(why,))

    async def _look(self, cluster: BehindGateway, client: Client) -> BehindGateway:
        """Whether the server was upgraded: a thorough look follows its version and its feature gate."""
        version = await server_version(client)
        limited = await constrained(client, version)
        if (version, limited) != (cluster.version, cluster.constrained):
            await rows.change(self._store, cluster.name, version=version, constrained=limited)
        return msgspec.structs.replace(cluster, version=version, constrained=limited)

    async def mint_gateway_token(self, cluster: str) -> GatewayToken:
        """A fresh token of the gateway's account. Unreachable when the cluster does not answer."""
        client = await self._client(await rows.one(self._store, cluster))
        token = await request_token(client, GATEWAY_ACCOUNT, GATEWAY_SECONDS, datetime.now(UTC))
        return GatewayToken(token.text, token.renew_at(), token.expires)

    async def refuse(self, cluster: str, role: str, *, everywhere: bool, break_glass: bool = False) -> None:
        """Refused when a grant of this role would give nothing there. An unreachable cluster is Unreachable: then nobody knows."""
        known = await rows.one(self._store, cluster)
        if role not in known.grantable:
            raise Refused(known.refuses(role, (), everywhere=everywhere, break_glass=break_glass), todo="ask for one of those")
        answer = await (await self._client(known)).get(target("ClusterRole", role))
        if isinstance(answer, Rejected):
            raise Refused(f"the cluster {cluster} has no ClusterRole {role}: {answer}", todo="ask its administrators")
        refused = known.refuses(role, rules_of(answer.object), everywhere=everywhere, break_glass=break_glass)
        if refused:
            raise Refused(refused, todo="ask for another role, or for fewer namespaces")

    async def add(self, cluster: BehindGateway, token: str) -> BehindGateway:
        """Take a cluster in: tried first with the controller's token, then kept. Nothing is kept when it does not work from here."""
        async with Client(_access(cluster, Identity(token=token))) as client:
            now = datetime.now(UTC)
            version = await server_version(client)
            fresh = await _patiently(client, now)
            tried = msgspec.structs.replace(
                cluster, version=version, constrained=await constrained(client, version), added_at=now
            )
            done = await reconcile(client, tried, (), now, thorough=True)
        if done.problems:
            raise Refused(
                f"{cluster.name} cannot be brought to order: {done.problems[0]}", todo="is it installed whole? try --take-over"
            )
        await self._drop(cluster.name)
        await rows.add(self._store, tried)
        self._credentials.keep(cluster.name, fresh)
        self._seen[cluster.name] = _Seen(now)
        return tried

    async def renew(self, name: str, token: str, roles: BehindGateway) -> None:
        """Take a new credential for a cluster that is known, and the roles that it was installed with."""
        known = await rows.one(self._store, name)
        async with Client(_access(known, Identity(token=token))) as client:
            await server_version(client)  # whether it answers at all is not tried again and again
            fresh = await _patiently(client, datetime.now(UTC))
        async with self._turn(name):
            self._credentials.keep(name, fresh)
            await rows.change(
                self._store, name, roles=roles.roles, powerful=roles.powerful, break_glass_role=roles.break_glass_role
            )
            await self._drop(name)

    async def remove(self, name: str, *, forget: bool = False) -> tuple[str, ...]:
        """End everything on a cluster and forget it; ``forget``: also when it does not answer. Returns its grantable roles."""
        known = await rows.one(self._store, name)
        async with self._turn(name):
            outcome = await self._bring(name, (), datetime.now(UTC), thorough=True)
            if outcome.problems and not forget:
                raise Unreachable(
                    f"what grants made on {name} cannot be removed: {outcome.problems[0]}",
                    todo="repair it first; or, if the cluster is gone for good: --forget",
                )
            await rows.forget(self._store, name)
            self._credentials.forget(name)
            await self._drop(name)
        self._seen.pop(name, None)
        return known.grantable

    async def _client(self, cluster: BehindGateway) -> Client:
        self._credentials.renewal(cluster.name)  # says what to do when there is no credential
        if cluster.name not in self._clients:
            identity = Identity(token_file=str(self._credentials.path(cluster.name)))
            self._clients[cluster.name] = await Client(_access(cluster, identity)).__aenter__()
        return self._clients[cluster.name]

    async def _renew(self, name: str, client: Client) -> None:
        now = datetime.now(UTC)
        if self._credentials.renewal(name) <= now:
            with suppress(Unreachable):  # tried again at the next look, long before it is too late
                self._credentials.keep(name, await request_token(client, CONTROLLER_ACCOUNT, CONTROLLER_SECONDS, now))

    async def _drop(self, name: str) -> None:
        client = self._clients.pop(name, None)
        if client is not None:
            await client.__aexit__()


def _access(cluster: BehindGateway, identity: Identity) -> Access:
    return Access(
        server=cluster.server,
        certificate_authority=cluster.certificate_authority.encode(),
        server_name=cluster.server_name,
        identity=identity,
        origin=f"cluster {cluster.name}",
    )


async def _patiently(client: Client, now: datetime) -> AccountToken:
    """A token of the controller, made by itself. Its rights reach the API server's authorizer some milliseconds after they were written."""
    for _ in range(20):
        with suppress(Unreachable):
            return await request_token(client, CONTROLLER_ACCOUNT, CONTROLLER_SECONDS, now)
        await asyncio.sleep(0.1)
    return await request_token(client, CONTROLLER_ACCOUNT, CONTROLLER_SECONDS, now)
