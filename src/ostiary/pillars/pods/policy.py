"""What the pillar proposes: one level at one version for each namespace, and why others are left alone."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from msgspec import field

from ostiary.core.errors import BadInput
from ostiary.model.levels import Level, Version
from ostiary.model.value import Value


class LevelVersion(Value, frozen=True, kw_only=False):
    """A level at a version, as the API server writes it: ``restricted:v1.37``."""

    level: Level
    version: str

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"

    @property
    def parsed(self) -> Version:
        """The version as a value. ``latest`` is none: a cluster upgrade would change what was proved."""
        version = Version.parse(self.version)
        if version is None:
            raise BadInput(f"{self.version!r} is not a version of the Pod Security levels", todo="name one such as v1.37")
        return version


class PodPolicy(Value, frozen=True, kw_only=True):
    """By namespace: ``levels``, what to enforce; ``because``, what keeps it from being tighter; ``left``, why others stay as they are."""

    levels: dict[str, LevelVersion] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    because: dict[str, str] = field(default_factory=dict)

    COLUMNS: ClassVar[tuple[str, ...]] = ("NAMESPACE", "LEVEL", "WHY NOT TIGHTER")

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """The policy as people read it, one namespace a row."""
        for namespace in sorted({*self.levels, *self.left}):
            level = self.levels.get(namespace)
            why = self.left.get(namespace) or self.because.get(namespace, "")
            yield namespace, str(level) if level else "as it is", why


def of_certificate(certificate: Mapping[str, Any]) -> PodPolicy:
    """The policy that a certificate is about."""
    said = certificate["policy"].items()
    return PodPolicy(levels={name: LevelVersion(Level(one["level"]), one["version"]) for name, one in said})
