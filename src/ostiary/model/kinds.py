"""Which Kubernetes kinds a Cluster holds: group, versions that ostiary reads, resource name, section. The one table that every source goes by."""

from typing import NamedTuple

from ostiary.model import admission, basics, network, rbac
from ostiary.model.cluster import Cluster
from ostiary.model.pods import Pod
from ostiary.model.value import Value
from ostiary.model.workloads import ControllerRevision, CronJob, PodTemplateObject, ReplicationController, Workload

_APPS, _BATCH, _NETWORKING, _RBAC = "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"


class Kind(NamedTuple):
    """One kind. ``versions``: those that ostiary reads, best first. ``optional``: clusters without it are complete clusters."""

    group: str
    versions: tuple[str, ...]
    kind: str
    resource: str
    namespaced: bool
    section: str
    type: type[Value]
    optional: bool = False

    @property
    def makes_pods(self) -> bool:
        return self.type in (Pod, Workload, CronJob, ReplicationController, PodTemplateObject, ControllerRevision)


KINDS: tuple[Kind, ...] = (
    Kind("", ("v1",), "Namespace", "namespaces", False, "namespaces", basics.Namespace),
    Kind("", ("v1",), "Node", "nodes", False, "nodes", basics.Node),
    Kind("", ("v1",), "Pod", "pods", True, "pods", Pod),
    Kind(_APPS, ("v1",), "Deployment", "deployments", True, "deployments", Workload),
    Kind(_APPS, ("v1",), "ReplicaSet", "replicasets", True, "replica_sets", Workload),
    Kind(_APPS, ("v1",), "StatefulSet", "statefulsets", True, "stateful_sets", Workload),
    Kind(_APPS, ("v1",), "DaemonSet", "daemonsets", True, "daemon_sets", Workload),
    Kind(_BATCH, ("v1",), "Job", "jobs", True, "jobs", Workload),
    Kind(_BATCH, ("v1",), "CronJob", "cronjobs", True, "cron_jobs", CronJob),
    Kind(
        "", ("v1",), "ReplicationController", "replicationcontrollers", True, "replication_controllers", ReplicationController
    ),
    Kind("", ("v1",), "PodTemplate", "podtemplates", True, "pod_templates", PodTemplateObject),
    Kind(_APPS, ("v1",), "ControllerRevision", "controllerrevisions", True, "controller_revisions", ControllerRevision),
    Kind("", ("v1",), "Service", "services", True, "services", network.Service),
    Kind("discovery.k8s.io", ("v1",), "EndpointSlice", "endpointslices", True, "endpoint_slices", network.EndpointSlice),
    Kind("", ("v1",), "ServiceAccount", "serviceaccounts", True, "service_accounts", basics.ServiceAccount),
    Kind("", ("v1",), "Secret", "secrets", True, "secrets", basics.Secret),
    Kind("", ("v1",), "ConfigMap", "configmaps", True, "config_maps", basics.ConfigMap),
    Kind("", ("v1",), "PersistentVolume", "persistentvolumes", False, "persistent_volumes", basics.PersistentVolume),
    Kind(
        "",
        ("v1",),
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        True,
        "persistent_volume_claims",
        basics.PersistentVolumeClaim,
    ),
    Kind(_RBAC, ("v1",), "Role", "roles", True, "roles", rbac.Role),
    Kind(_RBAC, ("v1",), "ClusterRole", "clusterroles", False, "cluster_roles", rbac.Role),
    Kind(_RBAC, ("v1",), "RoleBinding", "rolebindings", True, "role_bindings", rbac.Binding),
    Kind(_RBAC, ("v1",), "ClusterRoleBinding", "clusterrolebindings", False, "cluster_role_bindings", rbac.Binding),
    Kind(_NETWORKING, ("v1",), "NetworkPolicy", "networkpolicies", True, "network_policies", network.NetworkPolicy),
    Kind(_NETWORKING, ("v1",), "Ingress", "ingresses", True, "ingresses", network.Ingress),
    Kind(
        "gateway.networking.k8s.io", ("v1", "v1beta1"), "Gateway", "gateways", True, "gateways", network.Gateway, optional=True
    ),
    Kind(
        _ADMISSION,
        ("v1",),
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        False,
        "validating_admission_policies",
        admission.AdmissionPolicy,
        optional=True,
    ),
    Kind(
        _ADMISSION,
        ("v1",),
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        False,
        "validating_admission_policy_bindings",
        admission.AdmissionPolicyBinding,
        optional=True,
    ),
    Kind(
        _ADMISSION,
        ("v1", "v1beta1"),
        "MutatingAdmissionPolicy",
        "mutatingadmissionpolicies",
        False,
        "mutating_admission_policies",
        admission.AdmissionPolicy,
        optional=True,
    ),
    Kind(
        _ADMISSION,
        ("v1", "v1beta1"),
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        False,
        "mutating_admission_policy_bindings",
        admission.AdmissionPolicyBinding,
        optional=True,
    ),
    Kind(
        _ADMISSION,
        ("v1",),
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        False,
        "validating_webhooks",
        admission.WebhookConfiguration,
    ),
    Kind(
        _ADMISSION,
        ("v1",),
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        False,
        "mutating_webhooks",
        admission.WebhookConfiguration,
    ),
    Kind(
        "apiextensions.k8s.io",
        ("v1",),
        "CustomResourceDefinition",
        "customresourcedefinitions",
        False,
        "custom_resource_definitions",
        basics.CustomResourceDefinition,
    ),
)

SECTIONS: tuple[str, ...] = tuple(kind.section for kind in KINDS)

_unplaced = set(SECTIONS) ^ (set(Cluster.__struct_fields__) - {"blind", "server_version"})
if _unplaced:
    raise TypeError(f"Cluster and KINDS disagree about {sorted(_unplaced)}")


def find(group: str, kind: str) -> Kind | None:
    """The kind of that group and name, whatever its version."""
    return _BY_NAME.get((group, kind))


_BY_NAME = {(kind.group, kind.kind): kind for kind in KINDS}
MAKES_PODS: frozenset[str] = frozenset(kind.kind for kind in KINDS if kind.makes_pods)
