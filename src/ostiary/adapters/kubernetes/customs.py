"""Custom resources, as far as the model sees them: which carry a pod template, that is, make pods by a controller that ostiary does not know.

Each such object is a blind spot, ``UNKNOWN_TEMPLATE``; every other, ``UNKNOWN_KIND``, as in a directory of manifests. A body is looked into only
when the word ``containers`` stands in it.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ostiary.adapters.kubernetes.answers import rejected
from ostiary.adapters.kubernetes.client import Client, resource_path
from ostiary.adapters.kubernetes.discovery import Catalogue, Served
from ostiary.adapters.kubernetes.listing import PAGE
from ostiary.adapters.manifests.objects import has_pod_template
from ostiary.adapters.manifests.unread import UNREAD
from ostiary.core.errors import Unreachable
from ostiary.model.blind import Blind, Reason
from ostiary.model.kinds import KINDS

__all__ = ["Served", "resources", "templates"]

_KNOWN = {(kind.group, kind.resource) for kind in KINDS}
_AGGREGATED = frozenset({"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"})  # answers, not objects


class _Meta(msgspec.Struct):
    name: str = ""
    namespace: str = ""


class _Item(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


class _PageMeta(msgspec.Struct):
    continue_: str = msgspec.field(name="continue", default="")


class _Page(msgspec.Struct):
    metadata: _PageMeta = msgspec.field(default_factory=_PageMeta)
    items: list[msgspec.Raw] | None = None


def resources(served: Catalogue | None) -> list[Served]:
    """What is neither in the model nor passed over by name."""
    return [
        entry
        for key, entry in sorted((served or {}).items())
        if key not in _KNOWN and (entry.group, entry.kind) not in UNREAD and entry.group not in _AGGREGATED
    ]


async def templates(client: Client, resource: Served) -> list[Blind]:
    """The blind spots that objects of one custom resource are."""
    path = resource_path(
        f"{resource.group}/{resource.versions[0]}" if resource.group else resource.versions[0], resource.resource
    )
    found: list[Blind] = []
    go_on = ""
    while True:
        try:
            response = await client.request("GET", path, query={"limit": str(PAGE), **({"continue": go_on} if go_on else {})})
            if not response.ok:
                return [*found, _unseen(resource, response.status, str(rejected(response.status, response.body)))]
            page = msgspec.json.decode(response.body, type=_Page)
        except Unreachable as error:
            return [*found, _unseen(resource, 0, error.happened)]
        except msgspec.MsgspecError:
            return [*found, _unseen(resource, 0, "a page that cannot be read")]
        found.extend(_blind_spots(resource, page))
        go_on = page.metadata.continue_
        if not go_on:
            return found


def _blind_spots(resource: Served, page: _Page) -> Iterator[Blind]:
    for item in page.items or ():
        try:
            meta = msgspec.json.decode(item, type=_Item).metadata
        except msgspec.MsgspecError:
            meta = _Meta()
        reason = Reason.UNKNOWN_TEMPLATE if _makes_pods(item) else Reason.UNKNOWN_KIND
        yield Blind(
            kind=resource.kind,
            group=resource.group,
            namespace=meta.namespace,
            name=meta.name,
            reason=reason,
            detail=f"{resource.group}/{resource.versions[0]}",
        )


def _makes_pods(item: msgspec.Raw) -> bool:
    if b'"containers"' not in bytes(item):
        return False
    value: Any = msgspec.json.decode(item)
    return has_pod_template(value)


def _unseen(resource: Served, status: int, detail: str) -> Blind:
    if status in (401, 403):
        reason, detail = Reason.FORBIDDEN, f"may not list {resource.resource}.{resource.group}"
    else:
        reason = Reason.TRUNCATED if status == 410 else Reason.UNREACHABLE
    return Blind(kind=resource.kind, group=resource.group, reason=reason, detail=detail)
