"""What only people can decide: a pod asks for something on purpose, or its data lies where no confined pod reaches.

Where a manifest is silent, a confining field may be filled in and tried. Where it says something loose, somebody meant it: taking it back is a question to
them, and the question stands here, with the answers that there are.

>>> decision("root", "spec.containers[web].securityContext.runAsUser").question
'It asks for user 0. What does it do as root, and which user could do the rest?'
"""

from collections.abc import Mapping
from typing import NamedTuple

from ostiary.model.value import Value


class Decision(Value, frozen=True, kw_only=True):
    """A question to the people of a workload, about one field. ``code`` is stable; ``patched``: the patch takes the field back, so it waits for them."""

    code: str
    field: str
    question: str
    options: tuple[str, ...] = ()
    patched: bool = True


class _Text(NamedTuple):
    question: str
    options: tuple[str, ...]


_EXCEPTION = "keep it: an exception with owner, reason and an end, in ostiary.yaml"

_TEXTS: Mapping[str, _Text] = {
    "root": _Text(
        "It asks for user 0. What does it do as root, and which user could do the rest?",
        (
            "name the user: runAsUser, and fsGroup where it writes to volumes",
            "keep user 0 inside a user namespace: hostUsers: false, from v1.35 of the levels on",
            _EXCEPTION,
        ),
    ),
    "privileged": _Text(
        "It asks for the whole node. What of it does it need: a device, a mount, a build?",
        ("a builder that needs no privilege (rootless, in a user namespace)", "a device plugin", _EXCEPTION),
    ),
    "capabilities": _Text(
        "It adds capabilities. Which of its functions uses them?",
        ("leave them out, if none does", "move that function to a workload of its own", _EXCEPTION),
    ),
    "escalation": _Text(
        "It asks for privilege escalation. Which set-user-ID program does it run?",
        ("none: leave it out", "start as the user that is needed", _EXCEPTION),
    ),
    "host-namespace": _Text(
        "It looks into the node's network, processes or IPC. What does it read there?",
        ("ask the API server, the kubelet or a Service instead", _EXCEPTION),
    ),
    "host-port": _Text(
        "It takes a port of the node. Who reaches it there?",
        ("a Service (ClusterIP, NodePort, LoadBalancer) or a Gateway instead", _EXCEPTION),
    ),
    "probe-host": _Text(
        "The kubelet is made to ask somebody else than the pod. Is the answer really about this pod?",
        ("leave host out: the kubelet asks the pod itself", "probe by a command inside the container", _EXCEPTION),
    ),
    "proc-mount": _Text("It wants /proc unmasked. For which program?", ("the default mount", _EXCEPTION)),
    "selinux": _Text("It chooses an SELinux identity. Which files does it need it for?", ("the runtime's own", _EXCEPTION)),
    "seccomp": _Text(
        "It switched seccomp off. Which system call was missing?",
        ("the runtime's default profile", "a profile of its own on the nodes: type Localhost", _EXCEPTION),
    ),
    "app-armor": _Text(
        "It switched AppArmor off. What was denied?",
        ("the runtime's default profile", "a profile of its own on the nodes: type Localhost", _EXCEPTION),
    ),
    "sysctls": _Text(
        "It sets kernel parameters. Which does it really need?",
        ("leave out those that the level does not call safe", "set them on the nodes", _EXCEPTION),
    ),
    "volume": _Text(
        "Its data lies on the node or behind a driver that opens it. What is read and written there, and must it stay?",
        ("a PersistentVolumeClaim", "an emptyDir, if it is scratch", "a ConfigMap, Secret or image, if it is only read", _EXCEPTION),
    ),
    "host-process": _Text("It is a process of the Windows node. What does it do there?", (_EXCEPTION,)),
    "windows": _Text(
        "This version of the level asks a Windows pod for what only Linux knows. May the namespace's version be raised?",
        ("enforce v1.25 or later",),
    ),
    "debugger": _Text("Somebody's debug container is still in it. Is it still needed?", ("delete the pod, so that it is made anew",)),
    "by-hand": _Text("A patch cannot say which element is meant, because two have one name. Which?", ("edit the manifest by hand",)),
}  # fmt: skip

CODES = frozenset(_TEXTS)


def decision(code: str, field: str, *, patched: bool = True) -> Decision:
    """The question of that code about that field of the owner."""
    text = _TEXTS[code]
    return Decision(code=code, field=field, question=text.question, options=text.options, patched=patched)
