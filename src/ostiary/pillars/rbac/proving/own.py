"""The identities that Kubernetes itself runs by: a closed list of names, whatever labels say.

A guardrail does not ask about them: who holds the control plane holds the cluster. Whoever else gets to act as one of them is asked about.

Source: ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy`` (policy.go, controller_policy.go), 1.29 to 1.37.

>>> is_own(SubjectKey("Group", "system:masters")), is_own(SubjectKey("User", "system:serviceaccount:kube-system:tiller"))
(True, False)
"""

from ostiary.pillars.rbac.identity import MASTERS, NODES, split_node, split_service_account
from ostiary.pillars.rbac.subject import GROUP, SubjectKey

USERS = frozenset(
    {"system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "system:cloud-controller-manager"}
)  # fmt: skip
_CONTROLLERS = """
attachdetach-controller bootstrap-signer certificate-controller clusterrole-aggregation-controller cronjob-controller
daemon-set-controller deployment-controller device-taint-eviction-controller disruption-controller endpoint-controller
endpointslice-controller endpointslicemirroring-controller ephemeral-volume-controller expand-controller
generic-garbage-collector horizontal-pod-autoscaler job-controller kube-apiserver-serving-clustertrustbundle-publisher
legacy-service-account-token-cleaner namespace-controller node-controller persistent-volume-binder pod-garbage-collector
podcertificaterequestcleaner podgroup-protection-controller pv-protection-controller pvc-protection-controller
replicaset-controller replication-controller resource-claim-controller resourcepoolstatusrequest-controller
resourcequota-controller root-ca-cert-publisher route-controller selinux-warning-controller service-account-controller
service-cidrs-controller service-controller statefulset-controller storage-version-garbage-collector
storage-version-migrator-controller token-cleaner ttl-after-finished-controller ttl-controller
validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller
"""
CONTROLLERS = frozenset(_CONTROLLERS.split())  # service accounts in kube-system


def is_own(key: SubjectKey) -> bool:
    """Whether Kubernetes itself runs by this name."""
    if key.kind == GROUP:
        return key.name in (MASTERS, NODES)
    account = split_service_account(key.name)
    if account is not None:
        return account[0] == "kube-system" and account[1] in CONTROLLERS
    return key.name in USERS or split_node(key.name) is not None
