"""Controls about the kernel: what of /proc is masked, which parameters may be set."""

from ostiary.model.levels import Level
from ostiary.pillars.pods.standards.control import Check, Control, Variant, except_user_namespaces
from ostiary.pillars.pods.standards.posture import Posture
from ostiary.pillars.pods.standards.violation import Violation
from ostiary.pillars.pods.standards.wording import named, quoted


def _proc_mount_as(control: str) -> Check:
    def check(posture: Posture) -> Violation | None:
        bad = [
            (container, context.proc_mount)
            for container, context in posture.containers
            if context.proc_mount is not None and context.proc_mount != "Default"
        ]
        if not bad:
            return None
        containers, types = [container for container, _ in bad], sorted({said for _, said in bad})
        return Violation(
            control,
            "procMount",
            f"{named(containers)} must not set securityContext.procMount to {quoted(types)}",
            posture.fields(containers, "securityContext.procMount"),
            "remove, or set to Default",
        )

    return check


PROC_MOUNT = Control(
    "procMount",
    Level.BASELINE,
    "the usual parts of /proc are masked",
    "check_procMount_baseline.go",
    (Variant(0, _proc_mount_as("procMount")), Variant(35, except_user_namespaces(_proc_mount_as("procMount")))),
)

PROC_MOUNT_RESTRICTED = Control(
    "procMount_restricted",
    Level.RESTRICTED,
    "the usual parts of /proc are masked, in a user namespace too",
    "check_procMount_restricted.go",
    (Variant(35, _proc_mount_as("procMount_restricted"), overrides=("procMount",)),),
)

# Parameters that touch only the pod itself, by the version that came to call them safe.
_SAFE_SYSCTLS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (
        0,
        (
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ),
    ),
    (27, ("net.ipv4.ip_local_reserved_ports",)),
    (
        29,
        (
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ),
    ),
    (32, ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")),
    (37, ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat")),
)


def _sysctls_since(minor: int) -> Variant:
    safe = frozenset(name for since, names in _SAFE_SYSCTLS if since <= minor for name in names)

    def check(posture: Posture) -> Violation | None:
        said = posture.context.sysctls
        bad = [i for i, sysctl in enumerate(said) if sysctl.name not in safe] if said else ()
        if not bad:
            return None
        return Violation(
            "sysctls",
            "forbidden sysctls",
            ", ".join(said[i].name for i in bad),
            tuple(f"spec.securityContext.sysctls[{i}]" for i in bad),
            "remove",
        )

    return Variant(minor, check)


SYSCTLS = Control(
    "sysctls",
    Level.BASELINE,
    "only kernel parameters that touch the pod alone",
    "check_sysctls.go",
    tuple(_sysctls_since(minor) for minor, _ in _SAFE_SYSCTLS),
)
