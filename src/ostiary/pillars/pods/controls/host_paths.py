"""Controls about directories of the node that a pod mounts, by what stands there.

A mount shows a place when it is that place, stands inside it, or stands above it; the whole root is a control of its own. Paths are read as the kernel
reads them: doubled slashes and ``/./`` mean nothing. The API server takes no path with ``..``.

>>> import re
>>> [bool(re.search(shows("/var/run"), path)) for path in ("/var", "/var//run/", "/var/run/x", "/var/runner", "/")]
[True, True, True, False, False]
"""

import re
from collections.abc import Callable, Iterator

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NIST_HOST_FILES, NIST_NODE_TRUST, NSA_PODS, cis, k8s

HOST_PATH_PAGE = k8s("concepts/storage/volumes/#hostpath")
_SLASH = "/(?:[.]?/)*"
_END = "(?:/[./]*)?$"


def shows(*places: str) -> str:
    """A regular expression (RE2 and Python) for paths that show one of these places."""
    every = [place.strip("/").split("/") for place in places]
    above = {_SLASH + written(parts[:depth]) + _END for parts in every for depth in range(1, len(parts))}
    return "^(?:" + "|".join((*sorted(above), *(_SLASH + written(parts) + "(?:/|$)" for parts in every))) + ")"


def written(parts: list[str]) -> str:
    """The same path, however its slashes are written."""
    return _SLASH.join(part.replace(".", "[.]") for part in parts)


def _mounting(pattern: str) -> Callable[[Case], Iterator[Violation]]:
    found = re.compile(pattern)

    def violations(case: Case) -> Iterator[Violation]:
        for path, _, directory in case.host_paths():
            if found.search(directory):
                yield Violation(path, directory)

    return violations


def _place(code: str, severity: Severity, title: str, pattern: str, rationale: str) -> Control:
    return Control(
        code=code,
        title=title,
        severity=severity,
        sources=(cis("5.2.12"), NSA_PODS, NIST_HOST_FILES),
        rationale=rationale,
        fix="use another kind of volume; what has to look at the node belongs in a DaemonSet of the platform, read-only",
        violations=_mounting(pattern),
        cel=Cel.of_volume(f"has(v.hostPath) && v.hostPath.path.matches('{pattern}')"),
    )


