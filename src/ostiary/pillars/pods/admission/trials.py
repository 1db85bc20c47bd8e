"""Dry-run pods that show whether an enforced policy does what it says: for each control one that must be refused, and one that must be admitted.

A control is tried where the namespace's own Pod Security level would not refuse the pod first.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ostiary.model.meta import Meta
from ostiary.model.plan import Target, Trial
from ostiary.model.pods import Pod, PodSpec
from ostiary.model.world import World
from ostiary.pillars.pods.admission.changes import ENFORCING
from ostiary.pillars.pods.admission.evaluator import violated
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.scope import control_plane_namespaces, covers
from ostiary.pillars.pods.admission.validating import name_of
from ostiary.pillars.pods.labels import newest, stance
from ostiary.pillars.pods.makers import Maker
from ostiary.pillars.pods.standards import evaluate

IMAGE = "registry.invalid/ostiary/trial:1@sha256:" + "0" * 64
NAME = "ostiary-trial"

# What violates a control, laid over a pod that violates none; each shows its control on the API server (tests/judges).
SPEC: dict[str, dict[str, Any]] = {
    "POD-129": {"hostUsers": True},
    "POD-147": {"shareProcessNamespace": True},
    "POD-148": {"hostPID": True, "hostUsers": True},
    "POD-149": {"hostIPC": True, "hostUsers": True},
    "POD-150": {"hostNetwork": True, "hostUsers": True},
    "POD-185": {"nodeName": "ostiary-trial"},
    "POD-187": {"tolerations": [{"operator": "Exists"}]},
    **{
        code: {"volumes": [{"name": "v", "hostPath": {"path": path}}]}
        for code, path in (
            ("POD-152", "/"),
            ("POD-153", "/etc"),
            ("POD-154", "/proc"),
            ("POD-155", "/run"),
            ("POD-156", "/var/lib/kubelet"),
            ("POD-157", "/run/containerd/containerd.sock"),
            ("POD-158", "/var/lib/containerd"),
            ("POD-159", "/etc/kubernetes"),
            ("POD-160", "/var/log"),
            ("POD-161", "/usr"),
            ("POD-163", "/opt/data"),
        )
    },
}
CONTEXT: dict[str, dict[str, Any]] = {
    "POD-121": {"runAsUser": 0, "runAsNonRoot": False},
    "POD-126": {"allowPrivilegeEscalation": True},
    "POD-127": {"privileged": True, "allowPrivilegeEscalation": True},
    "POD-142": {"seccompProfile": {"type": "Unconfined"}},
    "POD-166": {"readOnlyRootFilesystem": False},
    **{
        code: {"allowPrivilegeEscalation": True, "capabilities": {"drop": ["ALL"], "add": [name]}}
        for code, name in (
            ("POD-130", "ALL"),
            ("POD-131", "SYS_ADMIN"),
            ("POD-132", "SYS_MODULE"),
            ("POD-133", "SYS_PTRACE"),
            ("POD-134", "DAC_READ_SEARCH"),
            ("POD-135", "NET_ADMIN"),
            ("POD-137", "BPF"),
            ("POD-138", "SYS_RAWIO"),
            ("POD-139", "SYS_TIME"),
        )
    },
}


def trials(world: World, policy: AdmissionPolicy) -> tuple[Trial, ...]:
    """Trials of the second stage, in the first namespace of the World that the policy covers; none where there is none."""
    also = control_plane_namespaces(world)
    namespaces = [
        one.metadata.name for one in world.cluster.namespaces if covers(policy, one.metadata.name, one.metadata.labels, also)
    ]
    return tuple(_of(world, policy, namespaces[0])) if namespaces else ()


def _of(world: World, policy: AdmissionPolicy, namespace: str) -> Iterator[Trial]:
    target = Target(api_version="v1", kind="Pod", resource="pods", namespace=namespace, name=NAME)
    for code in policy.codes:
        body = violating(code, namespace)
        if body is not None and not _level_refuses(world, namespace, body):
            yield Trial(
                stage=ENFORCING,
                sentence=f"namespace {namespace}: a pod that violates {code} must be refused",
                target=target,
                body=body,
                admitted=False,
                because="ostiary-pod-" if len(policy.codes) > 1 else name_of(code),
            )
    if not violated(policy, Maker(target.ref, Meta(name=NAME, namespace=namespace), _pod(good(namespace)))):
        yield Trial(
            stage=ENFORCING,
            sentence=f"namespace {namespace}: a pod that violates none of the controls must be admitted",
            target=target,
            body=good(namespace),
            admitted=True,
        )


def good(namespace: str) -> dict[str, Any]:
    """A pod that violates next to nothing; it runs as the default service account, because another may not be there."""
    container = {
        "name": "trial",
        "image": IMAGE,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {
            "requests": {"cpu": "1m", "memory": "1Mi"},
            "limits": {"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "1Mi"},
        },
    }
    spec = {
        "automountServiceAccountToken": False,
        "hostUsers": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME, "namespace": namespace}, "spec": spec}


def violating(code: str, namespace: str) -> dict[str, Any] | None:
    """A pod that violates that control; None for controls that are not tried."""
    body = good(namespace)
    if code in SPEC:
        body["spec"].update(SPEC[code])
    elif code in CONTEXT:
        body["spec"]["containers"][0]["securityContext"].update(CONTEXT[code])
    else:
        return None
    return body


def _level_refuses(world: World, namespace: str, body: dict[str, Any]) -> bool:
    labels = next(one.metadata.labels for one in world.cluster.namespaces if one.metadata.name == namespace)
    mode = stance(labels, newest=newest(world)).enforce
    return bool(evaluate(_pod(body), mode.level, mode.version))


def _pod(body: dict[str, Any]) -> Pod:
    return Pod(metadata=Meta(name=NAME), spec=msgspec.convert(body["spec"], PodSpec))
