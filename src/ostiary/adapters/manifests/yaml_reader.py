"""One YAML document to plain values, as Kubernetes reads it: anchors, merge keys, keys that are no text, and a bound on what aliases may expand to.

libyaml parses; what a node means is decided here, by the rules of goyaml.v2: of two equal keys the later one counts, a merge key sets what it merges where it
stands, an alias bomb is refused at goyaml's own limit. Errors name line and column and never quote the text.

>>> read("a: &x {b: yes}\\nc: *x")
{'a': {'b': True}, 'c': {'b': True}}
"""

import base64
import binascii
import math
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from ostiary.adapters.decode import Unreadable
from ostiary.adapters.manifests.scalars import is_timestamp, key_text, resolve

_PLAIN = "plain"
_STR, _BINARY, _TIMESTAMP = (f"tag:yaml.org,2002:{name}" for name in ("str", "binary", "timestamp"))
_TYPED: dict[str, tuple[type, ...]] = {
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (float, int),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:null": (type(None),),
}

# goyaml.v2 decode.go: up to 400,000 decoded nodes 99 % may come from aliases; from 4,000,000 on 10 %.
_RATIO_LOW, _RATIO_HIGH = 400_000, 4_000_000
_MOST_LETTERS = 64 * 1024 * 1024  # in all scalars together, unless the text itself is large: an alias may repeat a long one


class _Nodes(CParser):
    """libyaml's parser and composer; tells plain scalars from quoted ones and resolves nothing."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)

    def resolve(self, kind: type, _value: object, implicit: object) -> str:
        return _PLAIN if kind is yaml.ScalarNode and implicit[0] else _STR  # type: ignore[index]

    def descend_resolver(self, _parent: object, _index: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


def read(text: str) -> Any:
    """The first document of a text; None when there is none. Unreadable with line and column."""
    try:
        parser = _Nodes(text)
        node = parser.get_node() if parser.check_node() else None
        return None if node is None else _Reader(len(text)).value(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Unreadable(f"{at}{_problem(error)}") from None
    except yaml.YAMLError:
        raise Unreadable("a character that YAML does not allow") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not YAML"
    return problem.split("'")[0].rstrip() if "'" in problem else problem  # the rest would quote the text


class _Reader:
    """Walks the nodes of one document."""

    def __init__(self, letters: int) -> None:
        self._most_letters = max(_MOST_LETTERS, 4 * letters)
        self._letters = 0
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._depth = 0  # of aliases
        self._decoded = self._aliased = 0

    def value(self, node: yaml.Node) -> Any:
        """The value of a node. A collection that was seen before is reached through an alias."""
        if isinstance(node, yaml.ScalarNode):
            self._count(len(node.value))
            return _scalar(node)
        again = id(node) in self._seen
        if id(node) in self._open:
            raise Unreadable(f"line {node.start_mark.line + 1}: an anchor that contains itself")
        self._seen.add(id(node))
        self._open.add(id(node))
        self._depth += again
        self._count()
        found = self._mapping(node) if isinstance(node, yaml.MappingNode) else [self.value(child) for child in node.value]
        self._depth -= again
        self._open.discard(id(node))
        return found

    def _count(self, letters: int = 0) -> None:
        self._decoded += 1
        self._letters += letters
        self._aliased += self._depth > 0
        bomb = self._aliased > 100 and self._decoded > 1000 and self._aliased > _allowed(self._decoded) * self._decoded
        if bomb or self._letters > self._most_letters:
            raise Unreadable("aliases expand to too much")

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.tag in (_PLAIN, "tag:yaml.org,2002:merge"):
                self._merge(value, found)
            else:
                found[self._key(key)] = self.value(value)
        return found

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise Unreadable(f"line {node.start_mark.line + 1}: a key that is no text")
        self._count()
        key = key_text(node.value) if node.tag == _PLAIN else _scalar(node)
        if not isinstance(key, str):
            raise Unreadable(f"line {node.start_mark.line + 1}: a key that is no text")
        return key

    def _merge(self, node: yaml.Node, into: dict[str, Any]) -> None:
        if isinstance(node, yaml.MappingNode):
            into.update(self.value(node))
        elif isinstance(node, yaml.SequenceNode) and all(isinstance(child, yaml.MappingNode) for child in node.value):
            for child in reversed(node.value):
                into.update(self.value(child))
        else:
            raise Unreadable(f"line {node.start_mark.line + 1}: a merge key needs mappings")


def _scalar(node: yaml.ScalarNode) -> Any:
    if node.tag == _PLAIN:
        found = resolve(node.value)
    elif node.tag == _BINARY:
        found = _binary(node)
    elif node.tag in _TYPED:
        found = resolve(node.value)
        if not isinstance(found, _TYPED[node.tag]) or (isinstance(found, bool) and bool not in _TYPED[node.tag]):
            raise Unreadable(f"line {node.start_mark.line + 1}: a value that its tag does not allow")
    elif node.tag == _TIMESTAMP and not is_timestamp(node.value):
        raise Unreadable(f"line {node.start_mark.line + 1}: a value that its tag does not allow")
    else:
        found = node.value
    if isinstance(found, float) and not math.isfinite(found):
        raise Unreadable(f"line {node.start_mark.line + 1}: JSON has no such number")
    return found


def _binary(node: yaml.ScalarNode) -> str:
    try:
        return base64.b64decode(node.value.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise Unreadable(f"line {node.start_mark.line + 1}: not base64") from None


def _allowed(decoded: int) -> float:
    if decoded <= _RATIO_LOW:
        return 0.99
    if decoded >= _RATIO_HIGH:
        return 0.10
    return 0.99 - 0.89 * (decoded - _RATIO_LOW) / (_RATIO_HIGH - _RATIO_LOW)
