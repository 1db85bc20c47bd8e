"""A proof of nothing says so, where people look."""

import subprocess
import sys
from pathlib import Path

import pytest

OSTIARY = Path(sys.executable).with_name("ostiary")
PRIVILEGED = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop}
spec: {hostPID: true, containers: [{name: c, image: example.com/agent:1, securityContext: {privileged: true}}]}
"""


@pytest.mark.parametrize("pillar", ["pods", "rbac"])
def test_what_protects_nothing_is_said_to(tmp_path: Path, pillar: str) -> None:
    (tmp_path / "all.yaml").write_text(PRIVILEGED)
    done = subprocess.run([OSTIARY, "prove", pillar, "all.yaml"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("proved: Nothing is claimed")
    assert "protects nothing" in done.stderr


def test_a_claim_is_left_to_speak_for_itself(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(PRIVILEGED.partition("---\napiVersion: v1\nkind: Pod")[0])
    done = subprocess.run([OSTIARY, "prove", "pods", "all.yaml"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.startswith("proved: Every pod")
    assert "beware" not in done.stderr
