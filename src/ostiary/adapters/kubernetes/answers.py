"""What an API server answers, as values: it did it, or it refused and says why. No answer at all is ``core.errors.Unreachable``.

Source: ``metav1.Status`` of the API; warnings travel as RFC 7234 ``Warning: 299`` headers.

>>> str(rejected(403, b'{"kind":"Status","reason":"Forbidden","message":"pods is forbidden"}'))
'Forbidden (403): pods is forbidden'
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

_LONGEST_MESSAGE = 2000
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Stored:
    """The server did it, or would do it: the object as it stands afterwards, and the warnings that came along."""

    object: Mapping[str, Any] = field(repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server refused: HTTP status, machine-readable reason (``Forbidden``, ``Conflict``), its own words; of an expired list, how to go on."""

    code: int
    reason: str
    message: str
    warnings: tuple[str, ...] = ()
    go_on: str = ""

    def __str__(self) -> str:
        return f"{self.reason or 'refused'} ({self.code}): {self.message}"


Answer = Stored | Rejected


class _StatusMeta(msgspec.Struct):
    continue_: str = msgspec.field(name="continue", default="")


class _Status(msgspec.Struct):
    reason: str = ""
    message: str = ""
    metadata: _StatusMeta = msgspec.field(default_factory=_StatusMeta)


def rejected(code: int, body: bytes, warnings: tuple[str, ...] = ()) -> Rejected:
    """The refusal in a response. What is no Status is quoted as far as it can be printed."""
    try:
        status = msgspec.json.decode(body, type=_Status)
    except msgspec.MsgspecError:
        status = _Status(message=body[:200].decode("utf-8", "replace"))
    phrase = HTTPStatus(code).phrase.replace(" ", "") if code in set(HTTPStatus) else ""
    message = "".join(letter if letter.isprintable() else " " for letter in status.message[:_LONGEST_MESSAGE])
    return Rejected(code, status.reason or phrase, message, warnings, status.metadata.continue_)


def warnings_in(headers: Iterable[str]) -> tuple[str, ...]:
    """The texts of ``Warning`` headers, in order, each once."""
    found = (match[1].replace('\\"', '"').replace("\\\\", "\\") for header in headers for match in _WARNING.finditer(header))
    return tuple(dict.fromkeys(found))
