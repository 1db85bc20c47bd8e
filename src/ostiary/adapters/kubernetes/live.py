"""A Cluster from a live API server: every kind of the model, several lists at a time, and a blind spot for whatever was not let through.

Where a list over all namespaces is forbidden, the namespaces are tried one by one. Custom resources are looked at only for pod templates: a pod that
a controller would make. Each list is of one moment; two lists are not of the same one, as no API of Kubernetes offers that.
"""

import asyncio
from collections.abc import Callable

from ostiary.adapters.assembly import Assembly
from ostiary.adapters.decode import Decoder, Misfit
from ostiary.adapters.kubernetes import customs
from ostiary.adapters.kubernetes.answers import Rejected
from ostiary.adapters.kubernetes.client import Client, resource_path
from ostiary.adapters.kubernetes.discovery import Catalogue, catalogue
from ostiary.adapters.kubernetes.listing import Listing, as_stream, in_pages
from ostiary.adapters.kubernetes.version import minor, server_version, streams_lists
from ostiary.core.errors import OstiaryError, Unreachable
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import KINDS, Kind
from ostiary.model.levels import NEWEST_MINOR

Say = Callable[[str], None]

AT_A_TIME = 6


async def read_live(client: Client, key: bytes, say: Say = lambda _text: None) -> Cluster:
    """Read everything. Unreachable when the server does not answer at the start, or does not know us."""
    version = await server_version(client)
    decoder = Decoder(key, wary=minor(version) > NEWEST_MINOR)
    reading = _Reading(client, decoder, await catalogue(client), stream=streams_lists(version), say=say)
    await reading.everything()
    return reading.assembly.cluster(version)


class _Reading:
    def __init__(self, client: Client, decoder: Decoder, served: Catalogue | None, *, stream: bool, say: Say) -> None:
        self.assembly = Assembly()
        self._client, self._served, self._say = client, served, say
        self._decoder = decoder
        self._stream = stream
        self._turn = asyncio.Semaphore(AT_A_TIME)
        self._namespaces: list[str] | None = None

    async def everything(self) -> None:
        namespaces, *others = KINDS
        await self._kind(namespaces)
        try:
            async with asyncio.TaskGroup() as group:
                for kind in others:
                    group.create_task(self._kind(kind))
                for resource in customs.resources(self._served):
                    group.create_task(self._custom(resource))
        except* OstiaryError as errors:
            raise errors.exceptions[0] from None

    async def _custom(self, resource: customs.Served) -> None:
        async with self._turn:
            self.assembly.blind(*await customs.templates(self._client, resource))

    async def _kind(self, kind: Kind) -> None:
        versions = self._versions(kind)
        if not versions:
            if not kind.optional:
                self._blind(kind, Reason.MISSING_RESOURCE, "the server does not serve it")
            return
        async with self._turn:
            found = await self._read(kind, versions[0], "")
        if found is None:
            return
        if found.refused is None:
            self._keep(kind, found, "")
        elif found.refused.code == 404 and self._served is None and kind.optional:
            return
        elif found.refused.code in (401, 403) and kind.namespaced:
            await self._by_namespace(kind, versions[0], found.refused)
        else:
            self._refused(kind, found.refused, "")

    def _versions(self, kind: Kind) -> tuple[str, ...]:
        """Versions that both sides know, best first."""
        if self._served is None:
            return kind.versions
        entry = self._served.get((kind.group, kind.resource))
        return tuple(version for version in kind.versions if entry and version in entry.versions)

    async def _read(self, kind: Kind, version: str, namespace: str) -> Listing | None:
        """One list, streamed where the server can; None when the server fell silent, which is noted."""
        path = resource_path(f"{kind.group}/{version}" if kind.group else version, kind.resource, namespace)
        for last in (False, True):
            try:
                found = await as_stream(self._client, path, kind, self._decoder) if self._stream else None
                found = found or await in_pages(self._client, path, kind, self._decoder)
            except Unreachable as error:
                if last:
                    self._blind(kind, Reason.UNREACHABLE, error.happened, namespace)
                    return None
            else:
                return found
        return None

    async def _by_namespace(self, kind: Kind, version: str, refusal: Rejected) -> None:
        """The list over all namespaces is forbidden: perhaps some of them are not."""
        names = self._namespaces if self._namespaces is not None else [self._client.access.namespace]
        read: list[str] = []
        shut: list[str] = []
        for name in names:
            async with self._turn:
                found = await self._read(kind, version, name)
            if found is not None and found.refused is None:
                self._keep(kind, found, name)
            (read if found is not None and found.refused is None else shut).append(name)
        if not read or self._namespaces is None:
            self._refused(kind, refusal, "")
            return
        for name in shut:
            self._refused(kind, refusal, name)

    def _keep(self, kind: Kind, found: Listing, namespace: str) -> None:
        self.assembly.extend(kind, found.values)
        for misfit in found.misfits:
            self.assembly.blind(_misfit(kind, misfit))
        if found.torn:
            self._blind(kind, Reason.TRUNCATED, found.torn, namespace)
        if kind.kind == "Namespace":
            self._namespaces = sorted(value.metadata.name for value in found.values)
        self._say(f"{len(found.values)} {kind.resource}{f' in {namespace}' if namespace else ''}")

    def _refused(self, kind: Kind, refusal: Rejected, namespace: str) -> None:
        match refusal.code:
            case 401 | 403:
                where = (
                    f"in namespace {namespace}" if namespace else "in all namespaces" if kind.namespaced else "in the cluster"
                )
                self._blind(kind, Reason.FORBIDDEN, f"may not list {kind.resource} {where}", namespace)
            case 404:
                self._blind(kind, Reason.MISSING_RESOURCE, "the server does not serve it", namespace)
            case _:
                self._blind(kind, Reason.UNREACHABLE, str(refusal), namespace)

    def _blind(self, kind: Kind, reason: Reason, detail: str, namespace: str = "") -> None:
        blind = Blind(kind=kind.kind, group=kind.group, namespace=namespace, reason=reason, detail=detail)
        self.assembly.blind(blind)
        self._say(str(blind))


def _misfit(kind: Kind, misfit: Misfit) -> Blind:
    return Blind(
        kind=kind.kind,
        group=kind.group,
        namespace=misfit.namespace,
        name=misfit.name,
        reason=misfit.reason,
        detail=misfit.detail,
    )
