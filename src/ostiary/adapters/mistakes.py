"""Mistakes in a file that people write, against the type that it shall have: all of them at once, each with its line.

It names keys that nobody knows, with the one that was probably meant, values that are none of those allowed, and keys that are missing. What a value
means is not looked at.

>>> list(mistakes(yaml.compose("lvels: 1"), {"lvels": 1}, Intent))
[(1, 'unknown key `lvels`; did you mean `levels`?')]
"""

import difflib
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import yaml

Problem = tuple[int, str]  # line, what is wrong


def mistakes(node: yaml.Node, value: Any, of: type) -> Iterator[Problem]:
    """Everything in a value, read from a node, that does not fit the type."""
    return _check(node, value, msgspec.inspect.type_info(of))


def _check(node: yaml.Node, value: Any, wanted: Any) -> Iterator[Problem]:
    """Everything in a value that does not fit its type."""
    match wanted:
        case msgspec.inspect.StructType(fields=fields) if isinstance(value, dict):
            yield from _check_struct(node, value, {field.encode_name: field for field in fields})
        case msgspec.inspect.DictType(value_type=of) if isinstance(value, dict):
            for key, _, child in _children(node):
                yield from _check(child, value[key], of)
        case msgspec.inspect.VarTupleType(item_type=of) if isinstance(value, list):
            for child, item in zip(node.value, value, strict=False):
                yield from _check(child, item, of)
        case msgspec.inspect.UnionType(types=types):
            if value is not None:
                yield from _check(node, value, next(of for of in types if not isinstance(of, msgspec.inspect.NoneType)))
        case msgspec.inspect.EnumType(cls=cls):
            yield from _check_choice(node, value, [str(member.value) for member in cls])
        case _:
            yield from _check_plain(node, value, wanted)


def _check_struct(node: yaml.Node, value: dict[str, Any], fields: dict[str, Any]) -> Iterator[Problem]:
    for key, line, child in _children(node):
        if key not in fields:
            yield line, f"unknown key `{key}`{_meant(key, list(fields))}"
        else:
            yield from _check(child, value[key], fields[key].type)
    for key, field in fields.items():
        if field.required and key not in value:
            yield node.start_mark.line + 1, f"`{key}` is missing"


def _check_choice(node: yaml.Node, value: Any, allowed: list[str]) -> Iterator[Problem]:
    if value not in allowed:
        written = str(getattr(node, "value", ""))[:60]
        meant = _meant(written, allowed) or f"; one of: {', '.join(allowed)}"
        yield node.start_mark.line + 1, f"`{written}` is not allowed here{meant}"


def _check_plain(node: yaml.Node, value: Any, wanted: Any) -> Iterator[Problem]:
    names: dict[type, tuple[type, str]] = {
        msgspec.inspect.StrType: (str, "text"),
        msgspec.inspect.IntType: (int, "a whole number"),
        msgspec.inspect.BoolType: (bool, "true or false"),
        msgspec.inspect.StructType: (dict, "keys and values"),
        msgspec.inspect.DictType: (dict, "keys and values"),
        msgspec.inspect.VarTupleType: (list, "a list"),
    }
    if isinstance(wanted, msgspec.inspect.DateType):
        if not isinstance(value, str) or not _is_date(value):
            yield node.start_mark.line + 1, "a day is wanted here, as in 2027-01-31"
        return
    of, name = names.get(type(wanted), (object, ""))
    if not isinstance(value, of) or (isinstance(value, bool) and of is int):
        yield node.start_mark.line + 1, f"{name} is wanted here"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _children(node: yaml.Node) -> Iterator[tuple[str, int, yaml.Node]]:
    """Keys of a mapping, their lines, and values; merge keys left aside."""
    for key, child in node.value:
        if key.value != "<<":
            yield key.value, key.start_mark.line + 1, child


def _meant(written: str, known: list[str]) -> str:
    close = difflib.get_close_matches(written, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def line_of(node: yaml.Node, field: str) -> int:
    """The line of a key of a mapping; 1 where it is not there."""
    return next((line for key, line, _ in _children(node) if key == field), 1)
