"""``ostiary check rbac --declared``: an operator against its chart."""

import subprocess
import sys
from pathlib import Path

OSTIARY = Path(sys.executable).with_name("ostiary")
SHOP = Path(__file__).parents[2] / "examples" / "01-shop" / "manifests"
CHART = """
apiVersion: v1
kind: Namespace
metadata: {name: backup-operator}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: backup-operator}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: backup-operator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: backup-operator}
subjects: [{kind: ServiceAccount, name: backup-operator, namespace: backup-operator}]
"""
WIDER = CHART.replace("[deployments]", "[deployments, daemonsets]")


def ask(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OSTIARY, "check", *arguments], capture_output=True, text=True, check=False)


def test_more_than_the_chart_says_is_found(tmp_path: Path) -> None:
    (tmp_path / "chart.yaml").write_text(CHART)
    (tmp_path / "there.yaml").write_text(WIDER)
    done = ask("rbac", tmp_path / "there.yaml", "--declared", tmp_path / "chart.yaml")
    assert done.returncode == 1
    assert "RBAC-019  ServiceAccount backup-operator/backup-operator" in done.stdout
    assert "get,list,watch deployments,daemonsets of apps cluster-wide" in done.stdout
    assert "RBAC-019" not in ask("rbac", tmp_path / "there.yaml", "--declared", tmp_path / "there.yaml").stdout


def test_it_is_about_rbac_alone() -> None:
    done = ask("pods", SHOP, "--declared", SHOP)
    assert done.returncode == 2
    assert "ostiary check rbac --declared DIR" in done.stderr
