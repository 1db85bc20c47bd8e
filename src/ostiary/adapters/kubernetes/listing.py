"""Every object of one resource, as of one moment: in pages that all carry the same resourceVersion, or as a stream with a marked end.

A list that expires half-way (410) is begun once more; if that expires too, the rest is read with the server's inconsistent continue token, and the list
says that it is of no one moment. A stream that is cut is read again in pages. Source: "Efficient detection of changes" and "Streaming lists" in the
Kubernetes API concepts, KEP-3157.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ostiary.adapters.decode import Decoder, Misfit, Unreadable, address
from ostiary.adapters.kubernetes.answers import Rejected, rejected
from ostiary.adapters.kubernetes.client import Client
from ostiary.core.errors import Unreachable
from ostiary.model.kinds import Kind

PAGE = 500
INITIAL_END = "k8s.io/initial-events-end"
_EXPIRED = 410


@dataclass(slots=True)
class Listing:
    """What was read, and what is wrong with it: ``refused`` when the server would not, ``torn`` when it is of no one moment or has no end."""

    values: list[Any] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    resource_version: str = ""
    refused: Rejected | None = None
    torn: str = ""


class _BookmarkMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _Bookmark(msgspec.Struct):
    metadata: _BookmarkMeta = msgspec.field(default_factory=_BookmarkMeta)


class _Event(msgspec.Struct):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"{}")


async def in_pages(client: Client, path: str, kind: Kind, decoder: Decoder) -> Listing:
    """Read a list page by page."""
    first = await _pages(client, path, kind, decoder, restart=True)
    return (
        first
        if first is not None
        else await _pages(client, path, kind, decoder, restart=False) or Listing(torn="the list did not end")
    )


async def _pages(client: Client, path: str, kind: Kind, decoder: Decoder, *, restart: bool) -> Listing | None:
    """One go through the pages; None when it expired and may be begun again."""
    found, go_on = Listing(), ""
    while True:
        query = {"limit": str(PAGE), **({"continue": go_on} if go_on else {})}
        response = await client.request("GET", path, query=query)
        if not response.ok:
            refusal = rejected(response.status, response.body)
            if refusal.code != _EXPIRED or not go_on:
                found.refused = refusal
                return found
            if restart:
                return None
            found.torn, go_on = "the list expired while it was read; it is of no one moment", refusal.go_on
            if not go_on:
                return found
            continue
        go_on = _take(found, response.body, kind, decoder)
        if not go_on:
            return found


def _take(found: Listing, body: bytes, kind: Kind, decoder: Decoder) -> str:
    """Add a page; returns the token of the next one."""
    try:
        values, misfits, meta = decoder.page(kind, body)
    except Unreadable as error:
        found.torn = f"a page that cannot be read: {error}"
        return ""
    found.values += values
    found.misfits += misfits
    if found.resource_version and meta.resource_version != found.resource_version and not found.torn:
        found.torn = "its pages are of different moments"
    found.resource_version = found.resource_version or meta.resource_version
    return meta.continue_


async def as_stream(client: Client, path: str, kind: Kind, decoder: Decoder) -> Listing | None:
    """Read a list as a stream; None when the server does not stream lists, or the stream ended too soon."""
    query = {
        "watch": "true",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "600",
    }
    found = Listing()
    try:
        async with client.stream(path, query) as (status, chunks):
            if status != 200:
                return None
            async for line in _lines(chunks):
                if not _event(found, line, kind, decoder):
                    return None
                if found.resource_version:
                    return found
    except (Unreachable, msgspec.MsgspecError):
        return None
    return None


def _event(found: Listing, line: bytes, kind: Kind, decoder: Decoder) -> bool:
    """Take one event; the end sets ``resource_version``. False when this is no list any more."""
    event = msgspec.json.decode(line, type=_Event)
    if event.type == "ADDED":
        try:
            found.values.append(decoder.json(kind, event.object))
        except Unreadable as error:
            found.misfits.append(Misfit(*address(kind, event.object), str(error), error.reason))
        return True
    if event.type == "BOOKMARK":
        bookmark = msgspec.json.decode(event.object, type=_Bookmark).metadata
        if (bookmark.annotations or {}).get(INITIAL_END) == "true":
            found.resource_version = bookmark.resource_version or "0"
        return True
    return False


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of any length. What stands after the last line end was cut off and is not a line."""
    pending = bytearray()
    async for chunk in chunks:
        pending += chunk
        *whole, rest = pending.split(b"\n") if b"\n" in chunk else (pending,)
        for line in whole:
            yield bytes(line)
        if whole:
            pending = bytearray(rest)
