"""Controls about the profiles that confine a process: AppArmor, seccomp, SELinux."""

from ostiary.model.levels import Level
from ostiary.model.pods import Container, Profile, SecurityContext, SELinuxOptions
from ostiary.pillars.pods.standards.control import Control, Variant, except_windows
from ostiary.pillars.pods.standards.posture import Posture
from ostiary.pillars.pods.standards.violation import Violation
from ostiary.pillars.pods.standards.wording import go_quoted, named, plural, quoted, setters

_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_CONFINING = frozenset(("RuntimeDefault", "Localhost"))


def _loose(profile: Profile | None) -> bool:
    return profile is not None and profile.type not in _CONFINING


def _app_armor_of(posture: Posture, container: Container, context: SecurityContext) -> Profile | None:
    """The container's own profile. On creation the API server copies the annotation ``unconfined`` into an absent field that would say otherwise."""
    if context.app_armor_profile is not None or not posture.annotations:
        return context.app_armor_profile
    asked = posture.annotations.get(_APP_ARMOR + container.name) == "unconfined"
    copied = asked and not posture.windows and posture.context.app_armor_profile != _UNCONFINED
    return _UNCONFINED if copied else None


_UNCONFINED = Profile(type="Unconfined")


def _bad_app_armor_annotations(posture: Posture) -> list[str]:
    return sorted(
        key
        for key, value in posture.annotations.items()
        if key.startswith(_APP_ARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )


def _app_armor(posture: Posture) -> Violation | None:
    of_pod = posture.context.app_armor_profile
    pod = _loose(of_pod)
    own = [(container, _app_armor_of(posture, container, context)) for container, context in posture.containers]
    bad = [container for container, profile in own if profile is not None and profile.type not in _CONFINING]
    keys = _bad_app_armor_annotations(posture) if posture.annotations else []
    if not (pod or bad or keys):
        return None
    types = {of_pod.type} if of_pod is not None and pod else set()
    types.update(profile.type for _, profile in own if profile is not None and profile.type not in _CONFINING)
    values = [*sorted(types), *sorted(f"{key}={go_quoted(posture.annotations[key])}" for key in keys)]
    who = [setters(pod, bad)] if pod or bad else []
    if keys:
        who.append(plural("annotation", keys))
    written = [container for container, context in posture.containers if _loose(context.app_armor_profile)]
    suffix = "securityContext.appArmorProfile.type"
    return Violation(
        "appArmorProfile",
        plural("forbidden AppArmor profile", values),
        f"{' and '.join(who)} must not set AppArmor profile type to {quoted(values)}",
        posture.fields(written, suffix, pod=f"spec.{suffix}" if pod else "")
        + tuple(f"metadata.annotations[{key}]" for key in keys),
        "remove, or set to RuntimeDefault",
    )


APP_ARMOR = Control(
    "appArmorProfile",
    Level.BASELINE,
    "AppArmor is not switched off",
    "check_appArmorProfile.go",
    (Variant(0, _app_armor),),
)


def _seccomp_annotations(posture: Posture) -> Violation | None:
    if not posture.annotations:
        return None
    keys = [_SECCOMP_POD, *(_SECCOMP_CONTAINER + container.name for container, _ in posture.containers)]
    said = [(key, posture.annotations[key]) for key in sorted(set(keys)) if key in posture.annotations]
    bad = [(key, value) for key, value in said if not _confining_annotation(value)]
    if not bad:
        return None
    listed = sorted(f"{key}={go_quoted(value)}" for key, value in bad)
    return Violation(
        "seccompProfile_baseline",
        "seccompProfile",
        f"forbidden {plural('annotation', bad)} {', '.join(listed)}",
        tuple(f"metadata.annotations[{key}]" for key, _ in bad),
        "remove, or set to runtime/default",
    )


def _confining_annotation(value: str) -> bool:
    return value in ("runtime/default", "docker/default") or value.startswith("localhost/")


def _seccomp(posture: Posture, control: str) -> Violation | None:
    of_pod = posture.context.seccomp_profile
    pod = _loose(of_pod)
    bad = [
        (container, context.seccomp_profile)
        for container, context in posture.containers
        if context.seccomp_profile is not None and context.seccomp_profile.type not in _CONFINING
    ]
    if not (pod or bad):
        return None
    types = {profile.type for _, profile in bad}
    if of_pod is not None and pod:
        types.add(of_pod.type)
    containers = [container for container, _ in bad]
    suffix = "securityContext.seccompProfile.type"
    return Violation(
        control,
        "seccompProfile",
        f"{setters(pod, containers)} must not set {suffix} to {quoted(sorted(types))}",
        posture.fields(containers, suffix, pod=_POD_SECCOMP if pod else ""),
        "set to RuntimeDefault",
    )


_POD_SECCOMP = "spec.securityContext.seccompProfile.type"


def _seccomp_baseline(posture: Posture) -> Violation | None:
    return _seccomp(posture, "seccompProfile_baseline")


def _seccomp_restricted(posture: Posture) -> Violation | None:
    loose = _seccomp(posture, "seccompProfile_restricted")
    if loose is not None or posture.context.seccomp_profile is not None:
        return loose
    silent = [container for container, context in posture.containers if context.seccomp_profile is None]
    if not silent:
        return None
    return Violation(
        "seccompProfile_restricted",
        "seccompProfile",
        f'pod or {named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
        (_POD_SECCOMP,),
        "set to RuntimeDefault",
    )


SECCOMP_BASELINE = Control(
    "seccompProfile_baseline",
    Level.BASELINE,
    "seccomp is not switched off",
    "check_seccompProfile_baseline.go",
    (Variant(0, _seccomp_annotations), Variant(19, _seccomp_baseline)),
)

SECCOMP_RESTRICTED = Control(
    "seccompProfile_restricted",
    Level.RESTRICTED,
    "seccomp is switched on",
    "check_seccompProfile_restricted.go",
    (
        Variant(19, _seccomp_restricted, overrides=("seccompProfile_baseline",)),
        Variant(25, except_windows(_seccomp_restricted), overrides=("seccompProfile_baseline",)),
    ),
)

_SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t"))
_SELINUX_TYPES_31 = _SELINUX_TYPES | {"container_engine_t"}


def _selinux(posture: Posture, types: frozenset[str]) -> Violation | None:
    def wrong(options: SELinuxOptions | None) -> bool:
        return options is not None and (options.type not in types or bool(options.user) or bool(options.role))

    of_pod = posture.context.se_linux_options
    pod = wrong(of_pod)
    bad = [container for container, context in posture.containers if wrong(context.se_linux_options)]
    if not (pod or bad):
        return None
    every = [of_pod, *(context.se_linux_options for _, context in posture.containers)]
    said = [options for options in every if options is not None]
    suffix = "securityContext.seLinuxOptions"
    return Violation(
        "seLinuxOptions",
        "seLinuxOptions",
        f"{setters(pod, bad)} set forbidden securityContext.seLinuxOptions: {_selinux_detail(said, types)}",
        posture.fields(bad, suffix, pod=f"spec.{suffix}" if pod else ""),
        "remove",
    )


def _selinux_detail(said: list[SELinuxOptions], types: frozenset[str]) -> str:
    beyond = sorted({options.type for options in said} - types)
    details = [f"{plural('type', beyond)} {quoted(beyond)}"] if beyond else []
    if any(options.user for options in said):
        details.append("user may not be set")
    if any(options.role for options in said):
        details.append("role may not be set")
    return "; ".join(details)


def _selinux_0(posture: Posture) -> Violation | None:
    return _selinux(posture, _SELINUX_TYPES)


def _selinux_31(posture: Posture) -> Violation | None:
    return _selinux(posture, _SELINUX_TYPES_31)


SELINUX = Control(
    "seLinuxOptions",
    Level.BASELINE,
    "SELinux type from a short list, no user or role of one's own",
    "check_seLinuxOptions.go",
    (Variant(0, _selinux_0), Variant(31, _selinux_31)),
)
