"""What the API server fills into a pod or a pod template: for the fields that the model keeps.

Source: ``pkg/apis/core/v1/defaults.go`` and ``conversion.go`` of Kubernetes 1.37. Objects of the wrong shape are left as they are: decoding says what is wrong.
"""

import re
from collections.abc import Iterator
from typing import Any

from ostiary.adapters.manifests.quantities import canonical

Object = dict[str, Any]

_HOUR = 3600
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def child(parent: Object, key: str) -> Object:
    """A child that is an object; an empty one, not part of the parent, when there is none."""
    found = parent.get(key)
    return found if isinstance(found, dict) else {}


def children(parent: Object, key: str) -> Iterator[Object]:
    """The objects in a list."""
    found = parent.get(key)
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else iter(())


def fill(target: Object, key: str, value: Any) -> None:
    """Set what is absent, null or empty."""
    if target.get(key) in (None, ""):
        target[key] = value


def template(pod: Object) -> None:
    """Fill in a pod template, or what it shares with a pod."""
    spec = pod.get("spec")
    if not isinstance(spec, dict):
        return
    if spec.get("serviceAccount"):
        fill(spec, "serviceAccountName", spec["serviceAccount"])
    fill(spec, "securityContext", {})
    for volume in children(spec, "volumes"):
        _volume(volume)
    for key in _CONTAINERS:
        for container in children(spec, key):
            _container(container)


def pod(item: Object) -> None:
    """Fill in a pod that stands by itself: requests follow limits, ports of the host follow those of the container."""
    template(item)
    spec = child(item, "spec")
    for key in _CONTAINERS[:2]:
        for container in children(spec, key):
            resources = child(container, "resources")
            limits = child(resources, "limits")
            if limits:
                resources["requests"] = {**limits, **child(resources, "requests")}
            for port in children(container, "ports") if spec.get("hostNetwork") is True else ():
                if port.get("hostPort") in (None, 0):
                    port["hostPort"] = port.get("containerPort", 0)


def _container(container: Object) -> None:
    fill(container, "imagePullPolicy", _pull_policy(container.get("image")))
    for variable in children(container, "env"):
        if variable.get("value") == "":
            del variable["value"]
    resources = child(container, "resources")
    for key in ("limits", "requests"):
        amounts = child(resources, key)
        amounts.update({name: canonical(amount) for name, amount in amounts.items()})


def _volume(volume: Object) -> None:
    if not any(value is not None for key, value in volume.items() if key != "name"):
        volume["emptyDir"] = {}
    scratch, image = child(volume, "emptyDir"), child(volume, "image")
    if scratch.get("sizeLimit") is not None:
        scratch["sizeLimit"] = canonical(scratch["sizeLimit"])
    if image:
        fill(image, "pullPolicy", _pull_policy(image.get("reference")))
    for source in children(child(volume, "projected"), "sources"):
        if isinstance(source.get("serviceAccountToken"), dict):
            fill(source["serviceAccountToken"], "expirationSeconds", _HOUR)


def _pull_policy(image: Any) -> str:
    """Always for ``latest``, which is also what no tag and no digest means."""
    if not isinstance(image, str):
        return "IfNotPresent"
    name, digest, _ = image.partition("@")
    tag = re.search(r":([^:/]+)$", name)
    latest = tag[1] == "latest" if tag else not digest
    return "Always" if latest else "IfNotPresent"
