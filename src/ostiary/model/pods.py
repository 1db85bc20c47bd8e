"""A pod as the pillars see it: what it may do on its node, what it mounts, whom it runs as.

Field names are those of ``core/v1`` PodSpec. Command lines, arguments, environment values and probe commands are sealed: they hold passwords.
"""

from collections.abc import Iterator

from msgspec import field

from ostiary.model.meta import Meta
from ostiary.model.sealed import Sealed
from ostiary.model.value import Present, Value, always


class SELinuxOptions(Value, frozen=True, kw_only=True):
    """core/v1 SELinuxOptions."""

    user: str = ""
    role: str = ""
    type: str = ""
    level: str = ""


class Profile(Value, frozen=True, kw_only=True):
    """A seccomp or AppArmor profile: RuntimeDefault, Localhost or Unconfined."""

    type: str = ""
    localhost_profile: str = ""


class WindowsOptions(Value, frozen=True, kw_only=True):
    """core/v1 WindowsSecurityContextOptions."""

    host_process: bool | None = None
    run_as_user_name: str = ""


class Sysctl(Value, frozen=True, kw_only=True):
    """One kernel parameter of a pod."""

    name: str = ""


class Capabilities(Value, frozen=True, kw_only=True):
    """Linux capabilities added to and dropped from the runtime's default set."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class PodSecurityContext(Value, frozen=True, kw_only=True):
    """core/v1 PodSecurityContext; None is "not said", which is not the same as False or 0."""

    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsOptions | None = None
    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    supplemental_groups: tuple[int, ...] = ()
    fs_group: int | None = None
    sysctls: tuple[Sysctl, ...] = ()
    seccomp_profile: Profile | None = None
    app_armor_profile: Profile | None = None


class SecurityContext(Value, frozen=True, kw_only=True):
    """core/v1 SecurityContext of one container."""

    capabilities: Capabilities | None = None
    privileged: bool | None = None
    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsOptions | None = None
    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    proc_mount: str | None = None
    seccomp_profile: Profile | None = None
    app_armor_profile: Profile | None = None


class KeyRef(Value, frozen=True, kw_only=True):
    """A key of a Secret or ConfigMap."""

    name: str = ""
    key: str = ""
    optional: bool = False


class EnvSource(Value, frozen=True, kw_only=True):
    """Where an environment variable comes from when not from the manifest itself."""

    secret_key_ref: KeyRef | None = None
    config_map_key_ref: KeyRef | None = None


class EnvVar(Value, frozen=True, kw_only=True):
    """One environment variable; its value is sealed."""

    name: str = ""
    value: Sealed | None = None
    value_from: EnvSource | None = None


class EnvFrom(Value, frozen=True, kw_only=True):
    """All keys of a Secret or ConfigMap as environment variables."""

    secret_ref: KeyRef | None = None
    config_map_ref: KeyRef | None = None


class VolumeMount(Value, frozen=True, kw_only=True):
    """Where a volume appears in a container."""

    name: str = ""
    mount_path: str = ""
    sub_path: str = ""
    sub_path_expr: str = ""
    read_only: bool = False
    recursive_read_only: str = ""
    mount_propagation: str = ""
    bind_mount_options: tuple[str, ...] = ()


class VolumeDevice(Value, frozen=True, kw_only=True):
    """A block device, raw, in a container."""

    name: str = ""
    device_path: str = ""


class ContainerPort(Value, frozen=True, kw_only=True):
    """A port that a container says it listens on."""

    name: str = ""
    container_port: int = 0
    host_port: int = 0
    protocol: str = always("TCP")


class HTTPGet(Value, frozen=True, kw_only=True):
    """An HTTP probe; ``host`` set means that the kubelet asks somebody else than the pod."""

    host: str = ""


class TCPSocket(Value, frozen=True, kw_only=True):
    """A TCP probe."""

    host: str = ""


class Exec(Value, frozen=True, kw_only=True):
    """A command run inside the container."""

    command: tuple[Sealed, ...] = ()


class Handler(Value, frozen=True, kw_only=True):
    """What a probe or a lifecycle hook does."""

    exec: Exec | None = None
    http_get: HTTPGet | None = None
    tcp_socket: TCPSocket | None = None


class Lifecycle(Value, frozen=True, kw_only=True):
    """Hooks of a container."""

    post_start: Handler | None = None
    pre_stop: Handler | None = None


class Resources(Value, frozen=True, kw_only=True):
    """Requests and limits, by resource name; quantities as written."""

    limits: dict[str, str | int | float] = field(default_factory=dict)
    requests: dict[str, str | int | float] = field(default_factory=dict)


class Container(Value, frozen=True, kw_only=True):
    """A container, init container or ephemeral container."""

    name: str = ""
    image: str = ""
    image_pull_policy: str = ""
    command: tuple[Sealed, ...] = ()
    args: tuple[Sealed, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFrom, ...] = ()
    resources: Resources = always(Resources())
    volume_mounts: tuple[VolumeMount, ...] = ()
    volume_devices: tuple[VolumeDevice, ...] = ()
    liveness_probe: Handler | None = None
    readiness_probe: Handler | None = None
    startup_probe: Handler | None = None
    lifecycle: Lifecycle | None = None
    restart_policy: str = ""
    security_context: SecurityContext | None = None


class HostPath(Value, frozen=True, kw_only=True):
    """A directory or socket of the node."""

    path: str = ""
    type: str = ""


class SecretVolume(Value, frozen=True, kw_only=True):
    """A Secret as files."""

    secret_name: str = ""
    optional: bool = False


class ConfigMapVolume(Value, frozen=True, kw_only=True):
    """A ConfigMap as files."""

    name: str = ""
    optional: bool = False


class ServiceAccountTokenProjection(Value, frozen=True, kw_only=True):
    """A token of the pod's own service account, for an audience."""

    audience: str = ""
    expiration_seconds: int | None = None


