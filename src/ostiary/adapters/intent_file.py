"""The intent file: what people want, read so that nothing they write is silently without effect.

Every mistake is named with file and line, all of them at once: a key that ostiary does not know, with the one that was probably meant; a value that is
none of those allowed; a key that is missing. ``schema`` is the JSON Schema of the file, made from the type itself, for editors.

    ostiary.yaml:4: unknown key `lvels`; did you mean `levels`?
"""

import difflib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ostiary.adapters.decode import Unreadable
from ostiary.adapters.manifests import yaml_reader
from ostiary.core.errors import BadInput
from ostiary.model.intent import Intent

API_VERSION, KIND = "ostiary.dev/v1", "Intent"

Problem = tuple[int, str]  # line, what is wrong


def load(path: Path) -> Intent:
    """Read an intent file. BadInput names every mistake by its line."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"cannot read the intent file {path}: {error.strerror}", todo="check --intent") from None
    except UnicodeDecodeError:
        raise BadInput(f"the intent file {path} is not UTF-8", todo="save it as UTF-8") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Intent:
    """Read the text of an intent file; ``name`` is for messages."""
    try:
        value = yaml_reader.read(text)
    except Unreadable as error:
        raise BadInput(f"{name} is not YAML: {error}", todo="mend it there") from None
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(value, dict) or node is None:
        raise BadInput(f"{name} is not an intent file: it holds no keys", todo=f"it begins with apiVersion: {API_VERSION}")
    problems = sorted(_check(node, value, msgspec.inspect.type_info(Intent)))
    problems += [] if problems else _head(node, value)
    if problems:
        raise BadInput("\n".join(f"{name}:{line}: {what}" for line, what in problems), todo="the keys are in docs/intent.md")
    try:
        intent = msgspec.convert(value, Intent)
    except msgspec.ValidationError as error:
        raise BadInput(f"{name}: {error}", todo="the keys are in docs/intent.md") from None
    _check_admission(intent, f"{name}:{_line_of(node, 'admission')}")
    return intent


def _check_admission(intent: Intent, where: str) -> None:
    """Keys that fit their types and still cannot mean what they say: an unknown control, exceptions that contradict each other."""
    if intent.admission is None:
        return
    from ostiary.pillars.pods.admission.learn import asked_for
    from ostiary.pillars.pods.admission.policy import checked

    try:
        checked(asked_for(intent.admission))
    except BadInput as error:
        raise BadInput(f"{where}: admission: {error.happened}", todo=error.todo) from None


def schema() -> dict[str, Any]:
    """JSON Schema of the intent file."""
    made = msgspec.json.schema(Intent)
    made["$defs"]["Intent"]["properties"]["apiVersion"] = {"const": API_VERSION}
    made["$defs"]["Intent"]["properties"]["kind"] = {"const": KIND}
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ostiary.yaml", **made}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def _head(node: yaml.Node, value: dict[str, Any]) -> list[Problem]:
    wanted = {"apiVersion": API_VERSION, "kind": KIND}
    return [
        (_line_of(node, field), f"{field} is not `{must}`") for field, must in wanted.items() if value.get(field, must) != must
    ]


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


def _line_of(node: yaml.Node, field: str) -> int:
    return next((line for key, line, _ in _children(node) if key == field), 1)
