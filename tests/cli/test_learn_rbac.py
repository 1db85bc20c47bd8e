"""``ostiary learn rbac`` from manifests and an audit log: what it proposes, and what it says when not everything could be seen."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.evidence.events import event, lines, on

OSTIARY = Path(sys.executable).with_name("ostiary")
MANIFESTS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: everything, namespace: shop}
rules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: shop}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: everything}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Manifests, and the log of November: every day one request from each of two pods."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/all.yaml").write_text(MANIFESTS)
    (tmp_path / "logs").mkdir()
    asked = on("get", "configmaps", namespace="shop", name="settings")
    for day in range(1, 31):
        made = (event(day * 10 + n, when=f"2026-11-{day:02}T12:00:00Z", pod=f"p{n}", **asked) for n in (1, 2))
        (tmp_path / f"logs/audit-{day:02}.log.gz").write_bytes(gzip.compress(lines(*made)))
    return tmp_path


def learn(folder: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [OSTIARY, "learn", "rbac", "manifests", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def proposal(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    (one,) = json.loads(learn(folder, *arguments, "--format", "json", code=code)[0])["policy"]["proposals"]
    return dict(one)


def test_what_was_used_is_proposed(folder: Path) -> None:
    one = proposal(folder, "--evidence", "logs")
    assert (one["outcome"], one["subject"]) == ("tighten", ["User", "system:serviceaccount:shop:web"])
    assert one["namespaced"] == {
        "shop": [{"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["settings"]}]
    }
    assert one["replaces"] == [{"kind": "RoleBinding", "namespace": "shop", "name": "web"}]


def test_the_table_and_what_is_said_beside_it(folder: Path) -> None:
    out, err = learn(folder, "--evidence", "logs")
    assert "tighten" in out
    assert "60 records from 2026-11-01T12:00:00Z to 2026-11-30T12:59:59Z" in err


def test_without_evidence_nothing_is_known(folder: Path) -> None:
    out, err = learn(folder, code=4)
    assert "there is no evidence" in out
    assert "--evidence" in err


def test_a_gap_is_said_with_file_and_line_and_nothing_is_proposed(folder: Path) -> None:
    (folder / "logs/audit-05.log").write_bytes(lines(event(level="None")))
    out, err = learn(folder, "--evidence", "logs", code=4)
    assert "not enough evidence" in out
    assert "logs/audit-05.log:1" in err
    assert "$.level" in err


def test_several_logs_and_stdin(folder: Path) -> None:
    files = sorted(map(str, (folder / "logs").iterdir()))
    one = proposal(folder, *(word for file in files for word in ("--evidence", file)))
    assert one == proposal(folder, "--evidence", "logs")
    log = b"".join(gzip.decompress(Path(file).read_bytes()) for file in files)
    done = subprocess.run(
        [OSTIARY, "learn", "rbac", "manifests", "--evidence", "-", "-f", "json"],
        cwd=folder,
        input=log,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["policy"]["proposals"] == [one]


def test_what_is_no_log_is_wrong_usage(folder: Path) -> None:
    for wrong in ("manifests", "absent"):
        out, err = learn(folder, "--evidence", wrong, code=2)
        assert out == ""
        assert wrong in err
