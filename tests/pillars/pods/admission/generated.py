"""Pods for the judge of admission:

The good pod with several controls' examples laid over it, good and bad, so that every expression meets both sides.
"""

from random import Random
from typing import Any

from tests.pillars.pods.controls.examples import EXAMPLES, good_container, good_pod, merged

Manifest = dict[str, Any]
SKIPPED = {"POD-151", "POD-190", "POD-192"}  # Windows alone; nobody can create a finished or a mirror pod
HOST = ("hostNetwork", "hostPID", "hostIPC")
PORTED = ("httpGet", "tcpSocket")
PATHS = (
    "/data",
    "/",
    "/etc//kubernetes",
    "/var/run/docker.sock",
    "/var/lib/kubelet",
    "/opt",
    "/./proc",
    "/etcetera",
    "/var/log/x",
)


def manifest(random: Random, name: str) -> Manifest:
    """One pod; up to five examples meet in it."""
    spec = good_pod()["spec"]
    for i in range(random.choice((0, 1, 1, 2))):
        spec["containers"].append(good_container(f"extra{i}"))
    for i in range(random.choice((0, 0, 1))):
        spec["initContainers"] = [good_container(f"init{i}")]
    for i, code in enumerate(random.sample(sorted(set(EXAMPLES) - SKIPPED), random.choice((0, 1, 2, 3, 5)))):
        example = EXAMPLES[code]
        _lay_over(random, spec, random.choice((example.bad, example.bad, example.good))["spec"], f"v{i}")
    if random.random() < 0.2:
        _host_path(random, spec)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": valid(spec)}


def _lay_over(random: Random, spec: Manifest, other: Manifest, volume: str) -> None:
    every = [*spec["containers"], *spec.get("initContainers", ())]
    target = random.choice(every)
    laid = merged(target, {key: value for key, value in other["containers"][0].items() if key != "name"})
    for mount in laid.get("volumeMounts", ()):
        if mount["name"] == "v":
            mount.update(name=volume, mountPath=f"/{volume}")
    laid["volumeMounts"] = [*target.get("volumeMounts", ()), *(m for m in laid.get("volumeMounts", ()) if m["name"] == volume)]
    target.clear()
    target.update(laid)
    volumes = [{**one, "name": volume} for one in other.get("volumes", ())]
    spec["volumes"] = [*spec.get("volumes", ()), *volumes]
    plain = {
        key: value
        for key, value in other.items()
        if key not in ("containers", "initContainers", "volumes", "ephemeralContainers")
    }
    spec.update(merged(spec, plain))
    for key in set(spec) & {"serviceAccountName", "automountServiceAccountToken", "hostUsers"} - set(other):
        del spec[key]


def _host_path(random: Random, spec: Manifest) -> None:
    spec["volumes"] = [*spec.get("volumes", ()), {"name": "host", "hostPath": {"path": random.choice(PATHS)}}]
    mount = {"name": "host", "mountPath": "/host", "readOnly": random.random() < 0.5}
    target = random.choice(spec["containers"])
    target["volumeMounts"] = [*target.get("volumeMounts", ()), mount]


def valid(spec: Manifest) -> Manifest:
    """Mend what validation would refuse for reasons of its own."""
    if any(spec.get(name) for name in HOST):
        spec.pop("hostUsers", None)
    for one in (*spec["containers"], *spec.get("initContainers", ())):
        _valid_container(spec, one, init=one not in spec["containers"])
    for sysctl in spec.get("securityContext", {}).get("sysctls", ()):
        sysctl.setdefault("value", "1")
    return spec


def _valid_container(spec: Manifest, one: Manifest, *, init: bool) -> None:
    context = one.get("securityContext", {})
    powerful = context.get("privileged") or any("SYS_ADMIN" in name for name in context.get("capabilities", {}).get("add", ()))
    if powerful and context.get("allowPrivilegeEscalation") is False:
        del context["allowPrivilegeEscalation"]
    if context.get("procMount") == "Unmasked":
        spec["hostUsers"] = False
        for name in HOST:
            spec.pop(name, None)
    if any(mount.get("mountPropagation") == "Bidirectional" for mount in one.get("volumeMounts", ())):
        context["privileged"] = True
        context.pop("allowPrivilegeEscalation", None)
    if init:
        for name in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
            one.pop(name, None)
    if spec.get("hostNetwork"):
        for port in one.get("ports", ()):
            port["hostPort"] = port["containerPort"]
    for device in one.get("volumeDevices", ()):
        spec.pop("hostUsers", None)
        device["name"] = f"block-{one['name']}"
        spec["volumes"] = [*spec.get("volumes", ()), {"name": device["name"], "persistentVolumeClaim": {"claimName": "disk"}}]


def bulk(count: int, seed: int) -> list[Manifest]:
    """Many pods, the same for the same seed."""
    random = Random(seed)
    return [manifest(random, f"pod-{i}") for i in range(count)]
