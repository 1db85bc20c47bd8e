"""Sealing while decoding: text that may be secret turns into a keyed digest before anything else sees it."""

import base64
import binascii
import hashlib
from typing import Any

from ostiary.model.sealed import DIGEST_LENGTH, Annotations, Sealed


class SealedBase64(Sealed):
    """Text that travels as base64 (Secret ``data``): sealed after decoding, so that the same text elsewhere has the same digest."""

    __slots__ = ()


class Sealer:
    """Digests under one key; ``hook`` is what msgspec calls for the types that it does not know."""

    def __init__(self, key: bytes) -> None:
        self._blank = hashlib.blake2b(key=key, digest_size=DIGEST_LENGTH // 2)

    def seal(self, data: bytes) -> str:
        """The digest of some bytes; the same as ``model.sealed.seal`` of their text."""
        keyed = self._blank.copy()
        keyed.update(data)
        return keyed.hexdigest()

    def hook(self, wanted: type, value: Any) -> Any:
        """Make a ``Sealed`` or ``Annotations`` of what stood in the JSON. ValueError says what was expected, never what was there."""
        if wanted is Sealed:
            return Sealed.trusted(self.seal(_text(value)))
        if wanted is SealedBase64:
            return SealedBase64.trusted(self.seal(_base64(value)))
        if wanted is Annotations:
            return _annotations(value)
        raise NotImplementedError(f"no decoding for {wanted.__name__}")


def _text(value: Any) -> bytes:
    if value is None:
        return b""
    if not isinstance(value, str):
        raise ValueError(f"Expected `str`, got `{type(value).__name__}`")
    return value.encode("utf-8", "surrogatepass")


def _base64(value: Any) -> bytes:
    text = _text(value).replace(b"\n", b"").replace(b"\r", b"")  # as encoding/base64 in Go reads it
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("Expected base64") from None


def _annotations(value: Any) -> Annotations:
    if value is None:
        return Annotations.of({})
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"Expected `object`, got `{type(value).__name__}`")
    if not all(text is None or isinstance(text, str) for text in value.values()):
        raise ValueError("Expected an object of strings")
    return Annotations.of(value)
