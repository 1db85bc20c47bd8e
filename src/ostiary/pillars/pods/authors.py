"""Who did it, where the evidence shows it: the writes of one object that an API server allowed, by whom and when last.

An object does not say who changed it; the audit log does, as far as it goes back. All writes are named, not only the one that matters: audit events at
level Metadata do not show what was written. ``create`` has no name when it is authorized, so of a new object those are named who created any of its
kind. Without evidence nothing is said.

>>> authors(Evidence(), Written("namespaces", name="shop"))
''
"""

from collections.abc import Iterator
from typing import NamedTuple

from ostiary.model.evidence import Evidence, Usage

CHANGING = ("update", "patch", "delete", "deletecollection")
_SHOWN = 4


class Written(NamedTuple):
    """What was written: an object of a resource. ``verbs``: by which of these."""

    resource: str
    api_group: str = ""
    name: str = ""
    verbs: tuple[str, ...] = CHANGING


def authors(evidence: Evidence, written: Written) -> str:
    """A half sentence that follows a reason: ``; written by ann (patch, last on 2026-11-03)``; empty where there is no evidence of audit events."""
    if not evidence.streams:
        return ""
    rows = sorted((row for row in evidence.usage if _is(row, written)), key=lambda row: (row.last, row.user), reverse=True)
    if not rows:
        since = min(stream.since[:10] for stream in evidence.streams)
        return f"; the evidence since {since} shows nobody who did it" if since else ""
    names = list(dict.fromkeys(map(_said, rows)))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; written by {', '.join(names[:_SHOWN])}{more}"


def _is(row: Usage, written: Written) -> bool:
    what = (row.resource, row.api_group, row.subresource) == (written.resource, written.api_group, "")
    named = row.verb in ("create", "deletecollection") or row.many or row.name == written.name
    return bool(what and named and row.daily and row.verb in written.verbs)


def _said(row: Usage) -> str:
    return "".join(_parts(row))


def _parts(row: Usage) -> Iterator[str]:
    yield row.user
    if row.by is not None:
        yield f" impersonated by {row.by.user}"
    yield f" ({row.verb}, last on {row.last})"
