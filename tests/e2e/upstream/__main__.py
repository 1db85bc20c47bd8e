"""``make e2e``: the whole group directly, then through the gateway; exit code 1 when a test ends differently and nothing says why it may.

What differs is run once more, both ways: a test that fails now and then fails both ways now and then, and says nothing of a gateway. Reports and logs are left
in ``build/e2e``.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.upstream import chosen, images, through
from tests.e2e.upstream.comparison import Difference, differences
from tests.e2e.upstream.suite import Outcome, run

from ostiary.sandbox import Nodes, RunningCluster, SandboxOptions, up
from ostiary.sandbox.progress import Talk

REPORTS = Path("build/e2e")


def main() -> int:
    """Run, compare, print."""
    with tempfile.TemporaryDirectory(prefix="ostiary-e2e-") as name:
        work = Path(name)
        archive = images.archive(work / "images.tar")
        options = SandboxOptions(name=f"e2e-{os.getpid()}", nodes=Nodes("real", 1), images=(archive,), owner_pid=os.getpid())
        cluster = up(options, progress=Talk())
        try:
            return compare(cluster, work)
        finally:
            cluster.down()


def compare(cluster: RunningCluster, work: Path) -> int:
    """Both ways, and once more for what differs. The gateway's tokens live a quarter of an hour, so it is opened when it is wanted."""
    directly = _run("directly", chosen.WHOLE, cluster.kubeconfig)
    with through.gateway(cluster, work) as door:
        found = _run("through", chosen.WHOLE, door.by_name, door.hosts)
        if differing := differences(directly, found):
            again = [rf"{re.escape(one.name)}(\s|$)" for one in differing]
            found = {**found, **_run("through-again", again, door.by_name, door.hosts)}
            directly = {**directly, **_run("directly-again", again, cluster.kubeconfig)}
    return tell(directly, found, differences(directly, found))


def tell(directly: Mapping[str, Outcome], through: Mapping[str, Outcome], differing: Sequence[Difference]) -> int:
    """The result, on stdout."""
    for title, outcomes in (("directly", directly), ("through the gateway", through)):
        print(f"{title}: {sum(one.passed for one in outcomes.values())} of {len(outcomes)} passed")
    for name, one in sorted(directly.items()):
        if not one.passed and through.get(name) == one:
            print(f"both ways {one.status}: {name}: {one.why}")
    for difference in differing:
        print(f"{difference}\n  {difference.meant.reason if difference.meant else 'UNEXPLAINED'}")
    for skip in chosen.SKIPPED:
        print(f"not run: {skip.pattern}: {skip.reason}")
    return 1 if any(one.meant is None for one in differing) else 0


def _run(way: str, focus: Sequence[str], kubeconfig: Path, hosts: Path | None = None) -> Mapping[str, Outcome]:
    began = time.monotonic()
    found = run(focus, chosen.skipped(), kubeconfig, REPORTS / way, hosts)
    print(f"{way}: {len(found)} tests in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


if __name__ == "__main__":
    sys.exit(main())
