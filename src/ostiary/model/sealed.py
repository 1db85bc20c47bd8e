"""What may hold a secret is kept as a keyed digest, never as text.

Environment values, arguments, Secret and ConfigMap data, annotations: each may hold a password. Sealed keeps the one thing that
analysis needs of them: whether two are equal. The key is a value made elsewhere (``adapters.seal_key``); without it a digest of a short
password could be guessed. The text itself is seen by ``seal`` alone and never kept.

>>> seal("hunter2", key=bytes(32)) == seal("hunter2", key=bytes(32))
True
>>> seal("hunter2", key=bytes(32)) == seal("hunter2", key=b"1" * 32)
False
"""

import hashlib
from collections.abc import Mapping
from typing import Self

_HEX = frozenset("0123456789abcdef")
DIGEST_LENGTH = 32  # hexadecimal digits: 128 bits, far beyond accidental equality

# Annotations that some pillar reads, by the start of their key. All others are dropped: they hold anything, last-applied-configuration first of all.
READ_ANNOTATIONS = (
    "container.apparmor.security.beta.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
    "seccomp.security.alpha.kubernetes.io/pod",
    "kubernetes.io/config.mirror",
    "kubernetes.io/service-account.name",
    "kubernetes.io/enforce-mountable-secrets",
    "rbac.authorization.kubernetes.io/autoupdate",
    "ostiary.dev/expires",
)


class Sealed:
    """The keyed digest of a text that may be secret: hexadecimal, 128 bits."""

    __slots__ = ("digest",)
    digest: str

    def __init__(self, digest: str) -> None:
        if len(digest) != DIGEST_LENGTH or not _HEX.issuperset(digest):
            raise ValueError("a sealed value is 32 hexadecimal digits")
        self.digest = digest

    @classmethod
    def trusted(cls, digest: str) -> Self:
        """Skip the check of form: for a digest that was computed this moment."""
        sealed = object.__new__(cls)
        sealed.digest = digest
        return sealed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return "***"


class Annotations:
    """The annotations that some pillar reads; all others are gone."""

    __slots__ = ("kept",)
    kept: Mapping[str, str]

    def __init__(self, kept: Mapping[str, str]) -> None:
        self.kept = kept

    @classmethod
    def of(cls, every: Mapping[str, str | None]) -> "Annotations":
        """Keep what is read. When nothing is, the answer is the one NO_ANNOTATIONS, which encoding omits."""
        kept = {key: value or "" for key, value in every.items() if key.startswith(READ_ANNOTATIONS)}
        return cls(kept) if kept else NO_ANNOTATIONS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Annotations) and other.kept == self.kept

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.kept.items())))

    def __repr__(self) -> str:
        return f"Annotations({self.kept!r})"


NO_ANNOTATIONS = Annotations({})


def seal(text: str, *, key: bytes) -> Sealed:
    """Digest a text under a key of 32 bytes (BLAKE2b, 128 bits)."""
    return Sealed.trusted(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=DIGEST_LENGTH // 2).hexdigest()
    )
