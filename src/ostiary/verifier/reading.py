"""From bytes to a certificate of known shape. Anything odd is refused here, so that the checks never meet it.

The bytes have to be canonical JSON (keys sorted, no white space, UTF-8, one line end at most): then no bit of the file is without meaning, and the
certificate's own digest covers every one.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

FORMAT = "ostiary.dev/certificate/v1"
WORLD = ("cluster", "digest", "evidence", "intent", "server", "today")

Leaf = tuple[str, str, str, str, str]


class Unreadable(Exception):
    """Not a certificate, or one of a format that this verifier does not know."""


class Broken(Exception):
    """A certificate that does not hold; the message says what is wrong."""


@dataclass(frozen=True)
class Certificate:
    """A certificate whose shape is right. Nothing else about it is. The policy's own shape is looked at by the checks of its pillar."""

    pillar: str
    claim: str
    policy: Any  # of pods: namespace -> level, version
    world: dict[str, str]
    sections: dict[str, str]
    leaves: dict[str, list[Leaf]]
    texts: dict[str, Any]  # digest -> the value whose canonical JSON has that digest
    premises: list[str]
    assumptions: list[str]
    closed: dict[str, Any]  # of rbac: what a guardrail's name stands for


def canonical(value: Any) -> bytes:
    """The one encoding of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def read(data: bytes) -> Certificate:
    """The certificate in these bytes. Unreadable when there is none, Broken when it was changed."""
    try:
        value = json.loads(data.decode("utf-8"))
        again = canonical(value)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(value, dict) or "format" not in value:
        raise Unreadable("not a certificate: it has no format")
    if value["format"] != FORMAT:
        raise Unreadable(f"format {value['format']!r} is not {FORMAT!r}, the one that is known here")
    if data not in (again, again + b"\n"):
        raise Broken("the bytes are not canonical JSON: the file was reformatted or changed")
    if value.get("digest") != sha256(canonical({key: part for key, part in value.items() if key != "digest"})):
        raise Broken("the certificate's own digest is another: something in it was changed")
    return _shaped(value)


FIELDS = {"format", "pillar", "claim", "policy", "world", "sections", "leaves", "texts", "premises", "assumptions", "digest"}


def _shaped(value: dict[str, Any]) -> Certificate:
    pillar = _text(value.get("pillar"), "pillar")
    if (pillar, set(value)) not in (("pods", FIELDS), ("rbac", FIELDS | {"closed"})):
        raise Broken("its fields are not those of a certificate about pods or rbac")
    policy = _object(value["policy"], "policy")
    return Certificate(
        pillar=pillar,
        claim=_text(value["claim"], "claim"),
        policy={name: _level(one, name) for name, one in policy.items()} if pillar == "pods" else policy,
        closed=_object(value.get("closed", {}), "closed"),
        world=_world(value["world"]),
        sections={name: _text(one, "sections") for name, one in _object(value["sections"], "sections").items()},
        leaves={name: _leaves(one, name) for name, one in _object(value["leaves"], "leaves").items()},
        texts={sha256(text.encode("utf-8")): _value(text) for text in _texts(value["texts"], "texts")},
        premises=_texts(value["premises"], "premises"),
        assumptions=_texts(value["assumptions"], "assumptions"),
    )


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Broken(f"{what} is not an object")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Broken(f"{what} is not text")
    return value


def _texts(value: Any, what: str) -> list[str]:
    if not isinstance(value, list):
        raise Broken(f"{what} is not a list")
    return [_text(one, what) for one in value]


def _level(value: Any, namespace: str) -> tuple[str, str]:
    if set(_object(value, "policy")) != {"level", "version"}:
        raise Broken(f"the policy of {namespace} is not a level and a version")
    return _text(value["level"], "level"), _text(value["version"], "version")


def _world(value: Any) -> dict[str, str]:
    if set(_object(value, "world")) != set(WORLD):
        raise Broken("world has other parts than " + ", ".join(WORLD))
    return {name: _text(one, "world") for name, one in value.items()}


def _leaves(value: Any, section: str) -> list[Leaf]:
    if not isinstance(value, list) or any(not isinstance(leaf, list) or len(leaf) != 5 for leaf in value):
        raise Broken(f"a leaf of {section} is not five texts")
    return [tuple(_texts(leaf, section)) for leaf in value]  # type: ignore[misc]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Broken("a shown text is not JSON") from None
