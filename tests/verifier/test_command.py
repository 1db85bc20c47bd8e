"""``ostiary verify`` as people call it: exit codes, stdout and stderr, and whether a certificate is for the World at hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: example.com/web:1}]
"""


def ostiary(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-c", "from ostiary.cli.main import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Manifests and a certificate for them."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "shop.yaml").write_text(MANIFEST)
    code, said, talk = ostiary("prove", "pods", "manifests", "--certificate", "cert.json", cwd=tmp_path)
    assert code == 0, said + talk
    return tmp_path


def test_it_holds_for_the_manifests_it_was_made_for(place: Path) -> None:
    code, said, _ = ostiary("verify", "cert.json", "--source", "manifests", cwd=place)
    assert code == 0
    assert said.startswith("holds: Every pod")
    assert "shop baseline:v1.37" in said


def test_json_is_json_whatever_the_exit_code(place: Path) -> None:
    code, said, talk = ostiary("verify", "cert.json", "--format", "json", cwd=place)
    assert (code, json.loads(said)["verdict"], talk) == (0, "holds", "")
    (place / "cert.json").write_bytes((place / "cert.json").read_bytes().replace(b"baseline", b"restricted"))
    code, said, _ = ostiary("verify", "cert.json", "--format", "json", cwd=place)
    assert (code, json.loads(said)["verdict"]) == (1, "does not hold")
    code, said, _ = ostiary("verify", "nothing.json", "--format", "json", cwd=place)
    assert (code, json.loads(said)["verdict"]) == (2, "unreadable")


def test_for_other_manifests_it_does_not_hold_and_says_what_is_new(place: Path) -> None:
    (place / "manifests" / "more.yaml").write_text(
        MANIFEST.split("---")[1].replace("name: web,", "name: other,").replace(":1}", ":2}")
    )
    code, said, _ = ostiary("verify", "cert.json", "--source", "manifests", cwd=place)
    assert code == 1
    assert "it is for the World" in said
    assert "Deployment shop/other" in said


def test_what_cannot_be_read_is_said_on_stderr(place: Path) -> None:
    (place / "broken.json").write_bytes(b"\xff\x00")
    for name in ("broken.json", "missing.json", "manifests"):
        code, said, talk = ostiary("verify", name, cwd=place)
        assert (code, said) == (2, "")
        assert "unreadable" in talk
        assert "Traceback" not in talk
