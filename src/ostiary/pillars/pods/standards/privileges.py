"""Controls about power inside a container: privileged, escalation, capabilities, users."""

from ostiary.model.levels import Level
from ostiary.pillars.pods.standards.control import Control, Variant, except_user_namespaces, except_windows
from ostiary.pillars.pods.standards.posture import Posture
from ostiary.pillars.pods.standards.violation import Violation
from ostiary.pillars.pods.standards.wording import named, quoted, setters


def _privileged(posture: Posture) -> Violation | None:
    bad = [container for container, context in posture.containers if context.privileged]
    if not bad:
        return None
    return Violation(
        "privileged",
        "privileged",
        f"{named(bad)} must not set securityContext.privileged=true",
        posture.fields(bad, "securityContext.privileged"),
        "remove, or set to false",
    )


PRIVILEGED = Control(
    "privileged", Level.BASELINE, "no container is privileged", "check_privileged.go", (Variant(0, _privileged),)
)


def _escalation(posture: Posture) -> Violation | None:
    bad = [container for container, context in posture.containers if context.allow_privilege_escalation is not False]
    if not bad:
        return None
    return Violation(
        "allowPrivilegeEscalation",
        "allowPrivilegeEscalation != false",
        f"{named(bad)} must set securityContext.allowPrivilegeEscalation=false",
        posture.fields(bad, "securityContext.allowPrivilegeEscalation"),
        "set to false",
    )


ALLOW_PRIVILEGE_ESCALATION = Control(
    "allowPrivilegeEscalation",
    Level.RESTRICTED,
    "no process gains more than its parent had, by set-user-ID files for instance",
    "check_allowPrivilegeEscalation.go",
    (Variant(8, _escalation), Variant(25, except_windows(_escalation))),
)

_DEFAULT_CAPABILITIES = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)


def _capabilities_baseline(posture: Posture) -> Violation | None:
    bad = [
        (container, context.capabilities)
        for container, context in posture.containers
        if context.capabilities is not None and not _DEFAULT_CAPABILITIES.issuperset(context.capabilities.add)
    ]
    if not bad:
        return None
    containers = [container for container, _ in bad]
    beyond = sorted({name for _, said in bad for name in said.add} - _DEFAULT_CAPABILITIES)
    return Violation(
        "capabilities_baseline",
        "non-default capabilities",
        f"{named(containers)} must not include {quoted(beyond)} in securityContext.capabilities.add",
        posture.fields(containers, "securityContext.capabilities.add"),
        f"remove {', '.join(beyond)}",
    )


CAPABILITIES_BASELINE = Control(
    "capabilities_baseline",
    Level.BASELINE,
    "no capability beyond the runtime's default set, and not NET_RAW",
    "check_capabilities_baseline.go",
    (Variant(0, _capabilities_baseline),),
)

_BIND_ONLY = frozenset(("NET_BIND_SERVICE",))


def _capabilities_restricted(posture: Posture) -> Violation | None:
    said = [(container, context.capabilities) for container, context in posture.containers]
    keeping = [container for container, capabilities in said if capabilities is None or "ALL" not in capabilities.drop]
    adding = [(container, found) for container, found in said if found is not None and not _BIND_ONLY.issuperset(found.add)]
    if not (keeping or adding):
        return None
    details: list[str] = []
    fields: tuple[str, ...] = ()
    changes: list[str] = []
    if keeping:
        details.append(f'{named(keeping)} must set securityContext.capabilities.drop=["ALL"]')
        fields += posture.fields(keeping, "securityContext.capabilities.drop")
        changes.append('set drop to ["ALL"]')
    if adding:
        containers = [container for container, _ in adding]
        beyond = sorted({name for _, found in adding for name in found.add} - _BIND_ONLY)
        details.append(f"{named(containers)} must not include {quoted(beyond)} in securityContext.capabilities.add")
        fields += posture.fields(containers, "securityContext.capabilities.add")
        changes.append(f"remove {', '.join(beyond)} from add")
    return Violation("capabilities_restricted", "unrestricted capabilities", "; ".join(details), fields, ", ".join(changes))


CAPABILITIES_RESTRICTED = Control(
    "capabilities_restricted",
    Level.RESTRICTED,
    "every capability is dropped; NET_BIND_SERVICE may be added",
    "check_capabilities_restricted.go",
    (
        Variant(22, _capabilities_restricted, overrides=("capabilities_baseline",)),
        Variant(25, except_windows(_capabilities_restricted), overrides=("capabilities_baseline",)),
    ),
)


def _run_as_non_root(posture: Posture) -> Violation | None:
    of_pod = posture.context.run_as_non_root
    denying = [container for container, context in posture.containers if context.run_as_non_root is False]
    if of_pod is False or denying:
        return Violation(
            "runAsNonRoot",
            "runAsNonRoot != true",
            f"{setters(of_pod is False, denying)} must not set securityContext.runAsNonRoot=false",
            posture.fields(denying, "securityContext.runAsNonRoot", pod=_POD_NON_ROOT if of_pod is False else ""),
            "set to true",
        )
    silent = [] if of_pod else [container for container, context in posture.containers if context.run_as_non_root is None]
    if not silent:
        return None
    return Violation(
        "runAsNonRoot",
        "runAsNonRoot != true",
        f"pod or {named(silent)} must set securityContext.runAsNonRoot=true",
        (_POD_NON_ROOT,),
        "set to true",
    )


_POD_NON_ROOT = "spec.securityContext.runAsNonRoot"

RUN_AS_NON_ROOT = Control(
    "runAsNonRoot",
    Level.RESTRICTED,
    "containers promise not to run as root",
    "check_runAsNonRoot.go",
    (Variant(0, _run_as_non_root), Variant(35, except_user_namespaces(_run_as_non_root))),
)


def _run_as_user(posture: Posture) -> Violation | None:
    pod = posture.context.run_as_user == 0
    bad = [container for container, context in posture.containers if context.run_as_user == 0]
    if not (pod or bad):
        return None
    suffix = "securityContext.runAsUser"
    return Violation(
        "runAsUser",
        "runAsUser=0",
        f"{setters(pod, bad)} must not set runAsUser=0",
        posture.fields(bad, suffix, pod=f"spec.{suffix}" if pod else ""),
        "remove, or set to another user than 0",
    )


RUN_AS_USER = Control(
    "runAsUser",
    Level.RESTRICTED,
    "nobody asks for user 0",
    "check_runAsUser.go",
    (Variant(23, _run_as_user), Variant(35, except_user_namespaces(_run_as_user))),
)
