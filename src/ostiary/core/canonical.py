"""One value, one encoding, one digest.

Canonical JSON: keys sorted, no white space, UTF-8, fields that hold their default left out. SHA-256 over those bytes.

>>> digest({"b": 1, "a": ["x"]}) == digest({"a": ["x"], "b": 1})
True
"""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec


def _no_hook(value: Any) -> Any:
    raise NotImplementedError(f"no canonical encoding for {type(value).__name__}")


def encoder(hook: Callable[[Any], Any] = _no_hook) -> msgspec.json.Encoder:
    """An encoder of canonical JSON; ``hook`` says how values of other types are written."""
    return msgspec.json.Encoder(enc_hook=hook, order="sorted")


_plain = encoder()


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value made of plain JSON types and structs."""
    return sha256(_plain.encode(value))
