"""The intent file: what people want, read so that nothing they write is silently without effect.

Every mistake is named with file and line, all of them at once: a key that ostiary does not know, with the one that was probably meant; a value that is
none of those allowed; a key that is missing. ``schema`` is the JSON Schema of the file, made from the type itself, for editors.

    ostiary.yaml:4: unknown key `lvels`; did you mean `levels`?
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from ostiary.adapters.decode import Unreadable
from ostiary.adapters.manifests import yaml_reader
from ostiary.adapters.mistakes import Problem, line_of, mistakes
from ostiary.core.errors import BadInput
from ostiary.model.intent import Intent

API_VERSION, KIND = "ostiary.dev/v1", "Intent"


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
    problems = sorted(mistakes(node, value, Intent))
    problems += [] if problems else _head(node, value)
    if problems:
        raise BadInput("\n".join(f"{name}:{line}: {what}" for line, what in problems), todo="the keys are in docs/intent.md")
    try:
        intent = msgspec.convert(value, Intent)
    except msgspec.ValidationError as error:
        raise BadInput(f"{name}: {error}", todo="the keys are in docs/intent.md") from None
    _check_admission(intent, f"{name}:{line_of(node, 'admission')}")
    _check_access(intent, f"{name}:{line_of(node, 'access')}")
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


def _check_access(intent: Intent, where: str) -> None:
    """Rules of access that could never apply, or that would let somebody in without another person."""
    if intent.access is None:
        return
    from ostiary.pillars.access.permission import checked

    try:
        checked(intent.access)
    except BadInput as error:
        raise BadInput(f"{where}: {error.happened}", todo=error.todo) from None


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
        (line_of(node, field), f"{field} is not `{must}`") for field, must in wanted.items() if value.get(field, must) != must
    ]
