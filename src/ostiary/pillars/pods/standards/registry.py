"""All controls, in the order in which the API server looks at them: baseline by id, then restricted by id."""

from ostiary.model.levels import Level
from ostiary.pillars.pods.standards.control import Check, Control, Variant
from ostiary.pillars.pods.standards.host import (
    HOST_NAMESPACES,
    HOST_PATH_VOLUMES,
    HOST_PORTS,
    HOST_PROBES,
    WINDOWS_HOST_PROCESS,
)
from ostiary.pillars.pods.standards.kernel import PROC_MOUNT, PROC_MOUNT_RESTRICTED, SYSCTLS
from ostiary.pillars.pods.standards.privileges import (
    ALLOW_PRIVILEGE_ESCALATION,
    CAPABILITIES_BASELINE,
    CAPABILITIES_RESTRICTED,
    PRIVILEGED,
    RUN_AS_NON_ROOT,
    RUN_AS_USER,
)
from ostiary.pillars.pods.standards.profiles import APP_ARMOR, SECCOMP_BASELINE, SECCOMP_RESTRICTED, SELINUX
from ostiary.pillars.pods.standards.volumes import RESTRICTED_VOLUMES

CONTROLS: tuple[Control, ...] = (
    # baseline
    APP_ARMOR,
    CAPABILITIES_BASELINE,
    HOST_NAMESPACES,
    HOST_PATH_VOLUMES,
    HOST_PORTS,
    HOST_PROBES,
    PRIVILEGED,
    PROC_MOUNT,
    SELINUX,
    SECCOMP_BASELINE,
    SYSCTLS,
    WINDOWS_HOST_PROCESS,
    # restricted
    ALLOW_PRIVILEGE_ESCALATION,
    CAPABILITIES_RESTRICTED,
    PROC_MOUNT_RESTRICTED,
    RESTRICTED_VOLUMES,
    RUN_AS_NON_ROOT,
    RUN_AS_USER,
    SECCOMP_RESTRICTED,
)


def in_force(level: Level, minor: int) -> tuple[tuple[Control, Variant], ...]:
    """The controls of a level at a minor version. Restricted takes all of baseline except what its own controls override."""
    known = [(control, variant) for control in CONTROLS if control.level <= level and (variant := control.at(minor))]
    overridden = {name for _, variant in known for name in variant.overrides}
    return tuple((control, variant) for control, variant in known if control.id not in overridden)


def checks(level: Level, minor: int) -> tuple[Check, ...]:
    """The functions of the controls in force."""
    return tuple(variant.check for _, variant in in_force(level, minor))
