"""On a real API server, through the command line alone: a policy is enforced, a pod that violates it is refused, the policy is taken back, it is admitted."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.sandbox.lifecycle import RunningCluster

OSTIARY = Path(sys.executable).with_name("ostiary")
PATIENCE = 30.0
INTENT = """apiVersion: ostiary.dev/v1
kind: Intent
admission:
  controls: [POD-127, POD-147]
  namespaces: [%s]
"""
POD = """apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  containers:
    - {name: app, image: "example.com/app:1", securityContext: {privileged: %s}}
"""

pytestmark = pytest.mark.judge("admission-commands")


@pytest.fixture
def space(ostiary_cluster: RunningCluster, tmp_path: Path) -> Iterator[str]:
    """A namespace that ``ostiary.yaml`` asks for, with the account that pods run as."""
    name = f"commands-{secrets.token_hex(4)}"
    (tmp_path / "ostiary.yaml").write_text(INTENT % name)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
    made = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, account]
    kubectl(ostiary_cluster, "apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
    yield name
    kubectl(ostiary_cluster, "delete", "namespace", name, "--wait=false")


def kubectl(cluster: RunningCluster, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", *arguments], text=True, input=stdin, env=cluster.environment(), capture_output=True, check=False, timeout=60
    )


def ostiary(cluster: RunningCluster, place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**cluster.environment(), "OSTIARY_STATE": str(place / "state"), "XDG_CONFIG_HOME": str(place / "config")}
    done = subprocess.run(
        [OSTIARY, *arguments], text=True, env=environment, cwd=place, capture_output=True, check=False, timeout=120
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def attempt(cluster: RunningCluster, space: str, *, privileged: bool = True) -> subprocess.CompletedProcess[str]:
    pod = POD % ("attempt", str(privileged).lower())
    return kubectl(cluster, "create", "--namespace", space, "--dry-run=server", "--filename=-", stdin=pod)


def admitted_in_the_end(cluster: RunningCluster, space: str) -> bool:
    """A policy that is deleted holds for a moment longer."""
    deadline = time.monotonic() + PATIENCE
    while attempt(cluster, space).returncode != 0:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_enforced_by_command_refused_undone_admitted(ostiary_cluster: RunningCluster, space: str, tmp_path: Path) -> None:
    assert attempt(ostiary_cluster, space).returncode == 0
    found = ostiary(ostiary_cluster, tmp_path, "check", "admission", "--format", "json")
    assert [one["code"] for one in json.loads(found.stdout)["findings"]] == ["POD-228", "POD-228"]

    shown = ostiary(ostiary_cluster, tmp_path, "enforce", "admission")
    assert shown.returncode == 0, shown.stderr
    assert attempt(ostiary_cluster, space).returncode == 0

    done = ostiary(ostiary_cluster, tmp_path, "enforce", "admission", "--yes", "--journal", "j.jsonl", "--format", "json")
    said = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (len(said["applied"]), said["failed"]) == (6, [])
    assert len(said["trials"]) == 3
    refused = attempt(ostiary_cluster, space)
    assert refused.returncode == 1
    assert "POD-127" in refused.stderr
    assert attempt(ostiary_cluster, space, privileged=False).returncode == 0
    held = ostiary(ostiary_cluster, tmp_path, "check", "admission", "--format", "json")
    assert json.loads(held.stdout)["findings"] == []
    again = ostiary(ostiary_cluster, tmp_path, "enforce", "admission", "--yes", "--format", "json")
    assert (again.returncode, json.loads(again.stdout)["applied"]) == (0, [])

    undone = ostiary(ostiary_cluster, tmp_path, "undo", "j.jsonl", "--yes", "--format", "json")
    assert undone.returncode == 0, undone.stderr
    assert admitted_in_the_end(ostiary_cluster, space)


def test_a_saved_plan_is_stale_once_something_violates_it(ostiary_cluster: RunningCluster, space: str, tmp_path: Path) -> None:
    saved = ostiary(ostiary_cluster, tmp_path, "enforce", "admission", "--save-plan", "plan.json")
    assert saved.returncode == 0, saved.stderr
    made = kubectl(ostiary_cluster, "create", "--namespace", space, "--filename=-", stdin=POD % ("late", "true"))
    assert made.returncode == 0, made.stderr
    done = ostiary(ostiary_cluster, tmp_path, "apply", "plan.json", "--yes")
    assert done.returncode == 1
    assert f"Pod {space}/late" in done.stderr
    assert attempt(ostiary_cluster, space).returncode == 0


def test_a_saved_plan_is_applied_stage_by_stage(ostiary_cluster: RunningCluster, space: str, tmp_path: Path) -> None:
    """The first stage's own objects make the second not stale; the first refuses nothing."""
    ostiary(ostiary_cluster, tmp_path, "enforce", "admission", "--save-plan", "plan.json")
    for number, stage in enumerate(("observe", "enforce")):
        done = ostiary(ostiary_cluster, tmp_path, "apply", "plan.json", "--stage", stage, "--yes", "--journal", stage)
        assert done.returncode == 0, done.stderr
        assert attempt(ostiary_cluster, space).returncode == number
    for stage in ("enforce", "observe"):
        undone = ostiary(ostiary_cluster, tmp_path, "undo", stage, "--yes")
        assert undone.returncode == 0, undone.stderr
    assert admitted_in_the_end(ostiary_cluster, space)
