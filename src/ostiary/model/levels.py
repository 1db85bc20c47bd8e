"""The three levels of the Pod Security Standards, and the versions that they come in.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ and KEP-2579.

>>> Level.RESTRICTED > Level.BASELINE > Level.PRIVILEGED
True
>>> str(Version(37)), Version.parse("v1.37") == Version(37)
('v1.37', True)
"""

import re
from enum import Enum
from functools import total_ordering
from typing import Self

from ostiary.model.value import Value

OLDEST_MINOR = 0
NEWEST_MINOR = 37  # the newest version of the levels whose controls pillars/pods knows


@total_ordering
class Level(Enum):
    """Ordered by strictness: a pod that a stricter level admits, a looser one admits too."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"

    def __lt__(self, other: Self) -> bool:
        order = list(Level)
        return order.index(self) < order.index(other)

    def __str__(self) -> str:
        return self.value


class Version(Value, frozen=True, kw_only=False, order=True):
    """A version of the levels, by the minor version of Kubernetes 1 that brought it."""

    minor: int

    def __str__(self) -> str:
        return f"v1.{self.minor}"

    @classmethod
    def parse(cls, text: str) -> "Version | None":
        """Read ``v1.N``; None for anything else, ``latest`` included: what that means depends on the server."""
        match = re.fullmatch(r"v1\.(0|[1-9][0-9]{0,3})", text)
        return cls(int(match[1])) if match else None


NEWEST = Version(NEWEST_MINOR)
