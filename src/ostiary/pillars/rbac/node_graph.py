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
Target = tuple[str, str]  # what, name: always in the pod's own namespace


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
        if any((what, name) in set(self._targets(pod)) for pod in pods):
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

    def _targets(self, pod: Pod) -> Iterator[Target]:
        yield POD, pod.metadata.name
        if _is_mirror(pod):
            return
        yield ACCOUNT, pod.spec.service_account
        yield from ((SECRET, secret.name) for secret in pod.spec.image_pull_secrets)
        yield from _from_environment(pod)
        yield from (target for volume in pod.spec.volumes for target in _from_volume(volume))
        yield from ((CLAIM, name) for name in _claims(pod))
        if not self.admitted:
            yield from self._from_admission(pod)

    def _from_admission(self, pod: Pod) -> Iterator[Target]:
        account = self.accounts.get((pod.metadata.namespace, pod.spec.service_account), ServiceAccount())
        mount = pod.spec.automount_service_account_token
        if (account.automount_service_account_token if mount is None else mount) is not False:
            yield CONFIG_MAP, ROOT_CA
        if not pod.spec.image_pull_secrets:
            yield from ((SECRET, secret.name) for secret in account.image_pull_secrets)


def _is_mirror(pod: Pod) -> bool:
    return MIRROR in pod.metadata.annotations.kept


def _may_have_secrets(volume: PersistentVolume) -> bool:
    return volume.spec.host_path is None and volume.spec.local is None


def _is_opaque(volume: Volume) -> bool:
    return any(getattr(volume, source) is not None for source in _OPAQUE)


def _claims(pod: Pod) -> Iterator[str]:
    if _is_mirror(pod):
        return
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            yield volume.persistent_volume_claim.claim_name
        elif volume.ephemeral is not None:
            yield f"{pod.metadata.name}-{volume.name}"


def _from_environment(pod: Pod) -> Iterator[Target]:
    for container in pod.spec.all_containers():
        for every in container.env_from:
            yield from (
                (what, ref.name) for what, ref in ((SECRET, every.secret_ref), (CONFIG_MAP, every.config_map_ref)) if ref
            )
        for source in (one.value_from for one in container.env if one.value_from):
            refs = ((SECRET, source.secret_key_ref), (CONFIG_MAP, source.config_map_key_ref))
            yield from ((what, ref.name) for what, ref in refs if ref)


def _from_volume(volume: Volume) -> Iterator[Target]:
    if volume.secret is not None:
        yield SECRET, volume.secret.secret_name
    if volume.config_map is not None:
        yield CONFIG_MAP, volume.config_map.name
    for source in volume.projected.sources if volume.projected else ():
        if source.secret is not None:
            yield SECRET, source.secret.name
        if source.config_map is not None:
            yield CONFIG_MAP, source.config_map.name
