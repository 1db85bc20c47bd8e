"""An edit: one field of a pod set or taken away, and a list of edits as one strategic merge patch.

Elements of lists are named, never counted, as a strategic merge patch names them: a container by its name, a port by its number. So an edit means the
same after somebody has put another container in front.

Source: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and ``patchMergeKey`` in ``k8s.io/api/core/v1``.

>>> patch([Edit(("spec", "containers", "web", "securityContext", "allowPrivilegeEscalation"), False)])
{'spec': {'containers': [{'name': 'web', 'securityContext': {'allowPrivilegeEscalation': False}}]}}
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ostiary.model.value import Value

MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "ports": "containerPort",
}
Tree = dict[str, Any]


class Edit(Value, frozen=True, kw_only=False):
    """``path`` from the pod's root; ``value`` None takes the field away."""

    path: tuple[str, ...]
    value: bool | str | tuple[str, ...] | None

    @property
    def field(self) -> str:
        """As people write it: ``spec.containers[web].securityContext.privileged``."""
        said = ""
        for above, key in zip(("", *self.path), self.path, strict=False):
            said += f"[{key}]" if above in (*MERGE_KEYS, "annotations") else f".{key}"
        return said[1:]


def patch(edits: Iterable[Edit]) -> Tree:
    """The edits as one patch of a pod: nothing in it but their fields and the names on the way to them."""
    made: Tree = {}
    for edit in edits:
        at, (*way, last) = made, edit.path
        keys = iter(way)
        for key in keys:
            at = _element(at, key, next(keys)) if key in MERGE_KEYS else at.setdefault(key, {})
        at[last] = list(edit.value) if isinstance(edit.value, tuple) else edit.value
    return made


def _element(at: Tree, key: str, name: str) -> Tree:
    field = MERGE_KEYS[key]
    wanted: str | int = int(name) if field == "containerPort" else name
    elements: list[Tree] = at.setdefault(key, [])
    found = next((element for element in elements if element[field] == wanted), None)
    if found is None:
        found = {field: wanted}
        elements.append(found)
    return found


def merged(tree: Tree, change: Tree) -> Tree:
    """The tree with a patch in it, both left as they were. An element that the tree has not is not made: there is nothing to confine."""
    made = dict(tree)
    for key, value in change.items():
        if value is None:
            made.pop(key, None)
        elif key in MERGE_KEYS and isinstance(value, list):
            made[key] = _merged_list(made.get(key) or [], value, MERGE_KEYS[key])
        elif isinstance(value, dict):
            made[key] = merged(made.get(key) or {}, value)
        else:
            made[key] = value
    return made


def _merged_list(elements: list[Tree], changes: list[Tree], field: str) -> list[Tree]:
    by_name = {change[field]: change for change in changes}
    return [merged(one, by_name[one.get(field)]) if one.get(field) in by_name else one for one in elements]


def value_at(tree: Tree, path: Iterable[str]) -> Any:
    """What stands at a path; None when nothing does."""
    at: Any = tree
    keys = iter(path)
    for key in keys:
        at = at.get(key) if isinstance(at, dict) else None
        if key in MERGE_KEYS and isinstance(at, list) and (name := next(keys, None)) is not None:
            at = next((one for one in at if str(one.get(MERGE_KEYS[key])) == name), None)
    return at
