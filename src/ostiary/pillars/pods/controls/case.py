"""One pod in its surroundings, laid out for the controls: every container with its path, every directory of the node with its volume.

It decides nothing. A template is a case too; it has no phase.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ostiary.model.pods import Container, Pod, PodSecurityContext, SecurityContext, Volume, VolumeMount
from ostiary.pillars.pods.controls.surroundings import Surroundings
from ostiary.pillars.pods.makers import Maker

_NOTHING = SecurityContext()
_NOTHING_OF_POD = PodSecurityContext()
MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Place:
    """A container and where it stands in the pod."""

    path: str
    container: Container
    context: SecurityContext
    init: bool = False
    ephemeral: bool = False


class Case:
    """One pod, or the pod that a template would make, for the time of one evaluation."""

    __slots__ = ("around", "containers", "context", "lasting", "maker", "meta", "namespace", "pod", "spec", "windows")

    def __init__(self, maker: Maker, around: Surroundings) -> None:
        self.maker, self.around, self.pod = maker, around, maker.pod
        self.namespace = maker.ref.namespace
        self.meta = maker.pod.metadata
        self.spec = maker.pod.spec
        self.context = self.spec.security_context or _NOTHING_OF_POD
        self.windows = self.spec.os is not None and self.spec.os.name == "windows"
        self.containers = list(self._places())
        self.lasting = [place for place in self.containers if not place.ephemeral]

    def _places(self) -> Iterator[Place]:
        spec = self.spec
        for i, container in enumerate(spec.init_containers):
            yield Place(f"spec.initContainers[{i}]", container, container.security_context or _NOTHING, init=True)
        for i, container in enumerate(spec.containers):
            yield Place(f"spec.containers[{i}]", container, container.security_context or _NOTHING)
        for i, container in enumerate(spec.ephemeral_containers):
            yield Place(f"spec.ephemeralContainers[{i}]", container, container.security_context or _NOTHING, ephemeral=True)

    @property
    def is_pod(self) -> bool:
        """A pod that exists, and not a template."""
        return isinstance(self.pod, Pod)

    @property
    def phase(self) -> str:
        return self.pod.status.phase if isinstance(self.pod, Pod) else ""

    @property
    def mirror(self) -> bool:
        """Made by a kubelet from a file on its node."""
        return MIRROR in self.meta.annotations.kept

    def host_paths(self) -> Iterator[tuple[str, Volume, str]]:
        """Field path, volume and directory of every hostPath volume."""
        for i, volume in enumerate(self.spec.volumes):
            if volume.host_path is not None:
                yield f"spec.volumes[{i}].hostPath.path", volume, volume.host_path.path

    def mounts(self) -> Iterator[tuple[str, VolumeMount]]:
        """Field path and mount, of every container."""
        for place in self.containers:
            for i, mount in enumerate(place.container.volume_mounts):
                yield f"{place.path}.volumeMounts[{i}]", mount

    def on_host(self) -> frozenset[str]:
        """Names of the volumes that are directories of the node."""
        return frozenset(volume.name for volume in self.spec.volumes if volume.host_path is not None)

    @property
    def automounts(self) -> bool:
        """Whether the API server mounts a token of the service account by itself: the pod's word counts before the account's."""
        said = self.spec.automount_service_account_token
        if said is None:
            account = self.around.account(self.namespace, self.spec.service_account)
            said = account.automount_service_account_token if account else None
        return said is not False
