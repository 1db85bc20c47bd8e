"""The volume that the API server gives a pod for its token has a random name; here it has one name, so that replicas are equal.

Source: the ServiceAccount admission plugin names it ``kube-api-access-`` and five letters or digits. A pod keeps the names that it has when it has
two such volumes, or another one with the plain name.

>>> random_name('[{"name":"kube-api-access-x7k2p","projected":{}}]'), random_name('[{"name":"data"}]')
('kube-api-access-x7k2p', '')
"""

import re
from typing import Any

from msgspec.structs import replace

from ostiary.model.pods import Container, PodSpec

TOKEN_VOLUME = "kube-api-access"  # noqa: S105, the name of a volume
_RANDOM = re.compile(rf'"name": ?"({TOKEN_VOLUME}(?:-[a-z0-9]{{5}})?)"')
_ONE = re.compile(rf"{TOKEN_VOLUME}(?:-[a-z0-9]{{5}})?")


def random_name(volumes: str) -> str:
    """The random name in the JSON of a pod's volumes; empty when there is not exactly one."""
    found = set(_RANDOM.findall(volumes)) if TOKEN_VOLUME in volumes else set()
    return str(found.pop()) if len(found) == 1 and TOKEN_VOLUME not in found else ""


def with_plain_name(spec: PodSpec) -> PodSpec:
    """The same pod, its token volume under the one name."""
    found = {volume.name for volume in spec.volumes if _ONE.fullmatch(volume.name)}
    if len(found) != 1 or TOKEN_VOLUME in found:
        return spec
    name = found.pop()
    volumes = tuple(replace(volume, name=TOKEN_VOLUME) if volume.name == name else volume for volume in spec.volumes)
    changed: dict[str, Any] = {
        field: tuple(_renamed(container, name) for container in getattr(spec, field))
        for field in ("init_containers", "containers", "ephemeral_containers")
    }
    return replace(spec, volumes=volumes, **changed)


def _renamed(container: Container, name: str) -> Container:
    mounts = tuple(replace(mount, name=TOKEN_VOLUME) if mount.name == name else mount for mount in container.volume_mounts)
    return replace(container, volume_mounts=mounts)
