"""Everything in a World that is a pod or would make one, and which owner people have to change.

A finished pod (Succeeded or Failed) is left out: the API server judges creations, a finished pod is never created again, and what would make its
like, a Job for instance, stands here by its own template.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from ostiary.model.meta import Meta, Ref
from ostiary.model.pods import Pod, PodTemplate
from ostiary.model.value import Value
from ostiary.model.workloads import ControllerRevision, CronJob, PodTemplateObject, ReplicationController, Workload
from ostiary.model.world import World

FINISHED = frozenset(("Succeeded", "Failed"))

# Where the pod stands inside the object that would make it.
ROOTS: Mapping[str, str] = {
    "Pod": "",
    "Deployment": "spec.template.",
    "ReplicaSet": "spec.template.",
    "StatefulSet": "spec.template.",
    "DaemonSet": "spec.template.",
    "Job": "spec.template.",
    "CronJob": "spec.jobTemplate.spec.template.",
    "ReplicationController": "spec.template.",
    "PodTemplate": "template.",
    "ControllerRevision": "data.spec.template.",
}


@dataclass(frozen=True, slots=True)
class Maker:
    """A pod, or an object with the template of one. ``finished`` pods are seen by the certificate alone.

    ``posture`` is the digest of what Pod Security reads of it, from the World's tree; empty where it is not known.
    """

    ref: Ref
    meta: Meta
    pod: Pod | PodTemplate
    finished: bool = False
    posture: str = ""

    def field(self, path: str) -> str:
        """A field of the pod, as a field of this object."""
        return ROOTS[self.ref.kind] + path


def maker_of(kind: str, value: Value, posture: str = "") -> Maker | None:
    """The maker that an object is; None for an object that makes no pods."""
    match value:
        case Pod(metadata=meta, status=status):
            return Maker(Ref(kind, meta.namespace, meta.name), meta, value, status.phase in FINISHED, posture)
        case (
            Workload(metadata=meta)
            | ReplicationController(metadata=meta)
            | CronJob(metadata=meta)
            | PodTemplateObject(metadata=meta)
            | ControllerRevision(metadata=meta)
        ):
            return Maker(Ref(kind, meta.namespace, meta.name), meta, value.template, posture=posture)
        case _:
            return None


def every_maker(world: World) -> Iterator[Maker]:
    """All of them, finished pods included, in the World's order."""
    postures = _postures(world)
    for kind, value in chain((("Pod", pod) for pod in world.cluster.pods), world.cluster.workloads()):
        meta = value.metadata
        maker = maker_of(kind, value, postures.get((kind, meta.namespace, meta.name), ""))
        if maker is not None:
            yield maker


def _postures(world: World) -> dict[tuple[str, str, str], str]:
    """Digests by object; empty where two objects have one name, for then a name does not say which."""
    found: dict[tuple[str, str, str], str] = {}
    for leaves in world.leaves.values():
        for kind, namespace, name, _, posture in leaves:
            if posture and kind in ROOTS:
                key = (kind, namespace, name)
                found[key] = "" if key in found else posture
    return found


def makers(world: World) -> Iterator[Maker]:
    """Those whose pods run or may be created."""
    return (maker for maker in every_maker(world) if not maker.finished)


class Owners:
    """Who made what, up to the topmost object that the World holds."""

    def __init__(self, world: World) -> None:
        self._every = list(every_maker(world))
        self._makers = {maker.ref: maker for maker in self._every}

    def top(self, maker: Maker) -> Maker:
        """The topmost owner in the World: a pod of a Deployment leads to the Deployment."""
        seen = {maker.ref}
        while (above := self._above(maker)) is not None and above.ref not in seen:
            seen.add(above.ref)
            maker = above
        return maker

    def _above(self, maker: Maker) -> Maker | None:
        owner = maker.meta.controller
        return self._makers.get(Ref(owner.kind, maker.ref.namespace, owner.name)) if owner else None

    def groups(self) -> dict[Ref, list[Maker]]:
        """Makers by topmost owner; the owner itself comes first in its group."""
        found: dict[Ref, list[Maker]] = {}
        for maker in self._every:
            if maker.finished:
                continue
            top = self.top(maker)
            found.setdefault(top.ref, [] if top.finished else [top])
            if maker.ref != top.ref:
                found[top.ref].append(maker)
        return found

    def get(self, ref: Ref) -> Maker:
        """The maker of that name, finished pods included."""
        return self._makers[ref]
