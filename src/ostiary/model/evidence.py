"""Evidence: what happened, by stream, each with its gaps. Streams come with the pillars that read them; none is read yet."""

from ostiary.core.canonical import digest
from ostiary.model.value import Value


class Stream(Value, frozen=True, kw_only=True):
    """One source of facts and the time that it covers (RFC 3339); a gap makes the verdicts that need it unknown."""

    source: str
    since: str
    until: str
    gaps: tuple[tuple[str, str], ...] = ()


class Evidence(Value, frozen=True, kw_only=True):
    """All streams, sorted by source and time."""

    streams: tuple[Stream, ...] = ()

    @property
    def digest(self) -> str:
        return digest(self)
