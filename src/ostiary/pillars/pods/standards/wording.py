"""How the API server words lists, plurals and quotes; messages are compared with its own, letter by letter."""

from collections.abc import Collection, Iterable

from ostiary.model.pods import Container

_GO_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def quoted(items: Iterable[str]) -> str:
    """``"a", "b"``; nothing inside is escaped."""
    return '"' + '", "'.join(items) + '"'


def plural(one: str, items: Collection[object]) -> str:
    """The word for one, or with an s."""
    return one if len(items) == 1 else one + "s"


def named(containers: Collection[Container]) -> str:
    """``container "a"`` or ``containers "a", "b"``."""
    return f"{plural('container', containers)} {quoted(container.name for container in containers)}"


def setters(pod: bool, containers: Collection[Container]) -> str:
    """Who sets a value: the pod, containers, or both."""
    if not containers:
        return "pod"
    return f"pod and {named(containers)}" if pod else named(containers)


def go_quoted(text: str) -> str:
    """A string as Go's ``%q`` writes it: annotations may hold anything."""
    return '"' + "".join(_go_escaped(character) for character in text) + '"'


def _go_escaped(character: str) -> str:
    code = ord(character)
    if code in _GO_ESCAPES:
        return _GO_ESCAPES[code]
    if character.isprintable():
        return character
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
