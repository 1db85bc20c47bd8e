"""Controls about whom a container runs as, and what it may become.

A container's own word counts before the pod's, field by field; absent is not the same as zero. Source: core/v1 SecurityContext.
"""

from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case, Place
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import (
    NIST_RUNTIME,
    NIST_SHARED_KERNEL,
    NSA_HARDENING,
    NSA_NON_ROOT,
    NSA_PODS,
    cis,
    k8s,
)

CONTEXT_PAGE = k8s("tasks/configure-pod-container/security-context/")
LOWEST_UID = 10000

_CEL_UID = "c.?securityContext.?runAsUser.or(s.?securityContext.?runAsUser)"
_CEL_NON_ROOT = "c.?securityContext.?runAsNonRoot.or(s.?securityContext.?runAsNonRoot).orValue(false)"
_CEL_GID = "c.?securityContext.?runAsGroup.or(s.?securityContext.?runAsGroup)"


def _uid(case: Case, place: Place) -> int | None:
    own = place.context.run_as_user
    return own if own is not None else case.context.run_as_user


def _gid(case: Case, place: Place) -> int | None:
    own = place.context.run_as_group
    return own if own is not None else case.context.run_as_group


def _non_root(case: Case, place: Place) -> bool:
    own = place.context.run_as_non_root
    return (own if own is not None else case.context.run_as_non_root) is True


