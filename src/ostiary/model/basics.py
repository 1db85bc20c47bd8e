"""Namespaces, nodes, service accounts, secrets, config maps, storage: the rest of ``core/v1`` and its neighbours."""

from msgspec import field

from ostiary.model.meta import Meta
from ostiary.model.pods import HostPath, ImagePullSecret
from ostiary.model.sealed import Sealed
from ostiary.model.value import Present, Value, always


class Namespace(Value, frozen=True, kw_only=True):
    """core/v1 Namespace; its labels carry the Pod Security levels."""

    metadata: Meta = always(Meta())


class Taint(Value, frozen=True, kw_only=True):
    """A taint of a node."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Value, frozen=True, kw_only=True):
    """core/v1 NodeSpec."""

    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False


class NodeInfo(Value, frozen=True, kw_only=True):
    """Versions of what runs on a node."""

    kubelet_version: str = ""
    container_runtime_version: str = ""
    kernel_version: str = ""
    os_image: str = ""


class NodeAddress(Value, frozen=True, kw_only=True):
    """One address of a node."""

    type: str = ""
    address: str = ""


class NodeStatus(Value, frozen=True, kw_only=True):
    """core/v1 NodeStatus."""

    addresses: tuple[NodeAddress, ...] = ()
    node_info: NodeInfo = always(NodeInfo())


class Node(Value, frozen=True, kw_only=True):
    """core/v1 Node."""

    metadata: Meta = always(Meta())
    spec: NodeSpec = always(NodeSpec())
    status: NodeStatus = always(NodeStatus())


class ServiceAccount(Value, frozen=True, kw_only=True):
    """core/v1 ServiceAccount."""

    metadata: Meta = always(Meta())
    automount_service_account_token: bool | None = None
    secrets: tuple[ImagePullSecret, ...] = ()
    image_pull_secrets: tuple[ImagePullSecret, ...] = ()


class Secret(Value, frozen=True, kw_only=True):
    """core/v1 Secret: type, key names, and a keyed digest of each value. Never a value."""

    metadata: Meta = always(Meta())
    type: str = always("Opaque")
    immutable: bool | None = None
    data: dict[str, Sealed | None] = field(default_factory=dict)


class ConfigMap(Value, frozen=True, kw_only=True):
    """core/v1 ConfigMap: key names and keyed digests, because people keep passwords in them."""

    metadata: Meta = always(Meta())
    immutable: bool | None = None
    data: dict[str, Sealed | None] = field(default_factory=dict)
    binary_data: dict[str, Sealed | None] = field(default_factory=dict)


class PersistentVolumeSpec(Value, frozen=True, kw_only=True):
    """What is behind a claim, as far as it opens the node."""

    host_path: HostPath | None = None
    local: Present | None = None
    storage_class_name: str = ""


class PersistentVolume(Value, frozen=True, kw_only=True):
    """core/v1 PersistentVolume."""

    metadata: Meta = always(Meta())
    spec: PersistentVolumeSpec = always(PersistentVolumeSpec())


class ClaimSpec(Value, frozen=True, kw_only=True):
    """core/v1 PersistentVolumeClaimSpec."""

    volume_name: str = ""
    storage_class_name: str | None = None
    access_modes: tuple[str, ...] = ()


class PersistentVolumeClaim(Value, frozen=True, kw_only=True):
    """core/v1 PersistentVolumeClaim."""

    metadata: Meta = always(Meta())
    spec: ClaimSpec = always(ClaimSpec())


class CRDNames(Value, frozen=True, kw_only=True):
    """How a custom resource is called."""

    plural: str = ""
    kind: str = ""


class CRDVersion(Value, frozen=True, kw_only=True):
    """One version of a custom resource."""

    name: str = ""
    served: bool = False
    storage: bool = False


class CRDConversion(Value, frozen=True, kw_only=True):
    """None or Webhook."""

    strategy: str = ""


class CRDSpec(Value, frozen=True, kw_only=True):
    """apiextensions.k8s.io/v1 CustomResourceDefinitionSpec, without schemas."""

    group: str = ""
    scope: str = ""
    names: CRDNames = always(CRDNames())
    versions: tuple[CRDVersion, ...] = ()
    conversion: CRDConversion | None = None


class CustomResourceDefinition(Value, frozen=True, kw_only=True):
    """apiextensions.k8s.io/v1 CustomResourceDefinition."""

    metadata: Meta = always(Meta())
    spec: CRDSpec = always(CRDSpec())
