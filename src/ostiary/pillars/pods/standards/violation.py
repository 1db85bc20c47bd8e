"""What a control says when a pod does not satisfy it, in the API server's own words."""

from collections.abc import Iterable

from ostiary.model.levels import Level
from ostiary.model.value import Value


class Violation(Value, frozen=True, kw_only=False):
    """One control that a pod violates. ``fields`` say where, from the pod's root; ``change`` says what to do there."""

    control: str
    reason: str
    detail: str
    fields: tuple[str, ...]
    change: str

    @property
    def message(self) -> str:
        """Reason and detail as a refusal of the API server shows them."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


def refusal(level: Level, version: object, violations: Iterable[Violation]) -> str:
    """The text with which the API server refuses a pod, after ``pods "NAME" is forbidden: ``."""
    return f'violates PodSecurity "{level}:{version}": {", ".join(found.message for found in violations)}'
