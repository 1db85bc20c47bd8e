"""Which of the things that could not be seen concern this pillar: anything that is a pod, makes pods, holds them or may change them on creation.

A thing of unknown kind could have been a pod. The rule goes by the name of the kind alone, whatever its group: too wide is safe.
"""

from collections.abc import Collection, Iterator

from ostiary.model.blind import Blind, Reason
from ostiary.model.kinds import MAKES_PODS
from ostiary.model.pods import Volume
from ostiary.model.verdict import Missing
from ostiary.model.world import World
from ostiary.pillars.pods.makers import Maker, makers

CHANGES_PODS = frozenset(("MutatingWebhookConfiguration", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"))

_SOURCES = tuple(field for field in Volume.__struct_fields__ if field != "name")

_TODO = {
    Reason.UNREADABLE: "correct the file or object so that it can be read",
    Reason.UNKNOWN_KIND: "remove the object from the source, or show ostiary what it makes: read the live cluster",
    Reason.UNKNOWN_TEMPLATE: "read the live cluster: the pods that it makes are seen there",
    Reason.UNKNOWN_VERSION: "convert the object to a version that ostiary reads, or use a newer ostiary",
    Reason.FORBIDDEN: "let this user list it, then look again",
    Reason.MISSING_RESOURCE: "ask a server that serves it",
    Reason.TRUNCATED: "look again",
    Reason.UNREACHABLE: "look again when the API server answers",
    Reason.DUPLICATE: "keep one of them",
    Reason.MISSING_NAMESPACE: "add the namespace to the source, with its labels",
    Reason.TOO_LARGE: "split the object: an API server would not take it",
    Reason.UNKNOWN_FIELD: "correct the field; if it is right, it needs an ostiary that knows a later Kubernetes",
    Reason.UNOBSERVED: "run one pod of it, or take the pods out of the webhook's or policy's selectors",
}


def unseen(world: World) -> tuple[Missing, ...]:
    """Everything that could not be seen and concerns pods, in any namespace."""
    return missing(world, None)


def missing(world: World, namespaces: Collection[str] | None) -> tuple[Missing, ...]:
    """What could not be seen and concerns pods in these namespaces; None is all of them."""
    found = [blind for blind in world.cluster.blind if concerns(blind, namespaces)]
    found += [blind for blind in _unknown_volumes(world) if concerns(blind, namespaces)]
    return tuple(because(blind) for blind in found)


def because(blind: Blind) -> Missing:
    """The missing evidence with what to do about it."""
    return Missing(blind, _TODO[blind.reason])


def concerns(blind: Blind, namespaces: Collection[str] | None) -> bool:
    """Whether it may have been something that this pillar would have judged differently."""
    if blind.kind in CHANGES_PODS:
        return blind.reason is not Reason.MISSING_RESOURCE  # a kind that is not served has no objects
    if blind.kind == "Namespace":
        return namespaces is None or not blind.name or blind.name in namespaces
    makes_pods = not blind.kind or blind.kind in MAKES_PODS or blind.reason is Reason.UNKNOWN_TEMPLATE
    return makes_pods and (namespaces is None or not blind.namespace or blind.namespace in namespaces)


def _unknown_volumes(world: World) -> Iterator[Blind]:
    """An API server stores no volume without a source: where one seems to be, its source is newer than ostiary."""
    if not world.cluster.server_version:
        return
    for maker in makers(world):
        for volume in maker.pod.spec.volumes:
            if sourceless(volume):
                yield _unknown_volume(maker, volume)


def sourceless(volume: Volume) -> bool:
    """Whether no source that ostiary knows is named."""
    return all(getattr(volume, field) is None for field in _SOURCES)


def _unknown_volume(maker: Maker, volume: Volume) -> Blind:
    return Blind(
        kind=maker.ref.kind,
        namespace=maker.ref.namespace,
        name=maker.ref.name,
        reason=Reason.UNKNOWN_VERSION,
        detail=f"volume {volume.name!r} has a source that ostiary does not know",
    )
