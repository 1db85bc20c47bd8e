"""Kinds that are passed over: of Kubernetes itself, read by no pillar and making no pods; and of tools, never sent to a cluster.

A kind that is in neither table nor in ``model.kinds`` is a blind spot. Source: ``kubectl api-resources`` of Kubernetes 1.37.
"""


def _of(group: str, *kinds: str) -> set[tuple[str, str]]:
    return {(group, kind) for kind in kinds}


UNREAD: frozenset[tuple[str, str]] = frozenset(
    _of("", "Binding", "ComponentStatus", "Endpoints", "Event", "LimitRange", "ResourceQuota")
    | _of("apiregistration.k8s.io", "APIService")
    | _of("autoscaling", "HorizontalPodAutoscaler")
    | _of("certificates.k8s.io", "CertificateSigningRequest", "ClusterTrustBundle", "PodCertificateRequest")
    | _of("coordination.k8s.io", "Lease", "LeaseCandidate")
    | _of("events.k8s.io", "Event")
    | _of("flowcontrol.apiserver.k8s.io", "FlowSchema", "PriorityLevelConfiguration")
    | _of("networking.k8s.io", "IngressClass", "IPAddress", "ServiceCIDR")
    | _of("node.k8s.io", "RuntimeClass")
    | _of("policy", "PodDisruptionBudget")
    | _of("resource.k8s.io", "DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice")
    | _of("scheduling.k8s.io", "PriorityClass")
    | _of(
        "storage.k8s.io",
        "CSIDriver",
        "CSINode",
        "CSIStorageCapacity",
        "StorageClass",
        "VolumeAttachment",
        "VolumeAttributesClass",
    )
    | _of("storagemigration.k8s.io", "StorageVersionMigration")
)

NOT_FOR_CLUSTERS: frozenset[tuple[str, str]] = frozenset(
    _of("kustomize.config.k8s.io", "Component", "Kustomization")
    | _of("ostiary.dev", "Intent")
    | _of("v1", "Config")  # a kubeconfig
    | _of("kubelet.config.k8s.io", "KubeletConfiguration")
    | _of("kubeadm.k8s.io", "ClusterConfiguration", "InitConfiguration", "JoinConfiguration")
    | _of("kind.x-k8s.io", "Cluster")
    | _of("audit.k8s.io", "Policy")
    | _of("apiserver.config.k8s.io", "AdmissionConfiguration", "EncryptionConfiguration")
)

# Groups that an earlier Kubernetes served a kind in, with the group that it moved to.
PREDECESSORS: dict[tuple[str, str], str] = {
    ("extensions", "DaemonSet"): "apps",
    ("extensions", "Deployment"): "apps",
    ("extensions", "ReplicaSet"): "apps",
    ("extensions", "Ingress"): "networking.k8s.io",
    ("extensions", "NetworkPolicy"): "networking.k8s.io",
    ("gateway.networking.x-k8s.io", "Gateway"): "gateway.networking.k8s.io",
    ("networking.x-k8s.io", "Gateway"): "gateway.networking.k8s.io",
}
