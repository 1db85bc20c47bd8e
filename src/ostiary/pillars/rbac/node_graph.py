"""Which objects a node's pods lead to: what the Node authorizer lets a kubelet read, and nothing else.

Modelled: pod, its service account, its secrets and config maps (environment, volumes, projections, image pulls), its claims. Not in a Cluster, and so
answered with "unknown": secrets of volume types that the model keeps as present only, secrets and volumes behind claims, resource claims,
volume attachments, resource slices, pod certificate requests. A pod of a manifest gets what ServiceAccount admission would add.
A mirror pod leads nowhere: otherwise a node could make one and read what it names.

Source: ``plugin/pkg/auth/authorizer/node/graph.go``, ``pkg/api/v1/pod/util.go`` (VisitPodSecretNames, VisitPodConfigmapNames).

>>> NodeGraph.of(Cluster()).leads("n1", SECRET, "shop", "password")
<Reach.NO: 'no'>
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ostiary.model.basics import PersistentVolume, ServiceAccount
from ostiary.model.cluster import Cluster
from ostiary.model.pods import Container, Pod, Volume

POD, SECRET, CONFIG_MAP, ACCOUNT, CLAIM, VOLUME = "pod", "secret", "configmap", "serviceaccount", "claim", "volume"
MIRROR = "kubernetes.io/config.mirror"
ROOT_CA = "kube-root-ca.crt"  # the config map that admission mounts beside every token
_OPAQUE = ("azure_file", "cephfs", "cinder", "flex_volume", "rbd", "scale_io", "iscsi", "storageos", "csi")


class Reach(Enum):
    """Whether some pod of the node leads to the object."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NodeGraph:
    """Pods by node and namespace, and what is needed to follow them."""

    pods: Mapping[tuple[str, str], tuple[Pod, ...]]
    by_namespace: Mapping[str, frozenset[str]]
    nodes_with_claims: frozenset[str]
    accounts: Mapping[tuple[str, str], ServiceAccount]
    opaque_places: frozenset[tuple[str, str]]  # node and namespace of pods with volumes that may have secrets
    opaque_volumes: bool  # a PersistentVolume that may have secrets, or none could be read
    unseen: bool  # some pod could not be read
    admitted: bool  # the pods have passed admission: they come from a server

    @classmethod
    def of(cls, cluster: Cluster) -> "NodeGraph":
        """Sort the pods by node; one pass."""
        placed: defaultdict[tuple[str, str], list[Pod]] = defaultdict(list)
        for pod in cluster.pods:
            if pod.spec.node_name:
                placed[(pod.spec.node_name, pod.metadata.namespace)].append(pod)
        nodes: defaultdict[str, set[str]] = defaultdict(set)
        for node, namespace in placed:
            nodes[namespace].add(node)
        claims = {node for (node, _), pods in placed.items() for pod in pods if any(_claims(pod))}
        opaque = (place for place, pods in placed.items() if any(map(_has_opaque_volume, pods)))
        hidden = {blind.kind for blind in cluster.blind}
        return cls(
            {place: tuple(pods) for place, pods in placed.items()},
            {namespace: frozenset(found) for namespace, found in nodes.items()},
            frozenset(claims),
            {(account.metadata.namespace, account.metadata.name): account for account in cluster.service_accounts},
            frozenset(opaque),
            bool(hidden & {"", "PersistentVolume"}) or any(map(_may_have_secrets, cluster.persistent_volumes)),
            bool(hidden & {"", "Pod"}),
            bool(cluster.server_version),
        )

    def leads(self, node: str, what: str, namespace: str, name: str) -> Reach:
        """Whether a pod on ``node`` leads to this object."""
        if what == VOLUME:
            return Reach.UNKNOWN if self.unseen or node in self.nodes_with_claims else Reach.NO
        pods = self.pods.get((node, namespace), ())
        if any(self._names(pod, what, name) for pod in pods):
            return Reach.YES
        if self.unseen or (what == SECRET and self._may_hide_a_secret(node, namespace)):
            return Reach.UNKNOWN
        return Reach.NO

    def nodes_in(self, namespace: str) -> frozenset[str]:
        """The nodes with pods of a namespace."""
        return self.by_namespace.get(namespace, frozenset())

    def _may_hide_a_secret(self, node: str, namespace: str) -> bool:
        return (node, namespace) in self.opaque_places or (self.opaque_volumes and node in self.nodes_with_claims)

    def _names(self, pod: Pod, what: str, name: str) -> bool:
        """Whether a pod leads to this object of its namespace."""
        if what == POD:
            return pod.metadata.name == name
        if _is_mirror(pod):
            return False
        match what:
            case "serviceaccount":
                return pod.spec.service_account == name
            case "claim":
                return name in _claims(pod)
            case "secret":
                return _names_secret(pod, name) or (not self.admitted and name in self._added_secrets(pod))
            case _:
                return _names_config_map(pod, name) or (not self.admitted and name == ROOT_CA and self._mounts_token(pod))

    def _account(self, pod: Pod) -> ServiceAccount:
        return self.accounts.get((pod.metadata.namespace, pod.spec.service_account), ServiceAccount())

    def _mounts_token(self, pod: Pod) -> bool:
        said = pod.spec.automount_service_account_token
        return (self._account(pod).automount_service_account_token if said is None else said) is not False

    def _added_secrets(self, pod: Pod) -> tuple[str, ...]:
        """The image pull secrets that admission takes from the service account when the pod has none."""
        return () if pod.spec.image_pull_secrets else tuple(secret.name for secret in self._account(pod).image_pull_secrets)


