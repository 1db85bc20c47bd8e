"""Pods a second by ``evaluate``, at the newest version, on one core, without a memory of equal postures.

The alternative in the same run is the verifier's own implementation: the same question, answered by a table over plain JSON, without messages.
Exit code 1 when ``evaluate`` at restricted is under the target.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.pillars.strategies import bulk, typed

from ostiary.core.canonical import sha256
from ostiary.model.levels import NEWEST, NEWEST_MINOR, Level
from ostiary.model.meta import Ref
from ostiary.model.world import posture
from ostiary.pillars.pods.judged import Judge
from ostiary.pillars.pods.makers import Maker
from ostiary.pillars.pods.standards import evaluate
from ostiary.verifier.levels import violated

TARGET = 50_000  # pods a second at restricted
COUNT = 10_000
ROUNDS = 5


def rate(work: Callable[[], object], count: int) -> float:
    """Items a second, of the best of several rounds: the machine is shared."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return count / best


def main() -> int:
    """Measure and print."""
    pods = [typed(manifest) for manifest in bulk(COUNT, seed=1)]
    shown = [json.loads(posture(pod)) for pod in pods]
    tame = [pod for pod in pods if not evaluate(pod, Level.RESTRICTED)]
    makers = [Maker(Ref("Pod", "", ""), pod.metadata, pod, posture=sha256(posture(pod))) for pod in pods[: COUNT // 20]] * 20

    def judged() -> object:
        judge = Judge()
        return [judge.violations(maker, Level.RESTRICTED, NEWEST) for maker in makers]

    rows: Sequence[tuple[str, float]] = (
        ("evaluate, baseline", rate(lambda: [evaluate(pod, Level.BASELINE) for pod in pods], COUNT)),
        ("evaluate, restricted", rate(lambda: [evaluate(pod, Level.RESTRICTED) for pod in pods], COUNT)),
        ("evaluate, restricted, admitted pods", rate(lambda: [evaluate(pod, Level.RESTRICTED) for pod in tame], len(tame))),
        ("with a memory, 20 replicas each", rate(judged, COUNT)),
        ("verifier's table, restricted", rate(lambda: [violated(one, "restricted", NEWEST_MINOR) for one in shown], COUNT)),
    )
    restricted, table = rows[1][1], rows[-1][1]
    for name, found in rows:
        print(f"{name:<38} {found:>10,.0f} pods/s {found / table:>6.1f}x")
    print(f"{len(tame) / COUNT:.0%} of {COUNT:,} pods are admitted by restricted:{NEWEST}; ratios are to the last row")
    if restricted < TARGET:
        print(f"under the target of {TARGET:,} pods/s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