def _root(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if _uid(case, place) == 0:
            yield Violation(f"{place.path}.securityContext.runAsUser", "user 0")


ROOT = Control(
    code="POD-121",
    title="runs as root",
    severity=Severity.MEDIUM,
    sources=(cis("5.2.7"), NSA_NON_ROOT),
    rationale="Root in a container is root for every hole in the kernel and every mistake in a mount.",
    fix="set runAsUser to another id, and runAsNonRoot: true",
    violations=_root,
    cel=Cel.of_container(f"{_CEL_UID}.orValue(-1) == 0"),
    linux_only=True,
)


def _maybe_root(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if _uid(case, place) is None and not _non_root(case, place):
            yield Violation(f"{place.path}.securityContext.runAsNonRoot", "the image decides whether this is root")


MAYBE_ROOT = Control(
    code="POD-122",
    title="runs as root if its image says so",
    severity=Severity.LOW,
    sources=(cis("5.2.7"), NSA_NON_ROOT),
    rationale="Most images run as root unless told otherwise, and the next build may.",
    fix="set runAsNonRoot: true",
    violations=_maybe_root,
    cel=Cel.of_container(f"!{_CEL_UID}.hasValue() && !{_CEL_NON_ROOT}"),
    linux_only=True,
)


def _low_uid(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        uid = _uid(case, place)
        if uid is not None and 0 < uid < LOWEST_UID and case.spec.host_users is not False:
            yield Violation(f"{place.path}.securityContext.runAsUser", f"user {uid}")


LOW_UID = Control(
    code="POD-123",
    title="runs as a user id that the node may use itself",
    severity=Severity.INFO,
    sources=(NIST_SHARED_KERNEL, CONTEXT_PAGE),
    rationale="Ids below 10000 may belong to a user of the node, whose files and processes an escape would then own. Not so in a user namespace.",
    fix=f"use an id of {LOWEST_UID} or above, or hostUsers: false",
    violations=_low_uid,
    cel=Cel.of_container(f"s.?hostUsers.orValue(true) && {_CEL_UID}.orValue(0) > 0 && {_CEL_UID}.orValue(0) < {LOWEST_UID}"),
    linux_only=True,
)


def _root_group(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if _gid(case, place) == 0:
            yield Violation(f"{place.path}.securityContext.runAsGroup", "group 0")


ROOT_GROUP = Control(
    code="POD-124",
    title="runs in the root group",
    severity=Severity.LOW,
    sources=(NSA_NON_ROOT, CONTEXT_PAGE),
    rationale="Files that the group root may write are writable to it, on every mount.",
    fix="set runAsGroup to another id",
    violations=_root_group,
    cel=Cel.of_container(f"{_CEL_GID}.orValue(-1) == 0"),
    linux_only=True,
)


def _root_groups(case: Case) -> Iterator[Violation]:
    if 0 in case.context.supplemental_groups:
        yield Violation("spec.securityContext.supplementalGroups", "supplementalGroups")
    if case.context.fs_group == 0:
        yield Violation("spec.securityContext.fsGroup", "fsGroup")


ROOT_GROUPS = Control(
    code="POD-125",
    title="has the root group among its groups",
    severity=Severity.LOW,
    sources=(NSA_NON_ROOT, CONTEXT_PAGE),
    rationale="supplementalGroups and fsGroup count for every container, whatever its own user is.",
    fix="use another group id",
    violations=_root_groups,
    cel=Cel.of_pod(
        "s.?securityContext.?supplementalGroups.orValue([]).exists(g, g == 0) || s.?securityContext.?fsGroup.orValue(-1) == 0"
    ),
    linux_only=True,
)


def _escalation(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if place.context.allow_privilege_escalation is not False:
            yield Violation(f"{place.path}.securityContext.allowPrivilegeEscalation", f"container {place.container.name}")


ESCALATION = Control(
    code="POD-126",
    title="may gain privileges that it did not start with",
    severity=Severity.LOW,
    sources=(cis("5.2.6"), NSA_HARDENING),
    rationale="With the kernel's no_new_privs set, setuid programs of the image gain nothing.",
    fix="set allowPrivilegeEscalation: false",
    violations=_escalation,
    cel=Cel.of_container("c.?securityContext.?allowPrivilegeEscalation.orValue(true)"),
    linux_only=True,
)


def _privileged(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if place.context.privileged and not place.init:
            yield Violation(f"{place.path}.securityContext.privileged", f"container {place.container.name}")


PRIVILEGED = Control(
    code="POD-127",
    title="privileged container",
    severity=Severity.CRITICAL,
    sources=(cis("5.2.2"), NSA_PODS, NIST_RUNTIME),
    rationale="A privileged container is the node: every device, every capability, no profile.",
    fix="remove privileged; add the one capability or device that is needed",
    violations=_privileged,
    cel=Cel.of_container(
        "c.?securityContext.?privileged.orValue(false) && !s.?initContainers.orValue([]).exists(i, i.name == c.name)"
    ),
)


def _privileged_init(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if place.context.privileged and place.init:
            yield Violation(f"{place.path}.securityContext.privileged", f"container {place.container.name}")


PRIVILEGED_INIT = Control(
    code="POD-128",
    title="privileged init container",
    severity=Severity.HIGH,
    sources=(cis("5.2.2"), NSA_PODS, NIST_RUNTIME),
    rationale="It runs for a moment and is overlooked; a moment is enough to own the node, at every start.",
    fix="do what it does to the node in a DaemonSet of the platform, or by a sysctl of the pod",
    violations=_privileged_init,
    cel=Cel.of_container(
        "c.?securityContext.?privileged.orValue(false) && s.?initContainers.orValue([]).exists(i, i.name == c.name)"
    ),
)


def _host_users(case: Case) -> Iterator[Violation]:
    if case.spec.host_users is not False and not case.spec.host_network:
        yield Violation("spec.hostUsers", "hostUsers is not false")


HOST_USERS = Control(
    code="POD-129",
    title="no user namespace of its own",
    severity=Severity.INFO,
    sources=(k8s("concepts/workloads/pods/user-namespaces/"), NIST_SHARED_KERNEL),
    rationale="In a user namespace root of the container is nobody on the node. A pod on the node's network cannot have one.",
    fix="set hostUsers: false, where the nodes' kernel, file systems and runtime know user namespaces",
    violations=_host_users,
    cel=Cel.of_pod("s.?hostUsers.orValue(true) && !s.?hostNetwork.orValue(false)"),
    linux_only=True,
)
