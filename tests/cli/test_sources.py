"""What people may write as SOURCE, and what they are told when it is wrong: each command in a process of its own, stdout the answer alone."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

OSTIARY = Path(sys.executable).with_name("ostiary")
SHOP = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
SECRET = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {k: %s}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.yaml").write_text(SHOP + SECRET % "one")
    return tmp_path


def run(home: Path, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "HOME": str(home), **environment}
    done = subprocess.run(
        [OSTIARY, *arguments], capture_output=True, text=True, cwd=home, env=kept, input=stdin, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def digest(home: Path, source: str, stdin: str = "") -> str:
    saved = run(home, "snapshot", "save", source, "-o", "out", "--format", "json", stdin=stdin)
    assert saved.returncode == 0, saved.stderr
    return str(json.loads(saved.stdout)["digest"])


def test_directory_file_stdin_and_snapshot_are_one(home: Path) -> None:
    text = (home / "m" / "a.yaml").read_text()
    found = {digest(home, "m"), digest(home, "m/a.yaml"), digest(home, "-", text), digest(home, "out")}
    assert len(found) == 1


def test_a_snapshot_is_shown_and_compared(home: Path) -> None:
    digest(home, "m")
    shown = run(home, "snapshot", "show", "out", "--format", "json")
    assert json.loads(shown.stdout)["objects"] == {"Namespace": 1, "Secret": 1}
    assert run(home, "snapshot", "diff", "out", "m").returncode == 0
    (home / "m" / "a.yaml").write_text(SHOP + SECRET % "two")
    (home / "m" / "b.yaml").write_text("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n")
    changed = run(home, "snapshot", "diff", "out", "m", "--format", "json")
    found = json.loads(changed.stdout)
    assert changed.returncode == 1
    assert [ref["kind"] for ref in found["added"]] == ["ServiceAccount"]
    assert [ref["kind"] for ref in found["changed"]] == ["Secret"]


def test_snapshots_under_different_keys_are_compared_without_secrets(home: Path) -> None:
    digest(home, "m")
    done = run(home, "snapshot", "diff", "out", "m", OSTIARY_CONFIG=str(home / "other"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "different keys" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 2, "there is no 'nowhere'"),
        (["m", "--context", "x"], 2, "for a live cluster"),
        (["empty"], 2, "holds no manifests"),
        (["values.yaml"], 2, "holds no Kubernetes objects"),
        (["live"], 2, "no cluster is named"),
        ([], 2, "ostiary sandbox up"),
        (["live", "--kubeconfig", "nowhere"], 2, "there is no kubeconfig"),
        (["bytes.yaml"], 0, "not UTF-8"),
    ],
)
def test_a_wrong_source_is_said(home: Path, arguments: list[str], code: int, said: str) -> None:
    (home / "empty").mkdir()
    (home / "values.yaml").write_text("replicas: 1\n")
    (home / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    done = run(home, "snapshot", "save", "-o", "out", *arguments)
    assert done.returncode == code
    assert said in done.stderr


def test_a_kubeconfig_file_is_a_live_source_and_a_dead_server_is_unreachable(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = {
        "kind": "Config", "apiVersion": "v1", "current-context": "dead",
        "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": {"token": "t0ken-do-not-print"}}],
        "contexts": [{"name": "dead", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
    (home / "config").write_text(json.dumps(config))
    for arguments in (["config"], ["live", "--kubeconfig", "config"]):
        done = run(home, "check", "pods", *arguments)
        assert done.returncode == 3
        assert done.stdout == ""
        assert f"127.0.0.1:{port}" in done.stderr
        assert "context 'dead'" in done.stderr
        assert "NOT checked" in done.stderr
        assert "t0ken" not in done.stderr


def test_a_damaged_snapshot_is_refused(home: Path) -> None:
    digest(home, "m")
    data = (home / "out").read_bytes()
    (home / "out").write_bytes(data[:-1])
    done = run(home, "check", "pods", "out")
    assert done.returncode == 2
    assert "is damaged" in done.stderr


def test_the_intent_beside_is_read_and_said(home: Path) -> None:
    (home / "ostiary.yaml").write_text("apiVersion: ostiary.dev/v1\nkind: Intent\npods: {defalt: baseline}\n")
    done = run(home, "check", "pods", "m")
    assert done.returncode == 2
    assert "intent: ostiary.yaml" in done.stderr
    assert "ostiary.yaml:3: unknown key `defalt`; did you mean `default`?" in done.stderr


def test_an_intent_file_is_checked_and_its_schema_printed(home: Path) -> None:
    (home / "i.yaml").write_text("apiVersion: ostiary.dev/v1\nkind: Intent\n")
    assert run(home, "intent", "check", "i.yaml").returncode == 0
    assert json.loads(run(home, "intent", "schema").stdout)["title"] == "ostiary.yaml"
    assert run(home, "intent", "check", "nowhere").returncode == 2


def test_broken_yaml_is_never_green(home: Path) -> None:
    (home / "m" / "b.yaml").write_text("kind: [\n")
    done = run(home, "check", "pods", "m", "--format", "json")
    assert done.returncode in (1, 4)
    assert json.loads(done.stdout)["unseen"]


@pytest.mark.parametrize("form", [("--format", "json"), ("--format=json",), ("-f", "json")])
def test_an_error_is_a_json_document_when_one_was_asked_for(home: Path, form: tuple[str, ...]) -> None:
    for arguments in (
        ("check", "pods", "nowhere"),
        ("prove", "pods", "m", "--certificate", "no/where"),
        ("snapshot", "show", "m"),
    ):
        done = run(home, *arguments, *form)
        assert done.returncode in (2, 3), arguments
        json.loads(done.stdout)  # one document, though a proof was shown before its certificate could not be written
    done = run(home, "check", "pods", "nowhere", *form)
    assert json.loads(done.stdout)["exit_code"] == 2
    assert "nowhere" in done.stderr
    assert run(home, "check", "pods", "nowhere").stdout == ""
