"""Adding entries to a kubeconfig without touching anybody else's: a decision over plain values, no files.

Every entry that ostiary adds carries the extension ``ostiary.dev`` that says which cluster, person and control plane it is for. An entry with the same facts is
replaced in its place; a name that is taken by anything else is left alone, and ours gets the next free one (``ostiary-prod-2``). Whatever else the file
holds, fields that nobody here knows too, stays as it is, in its order.

>>> merge({}, [Entry("prod", "alice", "https://c", {"server": "https://gw"}, {"exec": {}})]).contexts
('ostiary-prod',)
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from ostiary.core.errors import BadInput

EXTENSION: Final = "ostiary.dev"


@dataclass(frozen=True, slots=True)
class Entry:
    """A cluster as a person reaches it: what stands under ``cluster`` and ``user``."""

    cluster: str
    person: str
    control_plane: str
    cluster_fields: Mapping[str, Any]
    user_fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Merged:
    """The new content; ``contexts`` are ours by name, ``renamed`` those that could not have their first choice."""

    content: dict[str, Any]
    contexts: tuple[str, ...]
    renamed: tuple[str, ...]


def merge(content: Mapping[str, Any], entries: Iterable[Entry]) -> Merged:
    """The file with the entries in it. BadInput when the content is no kubeconfig."""
    new = deepcopy(dict(content))
    _check(new)
    contexts, renamed = [], []
    for entry in entries:
        place = {"cluster": entry.cluster, "controlPlane": entry.control_plane}
        whose = {**place, "person": entry.person}
        first = f"ostiary-{entry.cluster}"
        cluster = _put(new, "clusters", "cluster", first, place, dict(entry.cluster_fields))
        user = _put(new, "users", "user", f"{first}-{entry.person}", whose, dict(entry.user_fields))
        kept = _fields_of(new, "contexts", "context", whose)
        fields = {**({"namespace": kept["namespace"]} if kept.get("namespace") else {}), "cluster": cluster, "user": user}
        context = _put(new, "contexts", "context", first, whose, fields)
        contexts.append(context)
        if context != first:
            renamed.append(context)
    return Merged(new, tuple(contexts), tuple(renamed))


def without(content: Mapping[str, Any], control_plane: str, person: str) -> dict[str, Any]:
    """The file without the contexts and users of one person at one control plane, and without clusters that no context names then."""
    new = deepcopy(dict(content))
    _check(new)
    for kind in ("contexts", "users"):
        new[kind] = [item for item in new.get(kind) or [] if not _is_of(item, kind[:-1], control_plane, person)]
    used = {(item.get("context") or {}).get("cluster") for item in new["contexts"]}
    ours = [item for item in new.get("clusters") or [] if (_mark(item, "cluster") or {}).get("controlPlane") == control_plane]
    new["clusters"] = [item for item in new.get("clusters") or [] if item not in ours or item.get("name") in used]
    if new.get("current-context") not in {item.get("name") for item in new["contexts"]} | {None, ""}:
        new["current-context"] = ""
    return new


def _is_of(item: Mapping[str, Any], body: str, control_plane: str, person: str) -> bool:
    mark = _mark(item, body) or {}
    return mark.get("controlPlane") == control_plane and mark.get("person") == person


def _check(content: dict[str, Any]) -> None:
    kind = content.setdefault("kind", "Config")
    version = content.setdefault("apiVersion", "v1")
    lists = all(isinstance(content.get(name) or [], list) for name in ("clusters", "users", "contexts"))
    items = [item for name in ("clusters", "users", "contexts") for item in (content.get(name) or [])] if lists else [None]
    if (kind, version) != ("Config", "v1") or not all(isinstance(item, dict) for item in items):
        raise BadInput("the file is no kubeconfig of version v1", todo="choose another with --file")


def _put(content: dict[str, Any], kind: str, body: str, first: str, mark: Mapping[str, str], fields: dict[str, Any]) -> str:
    """Put an entry in the place of ours, or at the end under a free name; answers the name."""
    items = content.get(kind) or []
    content[kind] = items
    fields["extensions"] = [{"name": EXTENSION, "extension": dict(mark)}]
    for item in items:
        if _mark(item, body) == mark:
            item[body] = fields
            return str(item["name"])
    name, taken = first, {item.get("name") for item in items}
    number = 2
    while name in taken:
        name, number = f"{first}-{number}", number + 1
    items.append({"name": name, body: fields})
    return name


def _fields_of(content: Mapping[str, Any], kind: str, body: str, mark: Mapping[str, str]) -> Mapping[str, Any]:
    for item in content.get(kind) or []:
        if _mark(item, body) == mark:
            found: Mapping[str, Any] = item[body]
            return found
    return {}


def _mark(item: Mapping[str, Any], body: str) -> Mapping[str, Any] | None:
    """What our extension says of an entry; None when it is not ours."""
    fields = item.get(body)
    extensions = fields.get("extensions") if isinstance(fields, dict) else None
    for extension in extensions if isinstance(extensions, list) else []:
        if isinstance(extension, dict) and extension.get("name") == EXTENSION and isinstance(extension.get("extension"), dict):
            found: Mapping[str, Any] = extension["extension"]
            return found
    return None
