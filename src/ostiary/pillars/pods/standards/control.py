"""A control: one rule of the standards, with the versions in which it reads differently."""

from collections.abc import Callable
from dataclasses import dataclass

from ostiary.model.levels import Level
from ostiary.pillars.pods.standards.posture import Posture
from ostiary.pillars.pods.standards.violation import Violation

Check = Callable[[Posture], Violation | None]

STANDARDS = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"


@dataclass(frozen=True, slots=True)
class Variant:
    """How a control reads from minor version ``since`` on. ``overrides``: controls of baseline that it takes the place of."""

    since: int
    check: Check
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    """One control. ``file`` is where upstream decides it, in ``k8s.io/pod-security-admission/policy``."""

    id: str
    level: Level
    title: str
    file: str
    variants: tuple[Variant, ...]
    source: str = STANDARDS

    def at(self, minor: int) -> Variant | None:
        """The variant in force at that minor version; None before the control came."""
        return next((variant for variant in reversed(self.variants) if variant.since <= minor), None)


def except_windows(check: Check) -> Check:
    """From v1.25 a pod that says ``os.name: windows`` is let off what only Linux knows; validation refuses it the Linux fields anyway."""

    def checked(posture: Posture) -> Violation | None:
        return None if posture.windows else check(posture)

    return checked


def except_user_namespaces(check: Check) -> Check:
    """From v1.35 a pod with ``hostUsers: false`` is let off: root inside is nobody outside (KEP-127)."""

    def checked(posture: Posture) -> Violation | None:
        return None if posture.spec.host_users is False else check(posture)

    return checked