ROOT = _place("POD-152", Severity.CRITICAL, "mounts the node's root", f"^{_SLASH}[.]?$", "Everything on the node is in it.")
ETC = _place(
    "POD-153",
    Severity.HIGH,
    "mounts /etc of the node",
    shows("/etc"),
    "Accounts, cron and the settings of the kubelet stand there.",
)
KERNEL_FILES = _place(
    "POD-154",
    Severity.HIGH,
    "mounts /proc, /sys or /dev of the node",
    shows("/proc", "/sys", "/dev"),
    "They are the kernel's own controls: /proc/sys/kernel/core_pattern alone runs programs as root on the node.",
)
RUN = _place(
    "POD-155",
    Severity.HIGH,
    "mounts /run or /var/run of the node",
    shows("/run", "/var/run"),
    "Sockets of the container runtime and of other services are there; whoever may speak to them commands the node.",
)
KUBELET = _place(
    "POD-156",
    Severity.CRITICAL,
    "mounts the kubelet's directory",
    shows("/var/lib/kubelet"),
    "It holds the node's credentials and the secrets and tokens of every pod on the node.",
)
SOCKETS = (
    *("docker.sock", "containerd/containerd.sock", "crio/crio.sock", "cri-dockerd.sock"),
    *("k3s/containerd/containerd.sock", "podman/podman.sock"),
)
RUNTIME_SOCKET = _place(
    "POD-157",
    Severity.CRITICAL,
    "mounts a container runtime's socket",
    f"^{_SLASH}(?:var{_SLASH})?run{_SLASH}(?:{'|'.join(written(one.split('/')) for one in SOCKETS)}){_END}",
    "Whoever speaks to the runtime starts any container, past every check of the API server.",
)
RUNTIME_FILES = _place(
    "POD-158",
    Severity.HIGH,
    "mounts a container runtime's files",
    shows("/var/lib/containerd", "/var/lib/docker", "/var/lib/containers", "/var/lib/crio"),
    "The files of every container on the node can be read, and with a writable mount changed.",
)
CONTROL_PLANE = _place(
    "POD-159",
    Severity.CRITICAL,
    "mounts the control plane's files",
    shows("/etc/kubernetes", "/var/lib/etcd", "/var/lib/rancher", "/etc/rancher"),
    "Keys of the cluster's authorities, static pods and the database of every object stand there.",
)
LOGS = _place(
    "POD-160",
    Severity.MEDIUM,
    "mounts the node's logs",
    shows("/var/log"),
    "Logs of all pods hold secrets by mistake; with a writable mount a symbolic link there makes the kubelet show any file.",
)
SYSTEM_FILES = _place(
    "POD-161",
    Severity.HIGH,
    "mounts programs or homes of the node",
    shows("/usr", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/root", "/home", "/opt/cni"),
    "What is written there runs on the node, and keys of people lie in their homes.",
)


def _writable(case: Case) -> Iterator[Violation]:
    on_host = case.on_host()
    for path, mount in case.mounts():
        if mount.name in on_host and not mount.read_only:
            yield Violation(f"{path}.readOnly", f"{mount.name} is writable")


WRITABLE = Control(
    code="POD-162",
    title="may write to a directory of the node",
    severity=Severity.HIGH,
    sources=(NIST_HOST_FILES, NSA_PODS, HOST_PATH_PAGE),
    rationale="What a container writes to the node outlives it and may run there.",
    fix="readOnly: true, or another kind of volume",
    violations=_writable,
    cel=Cel.of_container(
        "c.?volumeMounts.orValue([]).exists(m, !m.?readOnly.orValue(false) && "
        "s.?volumes.orValue([]).exists(v, v.name == m.name && has(v.hostPath)))"
    ),
)


def _any(case: Case) -> Iterator[Violation]:
    for path, _, directory in case.host_paths():
        yield Violation(path, directory)


HOST_PATH = Control(
    code="POD-163",
    title="mounts a directory of the node",
    severity=Severity.MEDIUM,
    sources=(cis("5.2.12"), NSA_PODS, HOST_PATH_PAGE),
    rationale="It ties the pod to one node's files and shows them to whoever breaks in.",
    fix="use a PersistentVolumeClaim, an emptyDir or a CSI volume",
    violations=_any,
    cel=Cel.of_volume("has(v.hostPath)"),
)


def _creates(case: Case) -> Iterator[Violation]:
    for path, volume, _ in case.host_paths():
        if volume.host_path is not None and volume.host_path.type in ("DirectoryOrCreate", "FileOrCreate"):
            yield Violation(path.removesuffix("path") + "type", volume.host_path.type)


CREATES = Control(
    code="POD-164",
    title="makes a directory or file on the node",
    severity=Severity.LOW,
    sources=(HOST_PATH_PAGE, NIST_HOST_FILES),
    rationale="The kubelet makes it as root, wherever the pod lands, and nobody removes it.",
    fix="use Directory or File, and let the platform make it",
    violations=_creates,
    cel=Cel.of_volume("has(v.hostPath) && v.hostPath.?type.orValue('') in ['DirectoryOrCreate', 'FileOrCreate']"),
)


def _behind_claims(case: Case) -> Iterator[Violation]:
    for i, volume in enumerate(case.spec.volumes):
        claim = volume.persistent_volume_claim
        directory = case.around.claimed_paths.get((case.namespace, claim.claim_name), "") if claim else ""
        if claim and directory:
            yield Violation(f"spec.volumes[{i}].persistentVolumeClaim", f"{claim.claim_name} is {directory} of the node")


BEHIND_CLAIM = Control(
    code="POD-165",
    title="mounts a directory of the node through a claim",
    severity=Severity.HIGH,
    sources=(cis("5.1.9"), NIST_NODE_TRUST, k8s("concepts/security/rbac-good-practices/")),
    rationale="Pod Security looks at the pod and sees a claim; the PersistentVolume behind it is a hostPath.",
    fix="use storage that is not a directory of the node, and look at who may create PersistentVolumes",
    violations=_behind_claims,
)
