"""The volume that the API server gives a pod for its token has a random name; here it has one name, so that replicas are equal.

Source: the ServiceAccount admission plugin names it ``kube-api-access-`` and five letters or digits. A pod keeps the names that it has when it has
two such volumes, or another one with the plain name.

>>> is_random("kube-api-access-x7k2p"), is_random("kube-api-access"), is_random("data")
(True, False, False)
"""

import re
from typing import Any

from msgspec.structs import replace

from ostiary.model.pods import Container, PodSpec, Volume

TOKEN_VOLUME = "kube-api-access"  # noqa: S105, the name of a volume
_RANDOM = re.compile(rf"{TOKEN_VOLUME}-[a-z0-9]{{5}}")
_CONTAINERS = ("init_containers", "containers", "ephemeral_containers")


def is_random(name: str) -> bool:
    """Whether the API server may have made up this name."""
    return _RANDOM.fullmatch(name) is not None


def with_plain_name(spec: PodSpec) -> PodSpec:
    """The same pod, its token volume under the one name."""
    names = {volume.name for volume in spec.volumes}
    found = {name for name in names if name.startswith(TOKEN_VOLUME) and is_random(name)}
    if len(found) != 1 or TOKEN_VOLUME in names:
        return spec
    name = found.pop()
    changed: dict[str, Any] = {field: renamed_mounts(getattr(spec, field), name)[0] for field in _CONTAINERS}
    return replace(spec, volumes=renamed_volumes(spec.volumes, name)[0], **changed)


def renamed_volumes(volumes: tuple[Volume, ...], name: str) -> tuple[tuple[Volume, ...], int]:
    """The volumes with ``name`` replaced, and how often that was."""
    made = tuple(replace(volume, name=TOKEN_VOLUME) if volume.name == name else volume for volume in volumes)
    return made, sum(volume.name == name for volume in volumes)


def renamed_mounts(containers: tuple[Container, ...], name: str) -> tuple[tuple[Container, ...], int]:
    """The containers with the volume ``name`` mounted under the plain name, and how often it is."""
    times = sum(mount.name == name for container in containers for mount in container.volume_mounts)
    return (tuple(_renamed(container, name) for container in containers), times) if times else (containers, 0)


def _renamed(container: Container, name: str) -> Container:
    mounts = tuple(replace(mount, name=TOKEN_VOLUME) if mount.name == name else mount for mount in container.volume_mounts)
    return replace(container, volume_mounts=mounts)
