"""For each control of the standards: which fields remedy a violation, and what about it only people can decide.

A remedy is read off the violation's own fields. It fills in what a manifest is silent about, takes back what it says, and touches nothing else. For data
there is none: a volume that people filled is not replaced by an empty one.

>>> tree = {"spec": {"containers": [{"name": "web", "securityContext": {"privileged": True}}]}}
>>> violation = Violation("privileged", "privileged", "", ("spec.containers[0].securityContext.privileged",), "")
>>> [edit.field for edit in remedy(violation, tree)[0]]
['spec.containers[web].securityContext.privileged']
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from ostiary.pillars.pods.harden.decision import Decision, decision
from ostiary.pillars.pods.harden.edit import MERGE_KEYS, Edit, Tree, value_at
from ostiary.pillars.pods.standards import Violation

_ANNOTATION = re.compile(r"metadata\.annotations\[(.*)\]", re.DOTALL)
_PART = re.compile(r"(\w+)\[(\d+)\]")
_SILENCE: tuple[object, ...] = (None, "", [])
NEEDS_VOLUME = ("hostPathVolumes", "restrictedVolumes")
_LINUX_ONLY = ("allowPrivilegeEscalation", "capabilities_restricted", "seccompProfile_restricted")

# What to write at a violation's field, where that is not "take it away"; and what is asked where the field said something.
_WRITE: Mapping[str, bool | str | tuple[str, ...]] = {
    "allowPrivilegeEscalation": False,
    "drop": ("ALL",),
    "runAsNonRoot": True,
    "type": "RuntimeDefault",
}
_ASK: Mapping[str, str] = {
    "allowPrivilegeEscalation": "escalation",
    "appArmorProfile": "app-armor",
    "capabilities_baseline": "capabilities",
    "capabilities_restricted": "capabilities",
    "hostNamespaces": "host-namespace",
    "hostPathVolumes": "volume",
    "hostPorts": "host-port",
    "hostProbesAndHostLifecycle": "probe-host",
    "privileged": "privileged",
    "procMount": "proc-mount",
    "procMount_restricted": "proc-mount",
    "restrictedVolumes": "volume",
    "runAsNonRoot": "root",
    "runAsUser": "root",
    "seLinuxOptions": "selinux",
    "seccompProfile_baseline": "seccomp",
    "seccompProfile_restricted": "seccomp",
    "sysctls": "sysctls",
    "windowsHostProcess": "host-process",
}


def remedy(violation: Violation, tree: Tree) -> tuple[tuple[Edit, ...], tuple[Decision, ...]]:
    """The edits for one violation, and the questions that it raises."""
    edits: list[Edit] = []
    asked: list[Decision] = []
    for field in violation.fields:
        found, question = _of_field(violation, field, tree)
        edits += found
        asked += question
    return tuple(edits), tuple(asked)


def _of_field(violation: Violation, field: str, tree: Tree) -> tuple[tuple[Edit, ...], tuple[Decision, ...]]:
    path = place(field, tree)
    shown = Edit(path, None).field if path else field
    cannot = _cannot(violation, field, path, tree)
    if cannot:
        return (), (decision(cannot, shown, patched=False),)
    edits = tuple(_edits(violation, path, tree))
    silent = (path[-1] in _WRITE and value_at(tree, path) in _SILENCE) or path[-1] == "drop"
    return edits, () if silent else (decision(_ASK[violation.control], shown),)


def _cannot(violation: Violation, field: str, path: tuple[str, ...], tree: Tree) -> str:
    """Why no patch may be written for this field: the code of the decision; empty where one may."""
    if violation.control in NEEDS_VOLUME:
        return "volume"
    if field.startswith("spec.ephemeralContainers"):
        return "debugger"
    if not path:
        return "by-hand"
    if violation.control in _LINUX_ONLY and value_at(tree, ("spec", "os", "name")) == "windows":
        return "windows"
    return "sysctls" if violation.control == "sysctls" and not _all_sysctls(violation, tree) else ""


def _all_sysctls(violation: Violation, tree: Tree) -> bool:
    """A patch can only take away the whole list: elements have no name to go by."""
    return len(violation.fields) == len(value_at(tree, ("spec", "securityContext", "sysctls")) or ())


def _edits(violation: Violation, path: tuple[str, ...], tree: Tree) -> Iterator[Edit]:
    match violation.control, path[-1]:
        case "sysctls", _:
            yield Edit(("spec", "securityContext", "sysctls"), None)
        case "seLinuxOptions", _:
            said = value_at(tree, path) or {}
            yield from (Edit((*path, part), None) for part in ("user", "role", "type") if said.get(part))
        case "appArmorProfile", "type":
            yield Edit(path[:-1], None)
        case _, "add":
            kept = tuple(name for name in value_at(tree, path) if f'"{name}"' not in violation.detail)
            yield Edit(path, kept or None)
        case _, key:
            yield Edit(path, None if path[0] == "metadata" else _WRITE.get(key))


def place(field: str, tree: Tree) -> tuple[str, ...]:
    """A violation's field as the path of an edit: positions become names. Empty where two elements have one name."""
    annotation = _ANNOTATION.fullmatch(field)
    if annotation:
        return ("metadata", "annotations", annotation[1])
    path: list[str] = []
    for part in field.split("."):
        counted = _PART.fullmatch(part)
        if not counted:
            path.append(part)
        elif counted[1] not in MERGE_KEYS:
            path.append(counted[1])
        else:
            name = _name(value_at(tree, [*path, counted[1]]), int(counted[2]), MERGE_KEYS[counted[1]])
            if not name:
                return ()
            path += [counted[1], name]
    return tuple(path)


def _name(elements: list[Tree], position: int, key: str) -> str:
    names = [str(element.get(key, "")) for element in elements]
    return names[position] if Counter(names)[names[position]] == 1 else ""
