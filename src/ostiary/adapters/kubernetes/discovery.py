"""Which resources a server serves, in which versions: one request where discovery is aggregated, else one per group version.

Source: KEP-3352 (aggregated discovery, GA in 1.30). ``None`` where discovery is not readable: then only trying tells.
"""

import asyncio
from dataclasses import dataclass

import msgspec

from ostiary.adapters.kubernetes.client import Client
from ostiary.core.errors import Unreachable

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True, slots=True)
class Served:
    """One resource that can be listed, with the versions that serve it, the server's favourite first."""

    group: str
    resource: str
    kind: str
    namespaced: bool
    versions: tuple[str, ...]


Catalogue = dict[tuple[str, str], Served]  # by group and resource


class _Resource(msgspec.Struct, rename="camel"):
    """Both forms of discovery in one: the aggregated says ``resource`` and ``scope``, the other ``name`` and ``namespaced``."""

    name: str = ""
    resource: str = ""
    kind: str = ""
    response_kind: dict[str, str] | None = None
    scope: str = ""
    namespaced: bool = False
    verbs: list[str] | None = None


class _Version(msgspec.Struct, rename="camel"):
    version: str = ""
    group_version: str = ""
    resources: list[_Resource] | None = None


class _Meta(msgspec.Struct):
    name: str = ""


class _Group(msgspec.Struct):
    name: str = ""
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    versions: list[_Version] | None = None


class _Groups(msgspec.Struct):
    kind: str = ""
    groups: list[_Group] | None = None
    items: list[_Group] | None = None


async def catalogue(client: Client) -> Catalogue | None:
    """Everything that can be listed; None when the server does not tell."""
    core, groups = await asyncio.gather(_groups(client, "/api"), _groups(client, "/apis"))
    if groups is None or core is None:
        return None
    if {groups.kind, core.kind} != {"APIGroupDiscoveryList"}:
        return await _one_by_one(client, groups)
    found: Catalogue = {}
    for group in [*(core.items or ()), *(groups.items or ())]:
        for version in group.versions or ():
            _enter(found, group.metadata.name, version.version, version.resources or ())
    return found


async def _groups(client: Client, path: str) -> _Groups | None:
    response = await client.request("GET", path, accept=AGGREGATED)
    try:
        return msgspec.json.decode(response.body, type=_Groups) if response.ok else None
    except msgspec.MsgspecError:
        return None


async def _one_by_one(client: Client, groups: _Groups) -> Catalogue:
    versions = [("", "v1")]
    for group in groups.groups or ():
        versions += [(group.name, version.version) for version in group.versions or ()]
    answers = await asyncio.gather(*(_resources(client, group, version) for group, version in versions))
    found: Catalogue = {}
    for (name, version), resources in zip(versions, answers, strict=True):
        _enter(found, name, version, resources)
    return found


async def _resources(client: Client, group: str, version: str) -> list[_Resource]:
    """The resources of one group version; none when its server (an aggregated API that is down) does not answer."""
    try:
        response = await client.request("GET", f"/apis/{group}/{version}" if group else f"/api/{version}")
        return msgspec.json.decode(response.body, type=_Version).resources or [] if response.ok else []
    except (msgspec.MsgspecError, Unreachable):
        return []


def _enter(found: Catalogue, group: str, version: str, resources: "list[_Resource] | tuple[()]") -> None:
    for entry in resources:
        name = entry.resource or entry.name
        if "/" in name or "list" not in (entry.verbs or ()):
            continue
        kind = entry.kind or (entry.response_kind or {}).get("kind", "")
        namespaced = entry.namespaced or entry.scope == "Namespaced"
        before = found.get((group, name))
        versions = (*before.versions, version) if before else (version,)
        found[group, name] = Served(group, name, kind, namespaced, versions)
