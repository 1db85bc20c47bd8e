"""From the text of a file to its documents: YAML separated by ``---``, JSON values one after another, or what Helm prints.

The separator is a line of its own, as ``k8s.io/apimachinery/pkg/util/yaml`` has it, so a broken document ends where the next begins and the others are
still read. ``helm install --dry-run`` prints a summary before the manifests and notes after them; both are no manifests.

>>> [document.line for document in documents("a: 1\\n---\\nb: 2\\n")]
[1, 3]
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ostiary.adapters.decode import Unreadable
from ostiary.adapters.manifests import yaml_reader


@dataclass(frozen=True, slots=True)
class Document:
    """One document: the line it starts at, and its value or what is wrong with it."""

    line: int
    value: Any = None
    problem: str = ""


def documents(text: str) -> Iterator[Document]:
    """Every document of a file that is not empty."""
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in ("{", "[") and (found := _json_stream(text)) is not None:
        yield from found
        return
    for line, part in _split(text):
        yield from _yaml_document(line, part)


def _yaml_document(line: int, text: str) -> Iterator[Document]:
    try:
        value = yaml_reader.read(text)
    except Unreadable as error:
        yield Document(line, problem=_hinted(text, str(error)))
        return
    if value is not None:
        yield Document(line, value)


def _hinted(text: str, problem: str) -> str:
    """Templates that nobody rendered are the usual broken YAML."""
    return f"{problem}; it holds {{{{ }}}}: render the template first (helm template)" if "{{" in text else problem


def _json_stream(text: str) -> list[Document] | None:
    """JSON values one after another; None when it is not JSON: then it is YAML, which looks alike."""
    decoder, found, at = json.JSONDecoder(parse_constant=_no_constant), [], 0
    while (at := _skip_space(text, at)) < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        found.append(Document(text.count("\n", 0, at) + 1, value))
        at = end
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _split(text: str) -> Iterator[tuple[int, str]]:
    """The texts between separators, with the line that each starts at."""
    lines = text.splitlines(keepends=True) if "\r" not in text else text.replace("\r\n", "\n").splitlines(keepends=True)
    helm = text.startswith("NAME:") and any(line.rstrip() == "MANIFEST:" for line in lines)
    start, part = 1, list[str]()
    for number, line in enumerate(lines, 1):
        if helm and line.rstrip() == "NOTES:":
            break
        if _separates(line, helm):
            yield start, "".join(part)
            start, part = number + 1, []
        else:
            part.append(line)
    yield start, "".join(part)


def _separates(line: str, helm: bool) -> bool:
    if line.startswith("---"):
        rest = line[3:].strip()
        return not rest or rest.startswith("#")
    return helm and line.rstrip() in ("HOOKS:", "MANIFEST:")
