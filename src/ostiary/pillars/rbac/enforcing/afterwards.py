"""The Cluster that changes of roles and bindings leave behind: what would be true, to be asked before anything is done.

Only what ``steps`` makes: objects created, their rules or subjects replaced, bindings deleted. A change that stands already changes nothing.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from ostiary.model.cluster import Cluster
from ostiary.model.kinds import find
from ostiary.model.plan import Action, Change
from ostiary.model.rbac import Binding, PolicyRule, Role, Subject
from ostiary.pillars.rbac.validity import GROUP

_FIELDS: dict[str, Any] = {"rules": tuple[PolicyRule, ...], "subjects": tuple[Subject, ...]}
Key = tuple[str, str]


def afterwards(cluster: Cluster, changes: Iterable[Change]) -> Cluster:
    """The cluster once these changes are made."""
    sections: dict[str, dict[Key, Any]] = {}
    for change in changes:
        kind = find(GROUP, change.target.kind)
        if kind is None:
            raise LookupError(f"no kind of RBAC: {change.target.kind}")
        if kind.section not in sections:
            sections[kind.section] = _by_name(getattr(cluster, kind.section))
        _make(change, kind.type, sections[kind.section])
    made = {section: tuple(objects[key] for key in sorted(objects)) for section, objects in sections.items()}
    return msgspec.structs.replace(cluster, **made)


def _by_name(objects: tuple[Role | Binding, ...]) -> dict[Key, Any]:
    return {(one.metadata.namespace, one.metadata.name): one for one in objects}


def _make(change: Change, of: Any, objects: dict[Key, Any]) -> None:
    key = (change.target.namespace, change.target.name)
    match change.action:
        case Action.CREATE:
            objects[key] = msgspec.convert(change.after, of)
        case Action.DELETE:
            objects.pop(key, None)
        case Action.PATCH if key in objects:
            fields = {name: msgspec.convert(value, _FIELDS[name]) for name, value in change.after.items()}
            objects[key] = msgspec.structs.replace(objects[key], **fields)
        case _:
            pass
