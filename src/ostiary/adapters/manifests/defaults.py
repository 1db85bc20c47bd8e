"""What the API server fills in when it stores an object, for the fields that the model keeps: so that a manifest is the same value before and after.

Only what the server's types do by themselves. What admission adds (the token volume of a pod, its service account) and what the server allocates (the
address of a Service, the selector of a Job) is not in the manifest. Source: ``pkg/apis/*/v1/defaults.go`` of Kubernetes 1.37; a judge compares with a
real API server.
"""

from collections.abc import Callable
from typing import Any

from ostiary.adapters.manifests.pod_defaults import Object, child, children, fill, pod, template
from ostiary.model.kinds import Kind

_RBAC = "rbac.authorization.k8s.io"


def as_stored(kind: Kind, item: Object) -> Object:
    """The object with its defaults; the one that was given is changed and no longer of use."""
    _DEFAULTS.get(kind.kind, _nothing)(item)
    return item


def _nothing(_item: Object) -> None:
    pass


def _namespace(item: Object) -> None:
    meta = item.get("metadata")
    if isinstance(meta, dict) and isinstance(meta.get("name"), str):
        fill(meta, "labels", {})
        if isinstance(meta["labels"], dict):
            meta["labels"]["kubernetes.io/metadata.name"] = meta["name"]


def _scaled(item: Object) -> None:
    fill(child(item, "spec"), "replicas", 1)
    _templated(item)


def _templated(item: Object) -> None:
    template(child(child(item, "spec"), "template"))


def _controller(item: Object) -> None:
    """A ReplicationController selects what it makes, and is labelled like it, unless it says otherwise."""
    _scaled(item)
    spec = child(item, "spec")
    if labels := child(child(child(spec, "template"), "metadata"), "labels"):
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        _label_as(item, labels)


def _job(item: Object) -> None:
    _templated(item)
    _label_as(item, child(child(child(child(item, "spec"), "template"), "metadata"), "labels"))


def _label_as(item: Object, labels: Object) -> None:
    meta = item.get("metadata")
    if labels and isinstance(meta, dict) and not meta.get("labels"):
        meta["labels"] = dict(labels)


def _cron_job(item: Object) -> None:
    _templated(child(child(item, "spec"), "jobTemplate"))


def _pod_template(item: Object) -> None:
    template(child(item, "template"))


def _revision(item: Object) -> None:
    template(child(child(child(item, "data"), "spec"), "template"))


def _service(item: Object) -> None:
    for port in children(child(item, "spec"), "ports"):
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")


def _network_policy(item: Object) -> None:
    spec = item.get("spec")
    if isinstance(spec, dict) and not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _binding(item: Object) -> None:
    if isinstance(item.get("roleRef"), dict):
        fill(item["roleRef"], "apiGroup", _RBAC)
    for subject in children(item, "subjects"):
        if subject.get("kind") in ("User", "Group"):
            fill(subject, "apiGroup", _RBAC)


def _webhooks(item: Object) -> None:
    for webhook in children(item, "webhooks"):
        _selectors(webhook)
        fill(webhook, "timeoutSeconds", 10)


def _policy(item: Object) -> None:
    _match(child(item, "spec"), "matchConstraints")


def _policy_binding(item: Object) -> None:
    _match(child(item, "spec"), "matchResources")


def _match(spec: Object, key: str) -> None:
    if isinstance(spec.get(key), dict):
        _selectors(spec[key])


def _selectors(target: Object) -> None:
    fill(target, "namespaceSelector", {})
    fill(target, "objectSelector", {})


def _endpoint_slice(item: Object) -> None:
    for port in children(item, "ports"):
        if port.get("name") is None:
            port["name"] = ""
        fill(port, "protocol", "TCP")


def _definition(item: Object) -> None:
    if isinstance(item.get("spec"), dict):
        fill(item["spec"], "conversion", {"strategy": "None"})


_DEFAULTS: dict[str, Callable[[Any], None]] = {
    "Namespace": _namespace,
    "Pod": pod,
    "PodTemplate": _pod_template,
    "Deployment": _scaled,
    "ReplicaSet": _scaled,
    "StatefulSet": _scaled,
    "DaemonSet": _templated,
    "Job": _job,
    "CronJob": _cron_job,
    "ReplicationController": _controller,
    "ControllerRevision": _revision,
    "Service": _service,
    "EndpointSlice": _endpoint_slice,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "ValidatingWebhookConfiguration": _webhooks,
    "MutatingWebhookConfiguration": _webhooks,
    "ValidatingAdmissionPolicy": _policy,
    "MutatingAdmissionPolicy": _policy,
    "ValidatingAdmissionPolicyBinding": _policy_binding,
    "MutatingAdmissionPolicyBinding": _policy_binding,
    "CustomResourceDefinition": _definition,
}
