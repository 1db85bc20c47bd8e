"""Controls about file systems inside a container: its root, how volumes are mounted, raw devices."""

from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NIST_HOST_FILES, NSA_IMMUTABLE, k8s, nist

VOLUMES_PAGE = k8s("concepts/storage/volumes/")
_CEL_ON_HOST = "s.?volumes.orValue([]).exists(v, v.name == m.name && has(v.hostPath))"
_WRITABLE_SOURCES = ("host_path", "persistent_volume_claim", "empty_dir", "ephemeral", "nfs", "csi")


def _writable_root(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if place.context.read_only_root_filesystem is not True:
            yield Violation(f"{place.path}.securityContext.readOnlyRootFilesystem", f"container {place.container.name}")


WRITABLE_ROOT = Control(
    code="POD-166",
    title="writable root file system",
    severity=Severity.LOW,
    sources=(NSA_IMMUTABLE, nist("4.4.4 app vulnerabilities")),
    rationale="Whoever breaks in can bring tools and change the program.",
    fix="readOnlyRootFilesystem: true, and an emptyDir where the program writes",
    violations=_writable_root,
    cel=Cel.of_container("!c.?securityContext.?readOnlyRootFilesystem.orValue(false)"),
    linux_only=True,
)


def _bidirectional(case: Case) -> Iterator[Violation]:
    for path, mount in case.mounts():
        if mount.mount_propagation == "Bidirectional":
            yield Violation(f"{path}.mountPropagation", "Bidirectional")


BIDIRECTIONAL = Control(
    code="POD-167",
    title="mounts that it makes appear on the node",
    severity=Severity.HIGH,
    sources=(k8s("concepts/storage/volumes/#mount-propagation"), NIST_HOST_FILES),
    rationale="The container decides what the node and its other pods see under that path.",
    fix="remove mountPropagation; only storage drivers need it",
    violations=_bidirectional,
    cel=Cel.of_container("c.?volumeMounts.orValue([]).exists(m, m.?mountPropagation.orValue('') == 'Bidirectional')"),
)


def _from_host(case: Case) -> Iterator[Violation]:
    on_host = case.on_host()
    for path, mount in case.mounts():
        if mount.mount_propagation == "HostToContainer" and mount.name in on_host:
            yield Violation(f"{path}.mountPropagation", "HostToContainer")


FROM_HOST = Control(
    code="POD-168",
    title="mounts that the node makes later appear in it",
    severity=Severity.LOW,
    sources=(k8s("concepts/storage/volumes/#mount-propagation"),),
    rationale="What is mounted under that path tomorrow, another pod's volume perhaps, is shown too.",
    fix="remove mountPropagation",
    violations=_from_host,
    cel=Cel.of_container(
        "c.?volumeMounts.orValue([]).exists(m, m.?mountPropagation.orValue('') == 'HostToContainer' && " + _CEL_ON_HOST + ")"
    ),
)


def _sub_path(case: Case) -> Iterator[Violation]:
    on_host = case.on_host()
    for path, mount in case.mounts():
        if (mount.sub_path or mount.sub_path_expr) and mount.name in on_host and not mount.read_only:
            yield Violation(f"{path}.subPath{'Expr' if mount.sub_path_expr else ''}", mount.sub_path or mount.sub_path_expr)


SUB_PATH = Control(
    code="POD-169",
    title="writable subPath of a directory of the node",
    severity=Severity.HIGH,
    sources=("CVE-2021-25741", "CVE-2017-1002101", NIST_HOST_FILES),
    rationale="Links that the container makes while the kubelet resolves the path have led out of the directory more than once.",
    fix="mount the directory itself, read-only",
    violations=_sub_path,
    cel=Cel.of_container(
        "c.?volumeMounts.orValue([]).exists(m, (m.?subPath.orValue('') != '' || m.?subPathExpr.orValue('') != '') && "
        "!m.?readOnly.orValue(false) && " + _CEL_ON_HOST + ")"
    ),
)


def _not_recursive(case: Case) -> Iterator[Violation]:
    on_host = case.on_host()
    for path, mount in case.mounts():
        if mount.read_only and mount.recursive_read_only not in ("Enabled", "IfPossible") and mount.name in on_host:
            yield Violation(f"{path}.recursiveReadOnly", "what is mounted below stays writable")


NOT_RECURSIVE = Control(
    code="POD-170",
    title="read-only directory of the node with writable mounts below it",
    severity=Severity.LOW,
    sources=(k8s("concepts/storage/volumes/#recursive-read-only-mounts"), NIST_HOST_FILES),
    rationale="Without recursiveReadOnly the read-only flag ends at the next mount point.",
    fix="recursiveReadOnly: Enabled, or IfPossible where some nodes' runtimes do not have it",
    violations=_not_recursive,
    cel=Cel.of_container(
        "c.?volumeMounts.orValue([]).exists(m, m.?readOnly.orValue(false) && "
        "!(m.?recursiveReadOnly.orValue('') in ['Enabled', 'IfPossible']) && " + _CEL_ON_HOST + ")"
    ),
)


def _writable_volumes(case: Case) -> frozenset[str]:
    return frozenset(v.name for v in case.spec.volumes if any(getattr(v, name) is not None for name in _WRITABLE_SOURCES))


def _executable(case: Case) -> Iterator[Violation]:
    if not case.around.mount_options_seen:
        return
    writable = _writable_volumes(case)
    for path, mount in case.mounts():
        if mount.name in writable and not mount.read_only and "noexec" not in mount.bind_mount_options:
            yield Violation(f"{path}.bindMountOptions", f"{mount.name} without noexec")


EXECUTABLE = Control(
    code="POD-171",
    title="writable volume from which programs can run",
    severity=Severity.INFO,
    sources=(NSA_IMMUTABLE, "core/v1 VolumeMount.bindMountOptions (1.37, feature gate VolumeBindMountOptions)"),
    rationale="A read-only root says little while programs can be put into a volume. Judged only in a World where some pod has such options.",
    fix="bindMountOptions: [noexec, nodev, nosuid]",
    violations=_executable,
)


def _devices_and_setuid(case: Case) -> Iterator[Violation]:
    if not case.around.mount_options_seen:
        return
    outside = frozenset(v.name for v in case.spec.volumes if v.host_path or v.persistent_volume_claim or v.nfs)
    for path, mount in case.mounts():
        missing = {"nodev", "nosuid"} - set(mount.bind_mount_options)
        if mount.name in outside and missing:
            yield Violation(f"{path}.bindMountOptions", f"{mount.name} without {' and '.join(sorted(missing))}")


DEVICES_AND_SETUID = Control(
    code="POD-172",
    title="volume from elsewhere with devices and setuid programs",
    severity=Severity.INFO,
    sources=("core/v1 VolumeMount.bindMountOptions (1.37, feature gate VolumeBindMountOptions)",),
    rationale="Others write to such a volume too: a device node or a setuid program there counts in this container. Judged as POD-171 is.",
    fix="bindMountOptions: [nodev, nosuid]",
    violations=_devices_and_setuid,
)


def _block_devices(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for i, device in enumerate(place.container.volume_devices):
            yield Violation(f"{place.path}.volumeDevices[{i}]", device.name)


BLOCK_DEVICE = Control(
    code="POD-173",
    title="has a raw block device",
    severity=Severity.LOW,
    sources=(k8s("concepts/storage/persistent-volumes/#raw-block-volume-support"),),
    rationale="The container writes below every file system: what the node later mounts from it is what the container put there.",
    fix="mount a file system, unless the program is itself a database or storage engine that needs the device",
    violations=_block_devices,
    cel=Cel.of_container("c.?volumeDevices.orValue([]).size() > 0"),
)
