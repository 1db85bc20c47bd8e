"""A further control: something that security people expect of pods beyond the Pod Security Standards.

A control decides by looking at one pod in its surroundings. Where the API server could decide the same from the pod alone, the control carries the CEL
that says so, beside its function, so that the two change together; ``admission`` compiles it, and a judge compares both on a real API server.

>>> Cel.of_container("c.?securityContext.?privileged.orValue(false)").over
<Over.CONTAINER: 'container'>
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case


@dataclass(frozen=True, slots=True)
class Violation:
    """Where a pod does what it should not: a field path from the pod's root, and what stands there."""

    path: str
    detail: str


class Over(Enum):
    """What an expression is asked about, one by one."""

    CONTAINER = "container"  # c: init, ordinary and ephemeral containers
    LASTING = "lasting container"  # c: without ephemeral ones, which may not have what the control is about
    VOLUME = "volume"  # v
    POD = "pod"  # s, its spec


@dataclass(frozen=True, slots=True)
class Cel:
    """A CEL expression that is true of what violates the control. It may use ``s``, the pod's spec, besides its own subject."""

    over: Over
    bad: str

    @classmethod
    def of_container(cls, bad: str) -> "Cel":
        return cls(Over.CONTAINER, bad)

    @classmethod
    def of_lasting(cls, bad: str) -> "Cel":
        return cls(Over.LASTING, bad)

    @classmethod
    def of_volume(cls, bad: str) -> "Cel":
        return cls(Over.VOLUME, bad)

    @classmethod
    def of_pod(cls, bad: str) -> "Cel":
        return cls(Over.POD, bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control. ``sources`` name document, version and section; ``cel`` is absent where a pod alone does not tell."""

    code: str
    title: str
    severity: Severity
    sources: tuple[str, ...]
    rationale: str
    fix: str
    violations: Callable[[Case], Iterator[Violation]]
    cel: Cel | None = None
    linux_only: bool = False  # a pod that says ``os.name: windows`` is let off: validation refuses it the fields

    @property
    def applies_at_admission(self) -> bool:
        return self.cel is not None

    def of(self, case: Case) -> Iterator[Violation]:
        """Every violation of this control in a pod."""
        return iter(()) if self.linux_only and case.windows else self.violations(case)
