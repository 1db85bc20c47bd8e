"""Where a policy holds, as a namespace selector, and whom it must never lock out.

By name it goes by the label ``kubernetes.io/metadata.name``, which the API server itself sets and which nobody can change. Labels of a namespace can be
changed by whoever may update the namespace: a policy scoped by them holds only as long as they do.

>>> from ostiary.pillars.pods.admission.policy import AdmissionPolicy
>>> selector(AdmissionPolicy(controls=("POD-127",), namespaces=("shop",)))["matchExpressions"][0]["values"]
['shop']
"""

from collections.abc import Mapping
from typing import Any

from ostiary.model.world import World
from ostiary.pillars.pods.admission.policy import LEFT_OUT, AdmissionPolicy
from ostiary.pillars.pods.controls.case import MIRROR
from ostiary.pillars.pods.controls.placement import SYSTEM_CLASSES

NAME_LABEL = "kubernetes.io/metadata.name"


def selector(policy: AdmissionPolicy, also_left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The namespace selector; names in ``also_left_out`` run parts of the control plane in this cluster."""
    requirements: list[dict[str, Any]] = []
    if policy.namespaces:
        requirements.append({"key": NAME_LABEL, "operator": "In", "values": sorted(policy.namespaces)})
    for key, value in sorted(policy.labels.items()):
        requirements.append({"key": key, "operator": "In", "values": [value]})
    out = left_out(policy, also_left_out)
    if out:
        requirements.append({"key": NAME_LABEL, "operator": "NotIn", "values": list(out)})
    return {"matchExpressions": requirements}


def left_out(policy: AdmissionPolicy, also: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Namespaces that the policy leaves alone by name."""
    return () if policy.control_plane else tuple(sorted({*LEFT_OUT, *also}))


def where(policy: AdmissionPolicy, also: tuple[str, ...] = ()) -> str:
    """The scope in words."""
    if policy.namespaces:
        return f"namespace {', '.join(sorted(policy.namespaces))}"
    out = left_out(policy, also)
    but = f" but {', '.join(out)}" if out else ""
    if policy.labels:
        return f"namespaces labelled {', '.join(f'{key}={value}' for key, value in sorted(policy.labels.items()))}{but}"
    return f"every namespace{but}"


def covers(policy: AdmissionPolicy, namespace: str, labels: Mapping[str, str], also_left_out: tuple[str, ...] = ()) -> bool:
    """Whether the policy holds in that namespace."""
    if namespace in left_out(policy, also_left_out):
        return False
    if policy.namespaces and namespace not in policy.namespaces:
        return False
    return all(labels.get(key) == value for key, value in policy.labels.items())


def control_plane_namespaces(world: World) -> tuple[str, ...]:
    """Namespaces with static pods or with pods of the system's own priority: what runs there keeps the cluster alive."""
    found = set()
    for pod in world.cluster.pods:
        if MIRROR in pod.metadata.annotations.kept or pod.spec.priority_class_name in SYSTEM_CLASSES:
            found.add(pod.metadata.namespace)
    for _, workload in world.cluster.workloads():
        if workload.template.spec.priority_class_name in SYSTEM_CLASSES:
            found.add(workload.metadata.namespace)
    return tuple(sorted(found))
