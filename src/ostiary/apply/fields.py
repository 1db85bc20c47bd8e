"""Merge patches (RFC 7386) as arithmetic on plain JSON values: apply, stack, compare.

Decides whether an object holds what a patch names, and where it does not. Knows nothing of Kubernetes, and does no I/O.

A null, an empty object and an empty list are an absent field to the API server, so they compare as equal; an empty string is a value (a label
may be empty). An empty object is wanted empty: for a selector it means everything. A list is one value and compared whole, because one more key in
an item of a rule or a peer changes what the rule means; so a plan spells out the defaults that the server would fill in there.

>>> [str(d) for d in differences({"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"a": "2", "b": None}}})]
['label a is "1", not "2"']
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
Object = Mapping[str, Any]

_VOID: tuple[Any, ...] = (None, {}, [])
_NAMED: dict[Path, str] = {("metadata", "labels"): "label", ("metadata", "annotations"): "annotation"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that does not hold what was wanted."""

    path: Path
    wanted: Any
    found: Any

    def __str__(self) -> str:
        return f"{field_name(self.path)} is {written(self.found)}, not {written(self.wanted)}"


def merged(value: Any, patch: Any) -> Any:
    """The value after the patch; nothing is changed in place."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), change)
    return result


def stacked(first: Any, second: Any) -> Any:
    """The patch that does what ``first`` and then ``second`` do: as ``merged``, but a null stays, because it still has to remove.

    One patch cannot say "remove this object, then set one field in it": of two patches that disagree on what is an object, the second is kept.
    """
    if not isinstance(first, Mapping) or not isinstance(second, Mapping):
        return second
    return {**first, **{key: stacked(first.get(key), value) for key, value in second.items()}}


def leaves(patch: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field that a patch names, with its value, in order of the path; what is not an object is one value."""
    if not isinstance(patch, Mapping) or not patch:
        yield path, patch
        return
    for key in sorted(patch):
        yield from leaves(patch[key], (*path, key))


def at(value: Any, path: Path) -> Any:
    """The value of a field; None when it is absent."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def picked(value: Any, patch: Mapping[str, Any]) -> dict[str, Any]:
    """What ``value`` holds in the fields that the patch names, as a patch: null where it holds nothing."""
    inner = value if isinstance(value, Mapping) else {}
    return {
        key: picked(inner.get(key), wanted) if isinstance(wanted, Mapping) and wanted else inner.get(key)
        for key, wanted in patch.items()
    }


def differences(live: Any, patch: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The fields named in the patch that ``live`` does not hold, in order."""
    found = ((path, wanted, at(live, path)) for path, wanted in leaves(patch) if path)
    return tuple(Difference(path, wanted, value) for path, wanted, value in found if not same(value, wanted))


def holds(live: Any, patch: Mapping[str, Any]) -> bool:
    """Whether ``live`` is as the patch would leave it."""
    return not differences(live, patch)


def same(found: Any, wanted: Any) -> bool:
    """Whether two values are one to the API server."""
    if wanted in _VOID:
        return found in _VOID
    return written(found) == written(wanted)  # as JSON: true is not 1


def field_name(path: Path) -> str:
    """How people call a field: ``label app``, ``spec.replicas``."""
    if path[:2] in _NAMED and len(path) > 2:
        return f"{_NAMED[path[:2]]} {'.'.join(path[2:])}"
    return ".".join(path)


def written(value: Any) -> str:
    """A value on one line: compact JSON, so that nothing in it can move a cursor; ``absent`` for null."""
    return "absent" if value is None else json.dumps(value, sort_keys=True, separators=(", ", ": "))
