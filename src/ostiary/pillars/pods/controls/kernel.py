"""Controls about the kernel that a container shares with its node: profiles, namespaces, /proc, parameters."""

from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.model.pods import SELinuxOptions
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import (
    NIST_RUNTIME,
    NSA_HARDENING,
    NSA_PODS,
    cis,
    k8s,
)

APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
ORDINARY_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_CEL_SECCOMP = "c.?securityContext.?seccompProfile.?type.or(s.?securityContext.?seccompProfile.?type).orValue('')"
_CEL_APP_ARMOR = "c.?securityContext.?appArmorProfile.?type.or(s.?securityContext.?appArmorProfile.?type).orValue('')"
_CEL_ODD_LABEL = (
    "{0}.?user.orValue('') != '' || {0}.?role.orValue('') != '' || !({0}.?type.orValue('') in "
    f"[{', '.join(repr(name) for name in ORDINARY_TYPES)}])"
)


def _no_seccomp(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        profile = place.context.seccomp_profile or case.context.seccomp_profile
        if profile is None or not profile.type:
            yield Violation(f"{place.path}.securityContext.seccompProfile", f"container {place.container.name}")


NO_SECCOMP = Control(
    code="POD-141",
    title="no seccomp profile asked for",
    severity=Severity.MEDIUM,
    sources=(cis("5.6.2"), NSA_HARDENING, k8s("tutorials/security/seccomp/")),
    rationale="Unless the node's kubelet defaults it, every system call of the kernel is open to the container.",
    fix="securityContext.seccompProfile.type: RuntimeDefault, once for the pod",
    violations=_no_seccomp,
    cel=Cel.of_container(f"{_CEL_SECCOMP} == ''"),
    linux_only=True,
)


def _unconfined(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        profile = place.context.seccomp_profile or case.context.seccomp_profile
        if profile is not None and profile.type == "Unconfined":
            yield Violation(f"{place.path}.securityContext.seccompProfile.type", "Unconfined")


SECCOMP_OFF = Control(
    code="POD-142",
    title="seccomp switched off",
    severity=Severity.HIGH,
    sources=(cis("5.6.2"), NSA_HARDENING),
    rationale="Somebody took away the filter that stands between the container and rarely used parts of the kernel.",
    fix="RuntimeDefault, or a Localhost profile with the calls that are needed",
    violations=_unconfined,
    cel=Cel.of_container(f"{_CEL_SECCOMP} == 'Unconfined'"),
    linux_only=True,
)


def _app_armor(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        profile = place.context.app_armor_profile or case.context.app_armor_profile
        old = case.meta.annotations.kept.get(APP_ARMOR_ANNOTATION + place.container.name, "")
        if (profile.type if profile else "") == "Unconfined" or (profile is None and old == "unconfined"):
            yield Violation(f"{place.path}.securityContext.appArmorProfile.type", "Unconfined")


APP_ARMOR_OFF = Control(
    code="POD-143",
    title="AppArmor switched off",
    severity=Severity.MEDIUM,
    sources=(NSA_HARDENING, k8s("tutorials/security/apparmor/")),
    rationale="Where nodes have AppArmor, its default profile keeps containers from mounts and from parts of /proc.",
    fix="remove the profile, or set RuntimeDefault",
    violations=_app_armor,
    cel=Cel.of_container(f"{_CEL_APP_ARMOR} == 'Unconfined'"),
    linux_only=True,
)


def _odd_label(options: SELinuxOptions | None) -> bool:
    return options is not None and bool(options.user or options.role or options.type not in ORDINARY_TYPES)


def _selinux(case: Case) -> Iterator[Violation]:
    if _odd_label(case.context.se_linux_options):
        yield Violation("spec.securityContext.seLinuxOptions", "not an ordinary container's label")
    for place in case.containers:
        if _odd_label(place.context.se_linux_options):
            yield Violation(f"{place.path}.securityContext.seLinuxOptions", "not an ordinary container's label")


_CONTAINER_LABEL = _CEL_ODD_LABEL.format("c.?securityContext.?seLinuxOptions")
_POD_LABEL = _CEL_ODD_LABEL.format("s.?securityContext.?seLinuxOptions")
SELINUX_LABEL = Control(
    code="POD-144",
    title="SELinux label of its own choice",
    severity=Severity.HIGH,
    sources=(NSA_HARDENING, k8s("concepts/security/pod-security-standards/")),
    rationale="Types such as spc_t are not confined at all, and users and roles widen what a type may become.",
    fix="remove user, role and type",
    violations=_selinux,
    cel=Cel.of_container(f"{_CONTAINER_LABEL} || {_POD_LABEL}"),
    linux_only=True,
)


def _proc(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if place.context.proc_mount not in (None, "", "Default"):
            yield Violation(f"{place.path}.securityContext.procMount", str(place.context.proc_mount))


PROC_MOUNT = Control(
    code="POD-145",
    title="unmasked /proc",
    severity=Severity.HIGH,
    sources=(NIST_RUNTIME, k8s("concepts/security/pod-security-standards/")),
    rationale="What is masked there shows and changes the node's kernel.",
    fix="remove procMount",
    violations=_proc,
    cel=Cel.of_container("!(c.?securityContext.?procMount.orValue('') in ['', 'Default'])"),
    linux_only=True,
)


def _sysctls(case: Case) -> Iterator[Violation]:
    for i, sysctl in enumerate(case.context.sysctls):
        yield Violation(f"spec.securityContext.sysctls[{i}]", sysctl.name)


SYSCTLS = Control(
    code="POD-146",
    title="sets kernel parameters",
    severity=Severity.INFO,
    sources=(k8s("tasks/administer-cluster/sysctl-cluster/"),),
    rationale="Safe ones are the pod's own, and still somebody should know why they are set.",
    fix="remove those that are not needed",
    violations=_sysctls,
    cel=Cel.of_pod("s.?securityContext.?sysctls.orValue([]).size() > 0"),
    linux_only=True,
)


def _shared_processes(case: Case) -> Iterator[Violation]:
    if case.spec.share_process_namespace:
        yield Violation("spec.shareProcessNamespace", "shareProcessNamespace")


SHARED_PROCESSES = Control(
    code="POD-147",
    title="containers see each other's processes",
    severity=Severity.MEDIUM,
    sources=(k8s("tasks/configure-pod-container/share-process-namespace/"), NIST_RUNTIME),
    rationale="Environment, memory and files of every container, secrets among them, are open to the weakest one of the pod.",
    fix="remove shareProcessNamespace",
    violations=_shared_processes,
    cel=Cel.of_pod("s.?shareProcessNamespace.orValue(false)"),
)


def _host_pid(case: Case) -> Iterator[Violation]:
    if case.spec.host_pid:
        yield Violation("spec.hostPID", "hostPID")


HOST_PID = Control(
    code="POD-148",
    title="sees the node's processes",
    severity=Severity.HIGH,
    sources=(cis("5.2.3"), NSA_PODS),
    rationale="Command lines and environments of everything on the node; with ptrace or as root also a way into it.",
    fix="remove hostPID",
    violations=_host_pid,
    cel=Cel.of_pod("s.?hostPID.orValue(false)"),
)


def _host_ipc(case: Case) -> Iterator[Violation]:
    if case.spec.host_ipc:
        yield Violation("spec.hostIPC", "hostIPC")


HOST_IPC = Control(
    code="POD-149",
    title="shares memory with the node's processes",
    severity=Severity.HIGH,
    sources=(cis("5.2.4"), NSA_PODS),
    rationale="Shared memory and queues of the node's programs and of other such pods can be read and written.",
    fix="remove hostIPC",
    violations=_host_ipc,
    cel=Cel.of_pod("s.?hostIPC.orValue(false)"),
)


def _host_network(case: Case) -> Iterator[Violation]:
    if case.spec.host_network:
        yield Violation("spec.hostNetwork", "hostNetwork")


HOST_NETWORK = Control(
    code="POD-150",
    title="stands on the node's network",
    severity=Severity.HIGH,
    sources=(cis("5.2.5"), NSA_PODS),
    rationale="NetworkPolicies do not see it; loopback services of the node and the cloud's metadata service do.",
    fix="remove hostNetwork, and use a Service",
    violations=_host_network,
    cel=Cel.of_pod("s.?hostNetwork.orValue(false)"),
)


def _host_process(case: Case) -> Iterator[Violation]:
    options = case.context.windows_options
    if options is not None and options.host_process:
        yield Violation("spec.securityContext.windowsOptions.hostProcess", "hostProcess")
    for place in case.containers:
        own = place.context.windows_options
        if own is not None and own.host_process:
            yield Violation(f"{place.path}.securityContext.windowsOptions.hostProcess", "hostProcess")


HOST_PROCESS = Control(
    code="POD-151",
    title="Windows container that is a process of the node",
    severity=Severity.CRITICAL,
    sources=(cis("5.2.11"), k8s("tasks/configure-pod-container/create-hostprocess-pod/")),
    rationale="There is no container: the program runs on the node, with its account.",
    fix="remove hostProcess",
    violations=_host_process,
    cel=Cel.of_container(
        "c.?securityContext.?windowsOptions.?hostProcess.orValue(false) || "
        "s.?securityContext.?windowsOptions.?hostProcess.orValue(false)"
    ),
)
