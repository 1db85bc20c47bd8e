"""Whether an object that makes pods says something that ostiary's Kubernetes does not know: a misspelt field, or one of a later version.

An API server drops what it does not know, and ``kubectl`` warns or refuses; a later one would heed it. Either way what was written is not what is read here,
so nothing is concluded from it. The same goes for words in a few fields that the Pod Security Standards go by: validation refuses others, a later
version may know them.

The fields stand in ``pod_fields.json``, which ``engines/podfields`` makes of Kubernetes' own types; the words are those of
``pkg/apis/core/validation`` (procMount, seccompProfile, appArmorProfile, os) of 1.37.

>>> strange("Pod", {"spec": {"hostUserz": False}})
'spec.hostUserz: no field of Kubernetes 1.37; did you mean hostUsers?'
>>> strange("Pod", {"spec": {"os": {"name": "plan9"}}})
"spec.os.name: a value that Kubernetes 1.37 does not know; it knows linux, windows"
"""

import difflib
import json
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("AppArmorProfile", "type"): _PROFILES,
    ("SeccompProfile", "type"): _PROFILES,
    ("SecurityContext", "procMount"): ("Default", "Unmasked"),
    ("PodOS", "name"): ("linux", "windows"),
}
_MAP = "{}"  # before the type of the values of a map
_LONGEST_NAME = 64


@cache
def _known() -> dict[str, Any]:
    text = Path(__file__).with_name("pod_fields.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def version() -> str:
    """The Kubernetes whose fields are known: ``1.37``."""
    _, minor, _ = _known()["version"].split(".")
    return f"1.{minor}"


def strange(kind: str, item: Any) -> str:
    """The first field or value that is not known, with its path and what was probably meant; empty when there is none. Never a value."""
    root = _known()["roots"].get(kind, "")
    if not root:
        return ""
    kept = _kept_template(item) if kind == "ControllerRevision" else None
    return next(chain(_strange(root, item, ""), _strange("PodTemplateSpec", kept, "data.spec.template")), "")


def _kept_template(revision: Any) -> Any:
    """The template that a ControllerRevision keeps, without the word that says how to patch with it; the type calls it a leaf."""
    found = revision
    for key in ("data", "spec", "template"):
        found = found.get(key) if isinstance(found, dict) else None
    return {key: value for key, value in found.items() if key != "$patch"} if isinstance(found, dict) else None


def _strange(of: str, value: Any, path: str) -> Iterator[str]:
    """Everything that is not known in a value of that type. What has the wrong shape is left to decoding."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strange(of, item, f"{path}[{index}]")
    elif not isinstance(value, dict):
        return
    elif of.startswith(_MAP):
        for key, item in value.items():
            yield from _strange(of.removeprefix(_MAP), item, f"{path}[{_shown(key)}]")
    else:
        fields = _known()["types"][of]
        for key, item in value.items():
            at = f"{path}.{_shown(key)}" if path else _shown(key)
            if key not in fields:
                yield f"{at}: no field of Kubernetes {version()}{_meant(key, fields)}"
            elif words := _WORDS.get((of, key)):
                yield from _strange_word(words, item, at)
            elif fields[key]:
                yield from _strange(fields[key], item, at)


def _strange_word(words: tuple[str, ...], said: Any, path: str) -> Iterator[str]:
    if isinstance(said, str) and said not in words:
        yield f"{path}: a value that Kubernetes {version()} does not know; it knows {', '.join(words)}"


def _shown(key: Any) -> str:
    """A key as people may see it."""
    return key if isinstance(key, str) and key.isprintable() and len(key) <= _LONGEST_NAME else "(a key)"


def _meant(key: Any, fields: dict[str, str]) -> str:
    close = difflib.get_close_matches(key, fields, n=1) if isinstance(key, str) and len(key) <= _LONGEST_NAME else ()
    return f"; did you mean {close[0]}?" if close else ""
