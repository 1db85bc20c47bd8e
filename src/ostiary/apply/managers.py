"""Who manages a field, by the API server's own record (``metadata.managedFields``), so that people see which tool would
write it back, and ostiary knows its own work again.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ (FieldsV1: a trie whose keys are ``f:`` and a field's name).

>>> live = {"metadata": {"managedFields": [{"manager": "argocd", "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}}}}]}}
>>> others(live, {"metadata": {"labels": {"app": "web"}}})
{('metadata', 'labels', 'app'): ('argocd',)}
"""

from collections.abc import Mapping
from typing import Any

from ostiary.apply.api import FIELD_MANAGER
from ostiary.apply.fields import Object, Path, at, leaves


def others(live: Object, patch: Mapping[str, Any]) -> dict[Path, tuple[str, ...]]:
    """The managers of each field that the patch names, ostiary left out; fields that nobody else manages are not in the answer."""
    entries = live.get("metadata", {}).get("managedFields") or []
    named = ((path, _managers(entries, path)) for path, _ in leaves(patch))
    return {path: managers for path, managers in named if managers}


def _managers(entries: list[Object], path: Path) -> tuple[str, ...]:
    trie = tuple(f"f:{name}" for name in path)
    found = {entry.get("manager", "") for entry in entries if at(entry.get("fieldsV1"), trie) is not None}
    return tuple(sorted(found - {FIELD_MANAGER, ""}))


def owned(live: Object, patch: Mapping[str, Any]) -> bool:
    """Whether ostiary wrote every field that the patch sets. A field that is written with the value it has changes no owner, so this tells
    ostiary's own write from the same value written by somebody else; of removed fields, and by a server that keeps no record, nothing is known,
    and the answer is yes.
    """
    entries = live.get("metadata", {}).get("managedFields") or []
    paths = [tuple(f"f:{name}" for name in path) for path, value in leaves(patch) if value is not None]
    return not entries or all(any(_has(entry, path) for entry in entries) for path in paths)


def _has(entry: Object, path: Path) -> bool:
    return entry.get("manager") == FIELD_MANAGER and at(entry.get("fieldsV1"), path) is not None


def authors(live: Object) -> frozenset[str]:
    """Everybody who wrote in an object, its status left aside."""
    entries = live.get("metadata", {}).get("managedFields") or []
    return frozenset(entry.get("manager", "") for entry in entries if entry.get("subresource") != "status")
