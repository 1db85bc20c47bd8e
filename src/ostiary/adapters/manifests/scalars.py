"""What a plain YAML scalar means, by the rules that Kubernetes reads YAML with: YAML 1.1 as ``sigs.k8s.io/yaml`` has it.

``yes``, ``on`` and ``y`` are true; ``0x1F``, ``0o17``, ``017`` and ``1_000`` are numbers, ``08`` is 8 by way of a float; ``2026-01-01`` and ``1:30`` stay
text. Source: ``resolve.go`` of goyaml.v2, its number syntax that of ``strconv`` in Go; ``tests/adapters/manifests/test_scalars.py`` holds what the
original answers.

>>> resolve("yes"), resolve("0x1F"), resolve("1_000"), resolve("1e3"), resolve("08"), resolve("1:30")
(True, 31, 1000, 1000, 8, '1:30')
"""

import math
import re
import struct
from decimal import Decimal

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FIRST = frozenset("+-0123456789.yYnNtTfFoO~")  # any other first letter: text
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPACED = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")  # after a point, underscores only between digits
_TIMESTAMP = re.compile(
    r"[0-9]{4}-(?:1[0-2]|0?[1-9])-(?:3[01]|[12][0-9]|0?[1-9])"
    r"(?:[Tt](?:2[0-3]|[01]?[0-9]):[0-5]?[0-9]:[0-5]?[0-9](?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| (?:2[0-3]|[01]?[0-9]):[0-5]?[0-9]:[0-5]?[0-9](?:[.,][0-9]+)?)?"
)
_MOST, _LEAST = 2**64 - 1, -(2**63)
_WHOLE = 1e21  # from here on encoding/json in Go writes a float with an exponent


def resolve(text: str) -> Scalar:
    """The value of a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST or text[0].isalpha():
        return text
    if text[0] == ".":
        plain = text.replace("_", "") if _SPACED.fullmatch(text) else text
        return text if (found := _float(plain)) is None else found
    return _number(text)


def is_timestamp(text: str) -> bool:
    """Whether goyaml takes it for a time; Kubernetes then keeps the text."""
    return _TIMESTAMP.fullmatch(text) is not None


def _number(text: str) -> Scalar:
    if is_timestamp(text):
        return text
    plain = text.replace("_", "")
    if match := _INTEGER.fullmatch(plain):
        base, digits = next((base, digits) for base, digits in zip(_BASES, match.groups()[1:], strict=True) if digits)
        value = int(digits, base) * (-1 if match[1] == "-" else 1)
        if _LEAST <= value <= (_MOST if not match[1] else 2**63 - 1):
            return value
    found = _float(plain)
    return text if found is None else found


def _float(plain: str) -> int | float | None:
    """A float as it arrives after the way through JSON: whole ones are whole numbers."""
    if not _FLOAT.fullmatch(plain):
        return None
    value = float(plain)
    if math.isinf(value):
        return None
    return int(Decimal(repr(value))) if value.is_integer() and abs(value) < _WHOLE else value


def key_text(text: str) -> str | None:
    """How a plain key is written in JSON, where every key is text; None for what cannot be a key."""
    value = resolve(text)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if value is None or "x" in text.lower() or not set(text) & set(".eE"):
        return str(value) if isinstance(value, int) and value <= 2**63 - 1 else None
    return _short_float(float(value))


def _short_float(value: float) -> str | None:
    """The shortest text that is the same 32 bit float; None where Go would write an exponent, which nobody means as a key."""
    if value and not 1e-4 <= abs(value) < 1e6:
        return None
    single = struct.pack("f", value)
    return next(
        text for digits in range(1, 18) if struct.pack("f", float(text := f"{value:.{digits}g}")) == single and "e" not in text
    )
