"""The Pod Security Standards as a table, from their text: https://kubernetes.io/docs/concepts/security/pod-security-standards/

Each row: a control, a field, what is allowed there, and in which minor versions of Kubernetes 1 it is part of baseline and of restricted. A field
starts with ``pod`` (the spec), ``each`` (every init, ordinary and ephemeral container) or ``nearest`` (a container's own, or the pod's where it has none);
``*`` is every item of a list. An absent field is None.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

NEWEST = 37
LEVELS = ("privileged", "baseline", "restricted")

ALWAYS, NEVER = range(NEWEST + 1), range(0)


def since(minor: int) -> range:
    """From that minor version on."""
    return range(minor, NEWEST + 1)


@dataclass(frozen=True)
class Row:
    """One control about one field."""

    control: str
    field: str
    allows: Callable[[Any], bool]
    baseline: range
    restricted: range
    exempt: str = ""


def _one_of(*allowed: Any) -> Callable[[Any], bool]:
    return lambda value: any(value is one or (value == one and type(value) is type(one)) for one in allowed)


def _confined(profile: Any) -> bool:
    return isinstance(profile, dict) and profile.get("type") in ("RuntimeDefault", "Localhost")


def _confined_if_said(profile: Any) -> bool:
    return profile is None or _confined(profile)


def _drops_all(capabilities: Any) -> bool:
    return isinstance(capabilities, dict) and "ALL" in capabilities.get("drop", ())


_SAFE_VOLUMES = frozenset(
    ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret")
)


def _safe_volume(volume: dict[str, Any]) -> bool:
    """A volume without a source is an emptyDir."""
    return set(volume) <= {"name"} or bool(_SAFE_VOLUMES & set(volume))


_DEFAULT_CAPABILITIES = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
_SELINUX = (None, "", "container_t", "container_init_t", "container_kvm_t")
_SYSCTLS = {
    0: "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies "
    "net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start",
    27: "net.ipv4.ip_local_reserved_ports",
    29: "net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes",
    32: "net.ipv4.tcp_rmem net.ipv4.tcp_wmem",
    37: "net.ipv4.tcp_slow_start_after_idle net.ipv4.tcp_notsent_lowat",
}


def _sysctl_rows() -> Iterator[Row]:
    starts = sorted(_SYSCTLS)
    for start, end in zip(starts, [*starts[1:], NEWEST + 1], strict=True):
        safe = " ".join(names for minor, names in _SYSCTLS.items() if minor <= start).split()
        yield Row("sysctls", "pod.securityContext.sysctls.*.name", _one_of(*safe), range(start, end), range(start, end))


_HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
_CONTEXTS = ("pod.securityContext", "each.securityContext")

TABLE: tuple[Row, ...] = (
    *(
        Row("host namespaces", f"pod.{name}", _one_of(None, False), ALWAYS, ALWAYS)
        for name in ("hostNetwork", "hostPID", "hostIPC")
    ),
    Row("hostPath volumes", "pod.volumes.*.hostPath", _one_of(None), ALWAYS, NEVER),
    Row("volume types", "pod.volumes.*", _safe_volume, NEVER, ALWAYS),
    Row("host ports", "each.ports.*.hostPort", _one_of(None, 0), ALWAYS, ALWAYS),
    *(
        Row("probe hosts", f"each.{handler}.{action}.host", _one_of(None, ""), since(34), since(34))
        for handler in _HANDLERS
        for action in ("httpGet", "tcpSocket")
    ),
    Row("privileged", "each.securityContext.privileged", _one_of(None, False), ALWAYS, ALWAYS),
    Row("capabilities", "each.securityContext.capabilities.add.*", _one_of(*_DEFAULT_CAPABILITIES), ALWAYS, range(22)),
    Row("capabilities", "each.securityContext.capabilities.add.*", _one_of("NET_BIND_SERVICE"), NEVER, range(22, 25)),
    Row("capabilities", "each.securityContext.capabilities.add.*", _one_of("NET_BIND_SERVICE"), NEVER, since(25), "windows"),
    Row("capabilities", "each.securityContext.capabilities", _drops_all, NEVER, range(22, 25)),
    Row("capabilities", "each.securityContext.capabilities", _drops_all, NEVER, since(25), "windows"),
    *(Row("host process", f"{at}.windowsOptions.hostProcess", _one_of(None, False), ALWAYS, ALWAYS) for at in _CONTEXTS),
    *(Row("AppArmor", f"{at}.appArmorProfile", _confined_if_said, ALWAYS, ALWAYS) for at in _CONTEXTS),
    *(Row("SELinux", f"{at}.seLinuxOptions.type", _one_of(*_SELINUX), range(31), range(31)) for at in _CONTEXTS),
    *(
        Row("SELinux", f"{at}.seLinuxOptions.type", _one_of(*_SELINUX, "container_engine_t"), since(31), since(31))
        for at in _CONTEXTS
    ),
    *(
        Row("SELinux", f"{at}.seLinuxOptions.{name}", _one_of(None, ""), ALWAYS, ALWAYS)
        for at in _CONTEXTS
        for name in ("user", "role")
    ),
    Row("/proc mount", "each.securityContext.procMount", _one_of(None, "Default"), range(35), ALWAYS),
    Row("/proc mount", "each.securityContext.procMount", _one_of(None, "Default"), since(35), NEVER, "user namespace"),
    *(Row("seccomp", f"{at}.seccompProfile", _confined_if_said, since(19), range(19, 25)) for at in _CONTEXTS),
    *(Row("seccomp", f"{at}.seccompProfile", _confined_if_said, NEVER, since(25), "windows") for at in _CONTEXTS),
    Row("seccomp", "nearest.securityContext.seccompProfile", _confined, NEVER, range(19, 25)),
    Row("seccomp", "nearest.securityContext.seccompProfile", _confined, NEVER, since(25), "windows"),
    *_sysctl_rows(),
    Row("privilege escalation", "each.securityContext.allowPrivilegeEscalation", _one_of(False), NEVER, range(8, 25)),
    Row("privilege escalation", "each.securityContext.allowPrivilegeEscalation", _one_of(False), NEVER, since(25), "windows"),
    Row("run as non-root", "pod.securityContext.runAsNonRoot", _one_of(None, True), NEVER, range(35)),
    Row("run as non-root", "pod.securityContext.runAsNonRoot", _one_of(None, True), NEVER, since(35), "user namespace"),
    Row("run as non-root", "nearest.securityContext.runAsNonRoot", _one_of(True), NEVER, range(35)),
    Row("run as non-root", "nearest.securityContext.runAsNonRoot", _one_of(True), NEVER, since(35), "user namespace"),
    *(Row("run as user", f"{at}.runAsUser", lambda user: user != 0, NEVER, range(23, 35)) for at in _CONTEXTS),
    *(Row("run as user", f"{at}.runAsUser", lambda user: user != 0, NEVER, since(35), "user namespace") for at in _CONTEXTS),
)

_BY_LEVEL = {
    (level, minor): tuple(row for row in TABLE if minor in getattr(row, level))
    for level in ("baseline", "restricted")
    for minor in ALWAYS
}


def violated(posture: dict[str, Any], level: str, minor: int) -> list[str]:
    """The controls that a posture ``{"annotations": ..., "spec": ...}`` violates; empty when the level admits it."""
    if level == "privileged":
        return []
    spec = posture.get("spec", {})
    containers = [one for group in ("initContainers", "containers", "ephemeralContainers") for one in spec.get(group, ())]
    exempt = _exemptions(spec)
    found = [
        row.control
        for row in _BY_LEVEL[level, minor]
        if row.exempt not in exempt and not all(row.allows(value) for value in _values(row.field, spec, containers))
    ]
    return sorted({*found, *_annotations(posture.get("annotations", {}), containers, minor)})


def _exemptions(spec: dict[str, Any]) -> set[str]:
    windows = spec.get("os", {}).get("name") == "windows"
    user_namespace = spec.get("hostUsers") is False
    return {name for name, on in (("windows", windows), ("user namespace", user_namespace)) if on}


def _values(field: str, spec: dict[str, Any], containers: list[dict[str, Any]]) -> Iterator[Any]:
    start, *keys = field.split(".")
    if start == "pod":
        yield from _dig(spec, keys)
        return
    for container in containers:
        own = list(_dig(container, keys))
        yield from _dig(spec, keys) if start == "nearest" and own == [None] else own


def _dig(value: Any, keys: list[str]) -> Iterator[Any]:
    if not keys:
        yield value
    elif keys[0] == "*":
        for item in value or ():
            yield from _dig(item, keys[1:])
    else:
        yield from _dig(value.get(keys[0]) if isinstance(value, dict) else None, keys[1:])


def _annotations(said: dict[str, str], containers: list[dict[str, Any]], minor: int) -> Iterator[str]:
    """Profiles asked for by annotation: AppArmor in every version, seccomp before v1.19."""
    app_armor = [key for key in said if key.startswith("container.apparmor.security.beta.kubernetes.io/")]
    if any(not _confining(said[key], "", "runtime/default") for key in app_armor):
        yield "AppArmor"
    prefix = "container.seccomp.security.alpha.kubernetes.io/"
    seccomp = {"seccomp.security.alpha.kubernetes.io/pod", *(prefix + one.get("name", "") for one in containers)}
    if minor < 19 and any(not _confining(said[key], "runtime/default", "docker/default") for key in seccomp & set(said)):
        yield "seccomp"


def _confining(value: str, *allowed: str) -> bool:
    return value in allowed or value.startswith("localhost/")
