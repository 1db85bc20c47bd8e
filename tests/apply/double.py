"""A test double: an API server in memory, with as much of the real one's behaviour as performing a plan meets.

It keeps resourceVersions, uids and managedFields, refuses what comes too late, and can be told to refuse, warn, alter or die. It is no judge:
tests/judges holds the same flows against a real API server.
"""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ostiary.apply.api import Answer, Rejected, Stored
from ostiary.apply.fields import Object, at, leaves, merged
from ostiary.core.errors import Unreachable
from ostiary.model.plan import Target

Key = tuple[str, str, str]


def key(target: Target) -> Key:
    return (target.resource, target.namespace, target.name)


def managed(old: Object, new: Object, manager: str) -> list[dict[str, Any]]:
    """Whoever changes a field's value owns it from then on."""
    owners = {
        entry["manager"]: {path for path, _ in leaves(entry.get("fieldsV1", {}))}
        for entry in old.get("metadata", {}).get("managedFields", [])
    }
    changed = {
        tuple(f"f:{name}" for name in path)
        for path, value in leaves(new)
        if at(old, path) != value and "managedFields" not in path
    }
    owners = {name: paths - changed for name, paths in owners.items()}
    owners[manager] = owners.get(manager, set()) | changed
    return [{"manager": name, "fieldsV1": trie(paths)} for name, paths in owners.items() if paths]


def trie(paths: set[tuple[str, ...]]) -> Object:
    found: dict[str, Any] = {}
    for path in sorted(paths):
        inner = found
        for name in path:
            inner = inner.setdefault(name, {})
    return found


def nothing(_verb: str, _target: Target, _dry_run: bool) -> None:
    return None


class InMemoryApi:
    """The double. Its hooks get (verb, target, dry_run)."""

    def __init__(self, *objects: tuple[Target, Object], file: Path | None = None) -> None:
        self.objects: dict[Key, Object] = {}
        self.version = 0
        self.calls: list[tuple[str, str, bool]] = []
        self.refuse: Callable[[str, Target, bool], Rejected | None] = nothing
        self.before: Callable[[str, Target, bool], None] = nothing
        self.warn: Callable[[str, Target, bool], tuple[str, ...]] = lambda *_: ()
        self.alter: Callable[[Object], Object] = lambda body: body
        self.dead = False
        self.file = file
        if file and file.exists():
            self._load(file)
        for target, body in objects:
            self.put(target, body)

    def put(self, target: Target, body: Object, manager: str = "kubectl") -> Object:
        """Store, as somebody."""
        self.version += 1
        old = self.objects.get(key(target), {})
        meta = {
            "uid": old.get("metadata", {}).get("uid", f"uid-{self.version}"),
            "resourceVersion": str(self.version),
            "managedFields": managed(old, body, manager),
        }
        body = {"apiVersion": target.api_version, "kind": target.kind, **copy.deepcopy(dict(body))}
        body["metadata"] = {"name": target.name, **body.get("metadata", {}), **meta}
        if target.namespace:
            body["metadata"]["namespace"] = target.namespace
        self.objects[key(target)] = body
        self._save()
        return copy.deepcopy(body)

    def drop(self, target: Target) -> None:
        del self.objects[key(target)]
        self._save()

    def labels(self, target: Target) -> dict[str, str]:
        return dict(self.objects[key(target)]["metadata"].get("labels", {}))

    @property
    def writes(self) -> list[str]:
        return [f"{verb} {name}" for verb, name, dry_run in self.calls if verb != "get" and not dry_run]

    async def get(self, target: Target) -> Answer:
        if refused := self._meet("get", target, False):
            return refused
        found = self.objects.get(key(target))
        return Stored(copy.deepcopy(found)) if found else self._gone(target)

    async def create(self, target: Target, body: Mapping[str, Any], *, dry_run: bool) -> Answer:
        if refused := self._meet("create", target, dry_run):
            return refused
        if key(target) in self.objects:
            return Rejected(409, "AlreadyExists", f'{target.resource} "{target.name}" already exists')
        if target.namespace and ("namespaces", "", target.namespace) not in self.objects:
            return Rejected(404, "NotFound", f'namespaces "{target.namespace}" not found')
        return self._stored("create", target, dict(body), dry_run)

    async def patch(self, target: Target, body: Mapping[str, Any], *, dry_run: bool) -> Answer:
        if refused := self._meet("patch", target, dry_run):
            return refused
        live = self.objects.get(key(target))
        if live is None:
            return self._gone(target)
        if (
            body.get("metadata", {}).get("resourceVersion", live["metadata"]["resourceVersion"])
            != live["metadata"]["resourceVersion"]
        ):
            return Rejected(409, "Conflict", "the object has been modified")
        return self._stored("patch", target, merged(live, body), dry_run)

    async def delete(self, target: Target, *, uid: str, resource_version: str, dry_run: bool) -> Answer:
        if refused := self._meet("delete", target, dry_run):
            return refused
        live = self.objects.get(key(target))
        if live is None:
            return self._gone(target)
        if (uid, resource_version) != (live["metadata"]["uid"], live["metadata"]["resourceVersion"]):
            return Rejected(409, "Conflict", "the precondition does not hold")
        if not dry_run:
            self.drop(target)
        return Stored({"kind": "Status", "status": "Success"}, self.warn("delete", target, dry_run))

    def _meet(self, verb: str, target: Target, dry_run: bool) -> Rejected | None:
        self.calls.append((verb, str(target.ref), dry_run))
        self.before(verb, target, dry_run)
        if self.dead:
            raise Unreachable("connection refused", todo="is the API server up?")
        return self.refuse(verb, target, dry_run)

    def _stored(self, verb: str, target: Target, body: Object, dry_run: bool) -> Answer:
        body = self.alter(body)
        stored = body if dry_run else self.put(target, body, "ostiary")
        return Stored(copy.deepcopy(stored), self.warn(verb, target, dry_run))

    def _gone(self, target: Target) -> Rejected:
        return Rejected(404, "NotFound", f'{target.resource} "{target.name}" not found')

    def _load(self, file: Path) -> None:
        saved = json.loads(file.read_text())
        self.version = saved["version"]
        self.objects = {tuple(name.split("|")): body for name, body in saved["objects"].items()}

    def _save(self) -> None:
        if self.file:
            aside = self.file.with_suffix(".new")
            aside.write_text(
                json.dumps({"version": self.version, "objects": {"|".join(k): v for k, v in self.objects.items()}})
            )
            aside.replace(self.file)