class PodCertificateProjection(Value, frozen=True, kw_only=True):
    """A certificate of the pod, from a signer."""

    signer_name: str = ""
    key_type: str = ""


class Projection(Value, frozen=True, kw_only=True):
    """One source of a projected volume."""

    secret: ConfigMapVolume | None = None
    config_map: ConfigMapVolume | None = None
    downward_api: Present | None = field(name="downwardAPI", default=None)
    service_account_token: ServiceAccountTokenProjection | None = None
    cluster_trust_bundle: Present | None = None
    pod_certificate: PodCertificateProjection | None = None


class ProjectedVolume(Value, frozen=True, kw_only=True):
    """Several sources under one mount."""

    sources: tuple[Projection, ...] = ()


class ClaimVolume(Value, frozen=True, kw_only=True):
    """A PersistentVolumeClaim; what is behind it stands in the PersistentVolume."""

    claim_name: str = ""
    read_only: bool = False


class CSIVolume(Value, frozen=True, kw_only=True):
    """An inline CSI volume."""

    driver: str = ""


class EmptyDirVolume(Value, frozen=True, kw_only=True):
    """Scratch space of a pod on its node, or in its memory."""

    medium: str = ""
    size_limit: str | int | float | None = None


class ImageVolume(Value, frozen=True, kw_only=True):
    """The files of an image, read-only."""

    reference: str = ""
    pull_policy: str = ""


class Volume(Value, frozen=True, kw_only=True):
    """A volume: exactly one source is set. Sources that no pillar looks into are kept as Present."""

    name: str = ""
    host_path: HostPath | None = None
    secret: SecretVolume | None = None
    config_map: ConfigMapVolume | None = None
    projected: ProjectedVolume | None = None
    persistent_volume_claim: ClaimVolume | None = None
    csi: CSIVolume | None = None
    empty_dir: EmptyDirVolume | None = None
    downward_api: Present | None = field(name="downwardAPI", default=None)
    ephemeral: Present | None = None
    image: ImageVolume | None = None
    gce_persistent_disk: Present | None = None
    aws_elastic_block_store: Present | None = field(name="awsElasticBlockStore", default=None)
    git_repo: Present | None = None
    nfs: Present | None = None
    iscsi: Present | None = None
    glusterfs: Present | None = None
    rbd: Present | None = None
    flex_volume: Present | None = None
    cinder: Present | None = None
    cephfs: Present | None = None
    flocker: Present | None = None
    fc: Present | None = None
    azure_file: Present | None = None
    vsphere_volume: Present | None = None
    quobyte: Present | None = None
    azure_disk: Present | None = None
    photon_persistent_disk: Present | None = None
    portworx_volume: Present | None = None
    scale_io: Present | None = field(name="scaleIO", default=None)
    storageos: Present | None = None


class PodOS(Value, frozen=True, kw_only=True):
    """linux or windows."""

    name: str = ""


class ImagePullSecret(Value, frozen=True, kw_only=True):
    """A Secret with registry credentials."""

    name: str = ""


class Toleration(Value, frozen=True, kw_only=True):
    """A taint that a pod puts up with. Operator empty means Equal; key empty with Exists means every taint."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class PodSpec(Value, frozen=True, kw_only=True):
    """core/v1 PodSpec. ``service_account_name`` empty means ``default``, as the API server reads it."""

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    ephemeral_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    service_account_name: str = ""
    automount_service_account_token: bool | None = None
    node_name: str = ""
    tolerations: tuple[Toleration, ...] = ()
    priority_class_name: str = ""
    resources: Resources = always(Resources())
    host_network: bool = False
    host_pid: bool = field(name="hostPID", default=False)
    host_ipc: bool = field(name="hostIPC", default=False)
    host_users: bool | None = None
    share_process_namespace: bool | None = None
    os: PodOS | None = None
    runtime_class_name: str | None = None
    image_pull_secrets: tuple[ImagePullSecret, ...] = ()
    security_context: PodSecurityContext | None = None

    @property
    def service_account(self) -> str:
        return self.service_account_name or "default"

    def all_containers(self) -> Iterator[Container]:
        """Init, ordinary and ephemeral containers, in the order in which the API server looks at them."""
        yield from self.init_containers
        yield from self.containers
        yield from self.ephemeral_containers


class PodStatus(Value, frozen=True, kw_only=True):
    """What became of a pod."""

    phase: str = ""
    pod_ip: str = field(name="podIP", default="")


class Pod(Value, frozen=True, kw_only=True):
    """A pod that exists."""

    metadata: Meta = always(Meta())
    spec: PodSpec = always(PodSpec())
    status: PodStatus = always(PodStatus())


class PodTemplate(Value, frozen=True, kw_only=True):
    """The pod that a workload would make."""

    metadata: Meta = always(Meta())
    spec: PodSpec = always(PodSpec())
