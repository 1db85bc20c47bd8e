"""Controls about where a pod runs, who made it, and whether anybody still looks after it."""

from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import (
    NIST_NODE_TRUST,
    NIST_ROGUE,
    NIST_SENSITIVITY,
    NSA_NAMESPACES,
    cis,
    k8s,
)
from ostiary.pillars.pods.makers import FINISHED

CONTROL_PLANE_TAINTS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
SYSTEM_CLASSES = ("system-node-critical", "system-cluster-critical")
SYSTEM_NAMESPACE = "kube-system"
_TAINTS = ", ".join(f"'{name}'" for name in CONTROL_PLANE_TAINTS)
_CLASSES = ", ".join(f"'{name}'" for name in SYSTEM_CLASSES)


def _pinned(case: Case) -> Iterator[Violation]:
    """Of templates and of pods that nothing controls: every scheduled pod has a node."""
    fresh = not case.is_pod or (case.meta.controller is None and not case.mirror and not case.phase)
    if case.spec.node_name and fresh:
        yield Violation("spec.nodeName", case.spec.node_name)


PINNED = Control(
    code="POD-185",
    title="names its node",
    severity=Severity.MEDIUM,
    sources=(k8s("concepts/scheduling-eviction/assign-pod-node/#nodename"), NIST_NODE_TRUST),
    rationale="It goes past the scheduler and so past taints: onto the control plane, or beside the pod that somebody is after.",
    fix="use nodeSelector or affinity",
    violations=_pinned,
    cel=Cel.of_pod("s.?nodeName.orValue('') != ''"),
)


def _control_plane(case: Case) -> Iterator[Violation]:
    for i, toleration in enumerate(case.spec.tolerations):
        if toleration.key in CONTROL_PLANE_TAINTS:
            yield Violation(f"spec.tolerations[{i}]", toleration.key)


CONTROL_PLANE = Control(
    code="POD-186",
    title="may run on the control plane",
    severity=Severity.HIGH,
    sources=(NIST_SENSITIVITY, NIST_NODE_TRUST, k8s("concepts/scheduling-eviction/taint-and-toleration/")),
    rationale="A way out of a container there ends beside the keys of the cluster.",
    fix="remove the toleration",
    violations=_control_plane,
    cel=Cel.of_pod(f"s.?tolerations.orValue([]).exists(t, t.?key.orValue('') in [{_TAINTS}])"),
)


def _everywhere(case: Case) -> Iterator[Violation]:
    for i, toleration in enumerate(case.spec.tolerations):
        if not toleration.key and toleration.operator == "Exists":
            yield Violation(f"spec.tolerations[{i}]", "every taint")


EVERYWHERE = Control(
    code="POD-187",
    title="tolerates every taint",
    severity=Severity.MEDIUM,
    sources=(NIST_SENSITIVITY, k8s("concepts/scheduling-eviction/taint-and-toleration/")),
    rationale="No taint keeps it from a node: neither the control plane's nor that of nodes set apart for other workloads.",
    fix="name the taints",
    violations=_everywhere,
    cel=Cel.of_pod("s.?tolerations.orValue([]).exists(t, t.?key.orValue('') == '' && t.?operator.orValue('') == 'Exists')"),
)


def _critical(case: Case) -> Iterator[Violation]:
    if case.spec.priority_class_name in SYSTEM_CLASSES and case.namespace != SYSTEM_NAMESPACE:
        yield Violation("spec.priorityClassName", case.spec.priority_class_name)


CRITICAL = Control(
    code="POD-188",
    title="has the priority of the system itself",
    severity=Severity.LOW,
    sources=(k8s("tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/"),),
    rationale="It drives out every other pod where room is short. A ResourceQuota can keep the class to some namespaces.",
    fix="use a priority class of your own",
    violations=_critical,
    cel=Cel.of_pod(f"s.?priorityClassName.orValue('') in [{_CLASSES}] && object.metadata.namespace != '{SYSTEM_NAMESPACE}'"),
)


def _naked(case: Case) -> Iterator[Violation]:
    if case.is_pod and not case.meta.owner_references and not case.mirror and case.phase not in FINISHED:
        yield Violation("metadata.ownerReferences", "nothing made it and nothing will make it again")


NAKED = Control(
    code="POD-189",
    title="pod without a workload",
    severity=Severity.LOW,
    sources=(k8s("concepts/configuration/overview/#naked-pods-vs-replicasets-deployments-and-jobs"), NIST_ROGUE),
    rationale="It stands in no Deployment that people review; that is how pods come that somebody tried out, or planted.",
    fix="make a Deployment or Job of it, or delete it",
    violations=_naked,
)


def _finished(case: Case) -> Iterator[Violation]:
    if case.is_pod and case.phase in FINISHED and not case.meta.owner_references:
        yield Violation("status.phase", case.phase)


FINISHED_KEPT = Control(
    code="POD-190",
    title="finished pod that nobody took away",
    severity=Severity.INFO,
    sources=(NIST_ROGUE, k8s("concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection")),
    rationale="Its logs, and on the node its files, stay readable.",
    fix="delete it; use a Job with ttlSecondsAfterFinished",
    violations=_finished,
)


def _debuggers(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if place.ephemeral:
            yield Violation(place.path, place.container.name)


DEBUGGER = Control(
    code="POD-191",
    title="debug container left behind",
    severity=Severity.MEDIUM,
    sources=(NIST_ROGUE, k8s("concepts/workloads/pods/ephemeral-containers/")),
    rationale="It came after review, brings tools, and can only go with its pod.",
    fix="delete the pod, so that its workload makes a clean one",
    violations=_debuggers,
)


def _mirror(case: Case) -> Iterator[Violation]:
    if case.mirror and case.namespace != SYSTEM_NAMESPACE:
        yield Violation("metadata.annotations[kubernetes.io/config.mirror]", "made from a file on its node")


MIRROR_POD = Control(
    code="POD-192",
    title="static pod outside kube-system",
    severity=Severity.MEDIUM,
    sources=(k8s("tasks/configure-pod-container/static-pod/"), NIST_ROGUE),
    rationale="No admission saw it: whoever writes to the node's manifest directory runs what they like.",
    fix="find out who wrote the file; make it a DaemonSet",
    violations=_mirror,
)


def _default_namespace(case: Case) -> Iterator[Violation]:
    if case.namespace == "default":
        yield Violation("metadata.namespace", "default")


DEFAULT_NAMESPACE = Control(
    code="POD-193",
    title="runs in the namespace default",
    severity=Severity.LOW,
    sources=(cis("5.6.4"), NSA_NAMESPACES),
    rationale="Rights, quotas and policies are set by namespace; in this one everything lies together.",
    fix="give the application a namespace",
    violations=_default_namespace,
    cel=Cel.of_pod("object.metadata.namespace == 'default'"),
)
