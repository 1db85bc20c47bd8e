"""``ostiary enforce rbac`` from the command line: the shadow, the way back, and options that do not go together."""

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

OSTIARY = Path(sys.executable).with_name("ostiary")
WEB = "system:serviceaccount:shop:web"
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
kind: ClusterRole
metadata: {name: wide}
rules: [{apiGroups: [""], resources: [pods, secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: wide}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
"""


def event(day: date, number: int, resource: str) -> dict[str, Any]:
    stamp = f"{day}T10:00:00.000000Z"
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"{day}-{number}",
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/shop/{resource}/a",
        "verb": "get",
        "user": {"username": WEB, "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"]},
        "objectRef": {"resource": resource, "namespace": "shop", "name": "a", "apiVersion": "v1"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": stamp,
        "stageTimestamp": stamp,
        "annotations": {"authorization.k8s.io/decision": "allow"},
    }


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A directory with manifests, a month of audit events, and those of the week after, in which somebody needed more."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "all.yaml").write_text(MANIFESTS)
    start = date(2026, 10, 1)
    days = [start + timedelta(days=number) for number in range(45)]
    month = [event(day, 0, "pods") for day in days[:38]]
    week = [event(day, number, what) for day in days[38:] for number, what in enumerate(("pods", "secrets"))]
    for name, events in (("month", month), ("week", week)):
        (tmp_path / f"{name}.log").write_text("".join(json.dumps(one) + "\n" for one in events))
    return tmp_path


def ask(there: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OSTIARY, *arguments], capture_output=True, text=True, check=False, cwd=there)


def enforce(there: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ask(there, "enforce", "rbac", "manifests", "--evidence", "month.log", *arguments)


def test_the_shadow_of_what_was_learned_from_is_empty(there: Path) -> None:
    done = enforce(there, "--shadow", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"deniedAlready": 0, "kinds": 1, "requests": 38, "wouldDeny": []}


def test_a_saved_plan_is_asked_by_newer_evidence(there: Path) -> None:
    done = enforce(there, "--save-plan", "plan.json", "--restore-plan", "back.json")
    assert done.returncode == 0, done.stderr
    done = ask(there, "apply", "plan.json", "--source", "manifests", "--shadow", "--evidence", "week.log")
    assert done.returncode == 1, done.stderr
    assert f'{WEB}  get secrets "a" in namespace shop  7      7     2026-11-14' in done.stdout
    assert "of 14 requests of 2 kinds, 7 would have been denied; nothing was changed" in done.stderr
    plan = json.loads((there / "back.json").read_text())["plan"]
    (change,) = plan["changes"]
    assert change["after"]["roleRef"]["name"] == "wide"
    assert change["after"]["subjects"] == [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]
    assert (there / "back.json").stat().st_mode & 0o077 == 0


def test_without_evidence_nothing_is_known(there: Path) -> None:
    done = ask(there, "enforce", "rbac", "manifests", "--shadow")
    assert done.returncode == 4
    assert "give some with --evidence" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("enforce", "rbac", "manifests", "--shadow", "--yes"), "--shadow changes nothing and --yes changes the cluster"),
        (("enforce", "pods", "manifests", "--shadow"), "ostiary enforce rbac --shadow"),
        (("enforce", "pods", "manifests", "--restore-plan", "x"), "ostiary enforce rbac --restore-plan"),
        (("apply", "plan.json", "--evidence", "week.log"), "add --shadow"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(there: Path, arguments: tuple[str, ...], said: str) -> None:
    done = ask(there, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
