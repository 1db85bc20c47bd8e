"""What performing a Plan needs of an API server: four verbs, and answers that are values.

A refusal is an answer (``Rejected``). No answer at all is an exception, ``core.errors.Unreachable``: then nobody knows whether the change was made.
``adapters.kubernetes.Client`` is the one that reaches a server.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from ostiary.adapters.kubernetes.answers import Answer, Rejected, Stored
from ostiary.adapters.kubernetes.client import FIELD_MANAGER
from ostiary.model.plan import Target

__all__ = ["CONFLICT", "FIELD_MANAGER", "GONE", "SERVER_ERROR", "Answer", "Api", "Rejected", "Stored"]

GONE: Final = 404
CONFLICT: Final = 409
SERVER_ERROR: Final = 500


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
