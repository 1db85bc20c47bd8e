"""``make demo`` does the main job: the attack that was admitted is refused afterwards, and the shop still answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.judge("the whole demo on a real node", needs=("root", "linux"))
def test_the_demo_refuses_the_attacker_and_keeps_the_shop(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "KEEP")}
    environment["OSTIARY_STATE"] = str(tmp_path / "state")
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/01-shop/demo.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    admitted = done.stdout.index("pod/debug-tmp created (server dry run)")
    refused = done.stdout.index('violates PodSecurity "baseline:v1.37"')
    answers = "the storefront answers, and reaches payments"
    assert admitted < refused < done.stdout.rindex(answers)
    assert done.stdout.count(answers) == 2
    unknown = done.stdout.index("ostiary: dana has no live grant on demo")
    own = done.stdout.index("and cannot approve it")
    works = done.stdout.index("deployment.apps/catalogue restarted")
    ended = done.stdout.index('User "ostiary:dana" cannot list resource "pods"')
    nothing = done.stdout.index("nothing: no grant is live")
    assert unknown < own < works < ended < nothing
