"""Who else manages a field, by the API server's own record (``metadata.managedFields``), so that people see which tool would write it back.

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
