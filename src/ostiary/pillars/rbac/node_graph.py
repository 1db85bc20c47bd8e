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
from ostiary.model.pods import Pod, Volume

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
        hidden = {blind.kind for blind in cluster.blind}
        return cls(
            {place: tuple(pods) for place, pods in placed.items()},
            {namespace: frozenset(found) for namespace, found in nodes.items()},
            frozenset(claims),
            {(account.metadata.namespace, account.metadata.name): account for account in cluster.service_accounts},
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
        if self.unseen or (what == SECRET and self._may_hide_a_secret(node, pods)):
            return Reach.UNKNOWN
        return Reach.NO

    def nodes_in(self, namespace: str) -> frozenset[str]:
        """The nodes with pods of a namespace."""
        return self.by_namespace.get(namespace, frozenset())

    def _may_hide_a_secret(self, node: str, pods: tuple[Pod, ...]) -> bool:
        behind_claims = self.opaque_volumes and node in self.nodes_with_claims
        return behind_claims or any(_is_opaque(volume) for pod in pods for volume in pod.spec.volumes if not _is_mirror(pod))

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


def _names_secret(pod: Pod, name: str) -> bool:
    if any(secret.name == name for secret in pod.spec.image_pull_secrets):
        return True
    for container in pod.spec.all_containers():
        for every in container.env_from:
            if every.secret_ref is not None and every.secret_ref.name == name:
                return True
        for one in container.env:
            if one.value_from is not None and (ref := one.value_from.secret_key_ref) is not None and ref.name == name:
                return True
    return any(_mounts_secret(volume, name) for volume in pod.spec.volumes)


def _mounts_secret(volume: Volume, name: str) -> bool:
    if volume.secret is not None:
        return volume.secret.secret_name == name
    return volume.projected is not None and any(
        one.secret is not None and one.secret.name == name for one in volume.projected.sources
    )


def _names_config_map(pod: Pod, name: str) -> bool:
    for container in pod.spec.all_containers():
        for every in container.env_from:
            if every.config_map_ref is not None and every.config_map_ref.name == name:
                return True
        for one in container.env:
            if one.value_from is not None and (ref := one.value_from.config_map_key_ref) is not None and ref.name == name:
                return True
    return any(_mounts_config_map(volume, name) for volume in pod.spec.volumes)


def _mounts_config_map(volume: Volume, name: str) -> bool:
    if volume.config_map is not None:
        return volume.config_map.name == name
    sources = volume.projected.sources if volume.projected is not None else ()
    return any(one.config_map is not None and one.config_map.name == name for one in sources)
