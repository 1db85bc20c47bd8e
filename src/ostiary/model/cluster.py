"""A cluster at one moment: every object that some pillar reads, and what could not be seen.

Each section holds the objects of one kind, sorted by namespace and name. Where they came from (an API server, a directory, a snapshot) is not
part of the value: the same objects are the same Cluster.
"""

from collections.abc import Iterator
from itertools import chain

from ostiary.model import admission, basics, network, rbac
from ostiary.model.blind import Blind
from ostiary.model.pods import Pod
from ostiary.model.value import Value
from ostiary.model.workloads import AnyWorkload, ControllerRevision, CronJob, PodTemplateObject, ReplicationController, Workload


class Cluster(Value, frozen=True, kw_only=True):
    """The objects of a cluster by kind; ``kinds.KINDS`` says which kind stands in which section."""

    namespaces: tuple[basics.Namespace, ...] = ()
    nodes: tuple[basics.Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    deployments: tuple[Workload, ...] = ()
    replica_sets: tuple[Workload, ...] = ()
    stateful_sets: tuple[Workload, ...] = ()
    daemon_sets: tuple[Workload, ...] = ()
    jobs: tuple[Workload, ...] = ()
    cron_jobs: tuple[CronJob, ...] = ()
    replication_controllers: tuple[ReplicationController, ...] = ()
    pod_templates: tuple[PodTemplateObject, ...] = ()
    controller_revisions: tuple[ControllerRevision, ...] = ()
    services: tuple[network.Service, ...] = ()
    endpoint_slices: tuple[network.EndpointSlice, ...] = ()
    service_accounts: tuple[basics.ServiceAccount, ...] = ()
    secrets: tuple[basics.Secret, ...] = ()
    config_maps: tuple[basics.ConfigMap, ...] = ()
    persistent_volumes: tuple[basics.PersistentVolume, ...] = ()
    persistent_volume_claims: tuple[basics.PersistentVolumeClaim, ...] = ()
    roles: tuple[rbac.Role, ...] = ()
    cluster_roles: tuple[rbac.Role, ...] = ()
    role_bindings: tuple[rbac.Binding, ...] = ()
    cluster_role_bindings: tuple[rbac.Binding, ...] = ()
    network_policies: tuple[network.NetworkPolicy, ...] = ()
    ingresses: tuple[network.Ingress, ...] = ()
    gateways: tuple[network.Gateway, ...] = ()
    validating_admission_policies: tuple[admission.AdmissionPolicy, ...] = ()
    validating_admission_policy_bindings: tuple[admission.AdmissionPolicyBinding, ...] = ()
    mutating_admission_policies: tuple[admission.AdmissionPolicy, ...] = ()
    mutating_admission_policy_bindings: tuple[admission.AdmissionPolicyBinding, ...] = ()
    validating_webhooks: tuple[admission.WebhookConfiguration, ...] = ()
    mutating_webhooks: tuple[admission.WebhookConfiguration, ...] = ()
    custom_resource_definitions: tuple[basics.CustomResourceDefinition, ...] = ()
    blind: tuple[Blind, ...] = ()
    server_version: str = ""  # gitVersion of the API server, such as v1.37.2; empty when the source is files

    def workloads(self) -> Iterator[tuple[str, AnyWorkload]]:
        """Every object that makes pods, with its kind."""
        return chain(
            (("Deployment", w) for w in self.deployments),
            (("ReplicaSet", w) for w in self.replica_sets),
            (("StatefulSet", w) for w in self.stateful_sets),
            (("DaemonSet", w) for w in self.daemon_sets),
            (("Job", w) for w in self.jobs),
            (("CronJob", w) for w in self.cron_jobs),
            (("ReplicationController", w) for w in self.replication_controllers),
            (("PodTemplate", w) for w in self.pod_templates),
            (("ControllerRevision", w) for w in self.controller_revisions),
        )
