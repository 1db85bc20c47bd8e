"""Evaluation with a memory: replicas and their templates share a posture, and each distinct one is looked at once."""

from ostiary.model.levels import Level, Version
from ostiary.pillars.pods.makers import Maker
from ostiary.pillars.pods.standards import Violation, evaluate


class Judge:
    """Answers for one run of one verb; equal postures get equal answers, because evaluation reads nothing else."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Level, Version], tuple[Violation, ...]] = {}

    def violations(self, maker: Maker, level: Level, version: Version) -> tuple[Violation, ...]:
        """As ``standards.evaluate`` for its pod."""
        if not maker.posture:
            return evaluate(maker.pod, level, version)
        key = (maker.posture, level, version)
        if key not in self._known:
            self._known[key] = evaluate(maker.pod, level, version)
        return self._known[key]

    def tightest(self, maker: Maker, version: Version) -> Level:
        """The strictest level that admits its pod."""
        return next(level for level in reversed(Level) if not self.violations(maker, level, version))
