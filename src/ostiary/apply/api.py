"""What performing a Plan needs of an API server: four verbs, and answers that are values.

A refusal is an answer (``Rejected``). No answer at all is an exception, ``core.errors.Unreachable``: then nobody knows whether the change was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ostiary.apply.fields import Object
from ostiary.model.plan import Target

FIELD_MANAGER = "ostiary"

GONE, CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class Stored:
    """The API server did it, or would do it: the object as it stands afterwards, and the warnings that came along."""

    object: Object
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The API server refused: HTTP status, machine-readable reason (``Forbidden``, ``Conflict``), and its own words."""

    code: int
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.reason or 'refused'} ({self.code}): {self.message}"


Answer = Stored | Rejected


class Api(Protocol):
    """The verbs. Writes go out under the field manager ``ostiary``; a merge patch carries the resourceVersion that it was compared with."""

    async def get(self, target: Target) -> Answer:
        """Read one object."""
        ...

    async def create(self, target: Target, body: Mapping[str, Any], *, dry_run: bool) -> Answer:
        """Create; with ``dry_run`` the server does everything but store."""
        ...

    async def patch(self, target: Target, body: Mapping[str, Any], *, dry_run: bool) -> Answer:
        """Merge patch (RFC 7386)."""
        ...

    async def delete(self, target: Target, *, uid: str, resource_version: str, dry_run: bool) -> Answer:
        """Delete exactly the object that was read: uid and resourceVersion are preconditions."""
        ...
