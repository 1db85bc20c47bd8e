"""What the pillar proposes: one level at one version for each namespace, and why others are left alone."""

from collections.abc import Iterator
from typing import ClassVar

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
    """``levels`` by namespace: what to enforce. ``left`` by namespace: why it stays as it is."""

    levels: dict[str, LevelVersion] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    COLUMNS: ClassVar[tuple[str, ...]] = ("NAMESPACE", "LEVEL", "WHY NOT TIGHTER")

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """The policy as people read it, one namespace a row."""
        for namespace in sorted({*self.levels, *self.left}):
            level = self.levels.get(namespace)
            yield namespace, str(level) if level else "as it is", self.left.get(namespace, "")
