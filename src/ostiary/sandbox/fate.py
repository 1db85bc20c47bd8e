"""What became of a pod, read off its status: held, failed and why, unclear, or not tried because its image is not at hand.

Pure. ``None`` means that nothing can be said yet. Source: PodStatus in ``k8s.io/api/core/v1`` and the reasons of ``pkg/kubelet/kuberuntime``.

>>> fate({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
Fate(outcome='held', why='')
>>> why_in_log("sh: can't create /x: Read-only file system")
'it writes to its root file system, which is read-only: an emptyDir there'
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

HELD, FAILED, UNCLEAR, NOT_TRIED = "held", "failed", "unclear", "not tried"
_NO_IMAGE = frozenset(("ErrImageNeverPull", "ImagePullBackOff", "ErrImagePull", "InvalidImageName"))
_STARTING = frozenset(("ContainerCreating", "PodInitializing", ""))
_NODE_TROUBLE = frozenset(("FailedCreatePodSandBox", "FailedMount", "FailedAttachVolume", "NetworkNotReady"))
_LONGEST = 400
_SIGNS = (
    (("read-only file system", "erofs"), "it writes to its root file system, which is read-only: an emptyDir there"),
    (("operation not permitted", "eperm"), "it asks for a right that was dropped (operation not permitted)"),
    (("permission denied", "eacces"), "this user may not do what it does (permission denied)"),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """An outcome, and why."""

    outcome: str
    why: str = ""


def fate(pod: Any) -> Fate | None:
    """What the status says; None while it may still change."""
    status = pod.get("status") or {}
    for container in _statuses(status):
        waiting = container.get("state", {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason in _NO_IMAGE:
            return Fate(NOT_TRIED, f"the image {container.get('image', '')} is not on the node")
        if reason not in _STARTING:
            return Fate(FAILED, f"{container['name']}: {waiting.get('message') or reason}")
    phase = status.get("phase", "")
    if phase == "Failed":
        return Fate(FAILED, _end(status))
    if phase == "Succeeded" or _condition(status, "Ready").get("status") == "True":
        return Fate(HELD)
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        return Fate(UNCLEAR, f"it fits on no node: {scheduled.get('message', '')}")
    return None


def settled(pod: Any, seconds: float) -> Fate:
    """What is said of a pod about which nothing could be said in time."""
    status = pod.get("status") or {}
    if any("running" in (one.get("state") or {}) for one in _statuses(status)):
        return Fate(FAILED, f"it runs, and is not ready after {seconds:.0f} s")
    return Fate(UNCLEAR, f"it does not run after {seconds:.0f} s")


def node_trouble(events: Iterable[Any]) -> str:
    """Why the node does not start a pod, from the pod's events; empty when none says."""
    said = [f"the node cannot start it: {one.get('message', '')}" for one in events if one.get("reason") in _NODE_TROUBLE]
    return said[-1][:_LONGEST] if said else ""


def broken_container(pod: Any) -> str:
    """The first container that ended with an error; empty when none did."""
    return next((str(one["name"]) for one, _ in _broken(pod.get("status") or {})), "")


def why_in_log(log: str) -> str:
    """The kind of refusal that a log speaks of; empty when none is known."""
    text = log.lower()
    return next((says for signs, says in _SIGNS if any(sign in text for sign in signs)), "")


def _statuses(status: Any) -> Iterator[Any]:
    for key in ("initContainerStatuses", "containerStatuses"):
        yield from status.get(key) or ()


def _broken(status: Any) -> Iterator[tuple[Any, Any]]:
    for one in _statuses(status):
        ended = one.get("state", {}).get("terminated")
        if ended and ended.get("exitCode"):
            yield one, ended


def _end(status: Any) -> str:
    for one, ended in _broken(status):
        said = ended.get("message") or ended.get("reason") or ""
        return f"{one['name']} ended with exit code {ended['exitCode']}" + (f": {said}" if said not in ("", "Error") else "")
    return str(status.get("message") or status.get("reason") or "it ended")


def _condition(status: Any, kind: str) -> Any:
    return next((one for one in status.get("conditions") or () if one.get("type") == kind), {})
