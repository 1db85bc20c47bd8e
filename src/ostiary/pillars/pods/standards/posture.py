"""What Pod Security reads of a pod, laid out for the controls: annotations, spec, and every container beside its security context.

Init, ordinary and ephemeral containers are treated alike, in that order. An absent security context reads as an empty one: no control tells them
apart. Absent, false and zero of a single field stay apart.
"""

from collections.abc import Iterable, Mapping

from ostiary.model.pods import Container, PodSecurityContext, PodSpec, SecurityContext

_NOTHING_SAID = SecurityContext()
_NOTHING_SAID_OF_POD = PodSecurityContext()


class Posture:
    """One pod, for the time of one evaluation."""

    __slots__ = ("annotations", "containers", "context", "spec")

    def __init__(self, annotations: Mapping[str, str], spec: PodSpec) -> None:
        self.annotations = annotations
        self.spec = spec
        self.context = spec.security_context or _NOTHING_SAID_OF_POD
        every = spec.containers
        if spec.init_containers or spec.ephemeral_containers:
            every = (*spec.init_containers, *every, *spec.ephemeral_containers)
        self.containers = [(container, container.security_context or _NOTHING_SAID) for container in every]

    @property
    def windows(self) -> bool:
        return self.spec.os is not None and self.spec.os.name == "windows"

    def fields(self, containers: Iterable[Container], suffix: str, *, pod: str = "") -> tuple[str, ...]:
        """Field paths of the same field in several containers, after that of the pod where there is one."""
        found = [f"{self.path(container)}.{suffix}" for container in containers]
        return (pod, *found) if pod else tuple(found)

    def path(self, wanted: Container) -> str:
        """Where that container stands, from the pod's root."""
        position = next(i for i, (container, _) in enumerate(self.containers) if container is wanted)
        inits, ordinary = len(self.spec.init_containers), len(self.spec.containers)
        if position < inits:
            return f"spec.initContainers[{position}]"
        if position < inits + ordinary:
            return f"spec.containers[{position - inits}]"
        return f"spec.ephemeralContainers[{position - inits - ordinary}]"
