"""``ostiary check | learn | prove | enforce admission`` on the manifests of the example shop: each command in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ostiary.pillars.pods.admission import WORST

OSTIARY = Path(sys.executable).with_name("ostiary")
SHOP = Path(__file__).parents[2] / "examples" / "01-shop" / "manifests"
INTENT = """apiVersion: ostiary.dev/v1
kind: Intent
admission:
  controls: [POD-127, POD-157]
  everywhere: true
  defaults: [seccomp]
  exceptions:
    - {namespace: ci, kind: Deployment, name: %s, controls: [POD-127], owner: build team, reason: builds images, expires: 2099-01-31}
"""


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(place)}
    done = subprocess.run(
        [OSTIARY, *arguments], capture_output=True, text=True, cwd=place, env=environment, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def ask(place: Path, workload: str = "builder") -> None:
    (place / "ostiary.yaml").write_text(INTENT % workload)


def test_nothing_is_found_where_nothing_is_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "check", "admission", str(SHOP), "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["findings"]) == (0, [])


def test_what_is_asked_for_and_not_held_and_what_matches_nothing_are_found(tmp_path: Path) -> None:
    ask(tmp_path, "bilder")
    done = run(tmp_path, "check", "admission", str(SHOP), "--format", "json")
    found = [(one["code"], one["subject"]["name"]) for one in json.loads(done.stdout)["findings"]]
    assert found == [("POD-228", "ostiary-pod-127"), ("POD-228", "ostiary-pod-157"), ("POD-229", "bilder")]
    assert done.returncode == 1


def test_what_is_learned_leaves_out_what_the_builder_violates(tmp_path: Path) -> None:
    done = run(tmp_path, "learn", "admission", str(SHOP), "--format", "json")
    policy = json.loads(done.stdout)["policy"]
    assert done.returncode == 0
    assert set(policy["controls"]) == set(WORST) - {"POD-127"}
    assert "Deployment ci/builder" in policy["left"]["POD-127"]
    rows = run(tmp_path, "learn", "admission", str(SHOP)).stdout.splitlines()
    assert [row.split()[0] for row in rows] == ["CONTROL", *sorted(WORST)]


def test_what_is_learned_is_proved_and_what_is_asked_too_much_is_refuted_with_the_builder(tmp_path: Path) -> None:
    assert run(tmp_path, "prove", "admission", str(SHOP)).returncode == 0
    ask(tmp_path)
    assert run(tmp_path, "prove", "admission", str(SHOP)).returncode == 0
    ask(tmp_path, "other")
    done = run(tmp_path, "prove", "admission", str(SHOP), "--format", "json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["verdict"]) == (1, "refuted")
    assert [one["subject"]["name"] for one in said["witnesses"]] == ["builder"]
    assert run(tmp_path, "prove", "admission", str(SHOP), "--learned").returncode == 0


def test_no_certificate_is_pretended(tmp_path: Path) -> None:
    done = run(tmp_path, "prove", "admission", str(SHOP), "--certificate", "c.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no certificate" in done.stderr
    assert not (tmp_path / "c.json").exists()


def test_what_is_refuted_is_not_enforced(tmp_path: Path) -> None:
    ask(tmp_path, "other")
    for option in ("--gitops", "--static-files", "--save-plan"):
        done = run(tmp_path, "enforce", "admission", str(SHOP), option, "out")
        assert done.returncode == 1
        assert "refuted" in done.stdout
        assert not (tmp_path / "out").exists()


def test_manifests_are_written_stage_by_stage(tmp_path: Path) -> None:
    ask(tmp_path)
    done = run(tmp_path, "enforce", "admission", str(SHOP), "--gitops", "out")
    assert done.returncode == 0, done.stderr
    name = "validatingadmissionpolicybinding_ostiary-pod-127.yaml"
    assert f"out/enforce/{name}" in done.stdout.splitlines()
    actions = {
        stage: yaml.safe_load((tmp_path / "out" / stage / name).read_text())["spec"]["validationActions"]
        for stage in ("observe", "enforce")
    }
    assert actions == {"observe": ["Warn", "Audit"], "enforce": ["Deny", "Audit"]}
    listed = yaml.safe_load((tmp_path / "out" / "enforce" / "kustomization.yaml").read_text())["resources"]
    assert len(listed) == 6
    policy = yaml.safe_load((tmp_path / "out" / "enforce" / name.replace("policybinding", "policy")).read_text())
    assert "matches('^builder-" in policy["spec"]["variables"][-1]["expression"]


def test_files_for_the_api_server_refer_to_where_they_lie(tmp_path: Path) -> None:
    ask(tmp_path)
    done = run(tmp_path, "enforce", "admission", str(SHOP), "--static-files", "out")
    assert done.returncode == 0, done.stderr
    assert f"--admission-control-config-file={tmp_path}/out/admission-configuration.json" in done.stderr
    configuration = json.loads((tmp_path / "out" / "admission-configuration.json").read_text())
    places = [Path(one["configuration"]["staticManifestsDir"]) for one in configuration["plugins"]]
    assert places == [tmp_path / "out" / "validating", tmp_path / "out" / "mutating"]
    assert len(list(places[0].iterdir())) == 4
    assert len(list(places[1].iterdir())) == 2
    assert {str(path.relative_to(tmp_path)) for path in (tmp_path / "out").rglob("*.json")} == set(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("pods", str(SHOP), "--static-files", "out"), "--static-files is for admission"),
        (("admission", str(SHOP), "--static-files", "out", "--yes"), "do one, then the other"),
        (("admission", str(SHOP), "--static-files", "out", "--gitops", "out"), "do one, then the other"),
        (("admission", str(SHOP), "--gitops", "out", "--yes"), "do one, then the other"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run(tmp_path, "enforce", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_saved_plan_is_of_this_pillar(tmp_path: Path) -> None:
    done = run(tmp_path, "enforce", "admission", str(SHOP), "--save-plan", "plan.json")
    assert done.returncode == 0, done.stderr
    plan = json.loads((tmp_path / "plan.json").read_text())["plan"]
    assert plan["pillar"] == "admission"
    assert set(plan["policy"]["controls"]) == set(WORST) - {"POD-127"}


def test_what_the_file_cannot_mean_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "ostiary.yaml").write_text((INTENT % "builder").replace("POD-157", "POD-112"))
    done = run(tmp_path, "prove", "admission", str(SHOP))
    assert (done.returncode, done.stdout) == (2, "")
    assert "ostiary.yaml:3: admission: POD-112" in done.stderr
