"""Evidence: what happened, counted; by stream, each with its gaps.

A usage is one question that an API server's authorizer was asked, by one identity, as often as it was asked: never an event of its own, so that a month of
a busy cluster is as large as what it distinguishes. Who reads it decides by it; nothing here knows roles.

- ``name`` is the name that was authorized: ``create`` at the top level has none, though the event shows the name of what was created.
- ``many``: more names than are kept. Such a row stands for requests with other names than those of the rows beside it; it has no name itself, so that
  only a rule without names can stand for it.
- What could not be read, or is not there, is a gap of its stream. A verdict that needs the stream is then unknown.

>>> use = Usage(user="system:serviceaccount:shop:web", verb="get", resource="pods", namespace="shop", first="2026-11-01", daily=(2, 0, 1))
>>> use.allowed, use.days, use.on(2), use.last
(3, 2, 1, '2026-11-03')
"""

from datetime import date, timedelta
from enum import Enum

from msgspec.structs import replace

from ostiary.core.canonical import digest
from ostiary.model.access import LiveGrants
from ostiary.model.value import Value


class Lack(Enum):
    """Why a stream does not show all that happened: a closed list."""

    UNREADABLE = "unreadable"  # a record that is no record: which line, which field
    UNKNOWN_VERSION = "unknown-version"  # a record of a version that ostiary does not read
    TRUNCATED = "truncated"  # a file that ends in the middle of a record
    SILENT = "silent"  # a long time without a single record
    UNDECIDED = "undecided"  # a record that does not say whether the request was allowed
    TOO_MUCH = "too-much"  # more to tell apart than is kept

    def __str__(self) -> str:
        return self.value


class Gap(Value, frozen=True, kw_only=True):
    """Something that happened, or may have, and is not in the evidence. Times are empty where nobody can tell; ``count``: how many records."""

    lack: Lack
    since: str = ""
    until: str = ""
    count: int = 1
    where: str = ""  # file and line of the first, for people, not part of the digest
    detail: str = ""  # the field and what is wrong with it, for people, not part of the digest

    def __str__(self) -> str:
        when = f" from {self.since}" + (f" to {self.until}" if self.until else " on") if self.since else ""
        times = f", {self.count} times" if self.count > 1 else ""
        said = f" ({self.detail})" if self.detail else ""
        return f"{self.lack}{when}{times}{said}{f' [{self.where}]' if self.where else ''}"


class Stream(Value, frozen=True, kw_only=True):
    """One source of facts and the time that it covers (RFC 3339); a gap makes the verdicts that need it unknown."""

    source: str
    since: str
    until: str
    records: int = 0
    repeated: int = 0  # records that were there before, and were not counted again
    gaps: tuple[Gap, ...] = ()
    where: str = ""  # files or addresses, for people, not part of the digest


class Impersonator(Value, frozen=True, kw_only=True):
    """Who really asked, where somebody was impersonated; ``constraint``: the verb of the constrained mode, such as ``impersonate:user-info``."""

    user: str
    groups: tuple[str, ...] = ()
    constraint: str = ""
    uid: str = ""  # what else was impersonated, beside user and groups
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Usage(Value, frozen=True, kw_only=True):
    """One question to the authorizer, as it was asked and answered. ``user`` and ``groups`` are those that counted: the impersonated ones, if any."""

    user: str
    groups: tuple[str, ...] = ()
    by: Impersonator | None = None
    verb: str
    api_group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    many: bool = False
    first: str = ""  # the day of daily[0]; of the first denial where nothing was allowed
    daily: tuple[int, ...] = ()  # how often it was allowed, from that day on
    denied: int = 0
    pods: tuple[
        str, ...
    ] = ()  # the pods (their uids) from which it was allowed, two at most; none where the credential names no pod

    @property
    def allowed(self) -> int:
        """How often it was allowed."""
        return sum(self.daily)

    @property
    def days(self) -> int:
        """On how many days it was allowed."""
        return sum(1 for count in self.daily if count)

    def on(self, day: int) -> int:
        """How often it was allowed on a day, counted from the first."""
        return self.daily[day] if 0 <= day < len(self.daily) else 0

    @property
    def last(self) -> str:
        """The last day on which it was allowed; the first denial's where nothing was."""
        if not self.daily:
            return self.first
        return (date.fromisoformat(self.first) + timedelta(days=len(self.daily) - 1)).isoformat()


class Evidence(Value, frozen=True, kw_only=True):
    """All streams, sorted by source and time, and what they show, sorted."""

    streams: tuple[Stream, ...] = ()
    usage: tuple[Usage, ...] = ()
    access: LiveGrants | None = None

    @property
    def digest(self) -> str:
        return digest(self.bare)

    @property
    def bare(self) -> "Evidence":
        """Without what is only for people, such as names of files: what the digest is of, and what a certificate shows."""
        return replace(self, streams=tuple(_bare(stream) for stream in self.streams))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing, of all streams."""
        return tuple(gap for stream in self.streams for gap in stream.gaps)


def _bare(stream: Stream) -> Stream:
    """A stream without what is only for people."""
    return replace(stream, where="", gaps=tuple(replace(gap, where="", detail="") for gap in stream.gaps))