def _is_mirror(pod: Pod) -> bool:
    return MIRROR in pod.metadata.annotations.kept


def _may_have_secrets(volume: PersistentVolume) -> bool:
    return volume.spec.host_path is None and volume.spec.local is None


def _has_opaque_volume(pod: Pod) -> bool:
    return not _is_mirror(pod) and any(map(_is_opaque, pod.spec.volumes))


def _is_opaque(volume: Volume) -> bool:
    """Exactly one source is set: the usual ones are looked at first, because there are many pods."""
    if (
        volume.projected is not None
        or volume.config_map is not None
        or volume.secret is not None
        or volume.empty_dir is not None
    ):
        return False
    return any(getattr(volume, source) is not None for source in _OPAQUE)


def _claims(pod: Pod) -> Iterator[str]:
    if _is_mirror(pod):
        return
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            yield volume.persistent_volume_claim.claim_name
        elif volume.ephemeral is not None:
            yield f"{pod.metadata.name}-{volume.name}"


# ruff: noqa: SIM110 - plain loops from here on, twice as fast: a question about one secret of a large namespace goes through all its pods.


def _names_secret(pod: Pod, name: str) -> bool:
    spec = pod.spec
    for secret in spec.image_pull_secrets:
        if secret.name == name:
            return True
    for containers in (spec.containers, spec.init_containers, spec.ephemeral_containers):
        for container in containers:
            if _takes_secret(container, name):
                return True
    for volume in spec.volumes:
        if _mounts_secret(volume, name):
            return True
    return False


def _takes_secret(container: Container, name: str) -> bool:
    for one in container.env:
        source = one.value_from
        if source is not None and source.secret_key_ref is not None and source.secret_key_ref.name == name:
            return True
    for every in container.env_from:
        if every.secret_ref is not None and every.secret_ref.name == name:
            return True
    return False


def _mounts_secret(volume: Volume, name: str) -> bool:
    if volume.projected is not None:
        for one in volume.projected.sources:
            if one.secret is not None and one.secret.name == name:
                return True
        return False
    return volume.secret is not None and volume.secret.secret_name == name


def _names_config_map(pod: Pod, name: str) -> bool:
    spec = pod.spec
    for containers in (spec.containers, spec.init_containers, spec.ephemeral_containers):
        for container in containers:
            if _takes_config_map(container, name):
                return True
    for volume in spec.volumes:
        if _mounts_config_map(volume, name):
            return True
    return False


def _takes_config_map(container: Container, name: str) -> bool:
    for one in container.env:
        source = one.value_from
        if source is not None and source.config_map_key_ref is not None and source.config_map_key_ref.name == name:
            return True
    for every in container.env_from:
        if every.config_map_ref is not None and every.config_map_ref.name == name:
            return True
    return False


def _mounts_config_map(volume: Volume, name: str) -> bool:
    if volume.projected is not None:
        for one in volume.projected.sources:
            if one.config_map is not None and one.config_map.name == name:
                return True
        return False
    return volume.config_map is not None and volume.config_map.name == name
