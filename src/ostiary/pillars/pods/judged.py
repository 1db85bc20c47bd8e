"""Evaluation with a memory: replicas and their templates share a posture, and each distinct one is looked at once."""

from ostiary.model.levels import Level, Version
from ostiary.model.pods import Pod, PodTemplate
from ostiary.model.world import posture
from ostiary.pillars.pods.standards import Violation, evaluate


class Judge:
    """Answers for one run of one verb; equal postures get equal answers, because evaluation reads nothing else."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, Level, Version], tuple[Violation, ...]] = {}

    def violations(self, pod: Pod | PodTemplate, level: Level, version: Version) -> tuple[Violation, ...]:
        """As ``standards.evaluate``."""
        key = (posture(pod), level, version)
        if key not in self._known:
            self._known[key] = evaluate(pod, level, version)
        return self._known[key]

    def tightest(self, pod: Pod | PodTemplate, version: Version) -> Level:
        """The strictest level that admits the pod."""
        return next(level for level in reversed(Level) if not self.violations(pod, level, version))
