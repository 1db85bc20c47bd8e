"""Patches judged: kubectl and kustomize apply them, the real API server then admits at restricted, and a real node runs what is said to hold."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.pillars.strategies import bulk

from ostiary.cli.harden import Asked, learn_more
from ostiary.cli.output import Format
from ostiary.cli.patches import files
from ostiary.cli.source import read_world
from ostiary.core.errors import Refused
from ostiary.model.levels import Level
from ostiary.pillars.pods.harden import Hardening, harden
from ostiary.sandbox.lifecycle import RunningCluster

SHOP = Path(__file__).parents[2] / "examples" / "01-shop" / "manifests"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.37"}
GENERATED = 150
MAIN = "from ostiary.cli.main import main; main()"


def write(directory: Path, found: list[Hardening]) -> None:
    for name, text in files(found).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)


def documents(text: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(text) if one]


@pytest.mark.judge("harden-kustomize")
def test_kustomize_takes_the_component_and_no_workload_of_it_is_refused(
    ostiary_cluster: RunningCluster, tmp_path: Path
) -> None:
    found = list(harden(read_world(str(SHOP))))
    patches, overlay, base = (tmp_path / name for name in ("patches", "overlay", "base"))
    write(patches, found)
    for directory in (overlay, base):
        directory.mkdir()
    for file in SHOP.iterdir():
        (base / file.name).write_text(file.read_text())
    (base / "kustomization.yaml").write_text(yaml.safe_dump({"resources": sorted(file.name for file in SHOP.iterdir())}))
    (overlay / "kustomization.yaml").write_text(
        yaml.safe_dump({"resources": ["../base"], "components": ["../patches", "../patches/undecided"]})
    )
    built = ostiary_cluster.run("kubectl", "kustomize", str(overlay)).stdout
    (tmp_path / "built.yaml").write_text(built)
    after = list(harden(read_world(str(tmp_path / "built.yaml"))))
    assert {str(one.workload): one.edits for one in after} == {str(one.workload): () for one in found}
    assert {one.workload.name for one in after if one.now.level is not Level.RESTRICTED} == {"node-agent"}


@pytest.mark.judge("harden-patch")
def test_kubectl_patches_generated_deployments_and_the_api_server_admits_them(
    ostiary_cluster: RunningCluster, ostiary_namespace: str, tmp_path: Path
) -> None:
    """Everything that the API server takes as a Deployment is patched; a pod of each patched template is then tried at restricted."""
    made = [_deployment(f"d{i}", pod, ostiary_namespace) for i, pod in enumerate(bulk(GENERATED, 11))]
    valid = [one for one in made if _created(ostiary_cluster, one)]
    assert len(valid) > GENERATED // 2
    ostiary_cluster.run(
        "kubectl", "label", "namespace", ostiary_namespace, *(f"{key}={value}" for key, value in RESTRICTED.items())
    )
    world = read_world(str(ostiary_cluster.kubeconfig))
    found = [one for one in harden(world) if one.workload.kind == "Deployment" and one.workload.namespace == ostiary_namespace]
    assert len(found) == len(valid)
    tried = 0
    for one in found:
        if not one.patch or one.after.level is not Level.RESTRICTED:
            continue
        tried += 1
        file = tmp_path / f"{one.workload.name}.yaml"
        file.write_text(yaml.safe_dump(one.patch))
        patch = ("--type", "strategic", "--patch-file", str(file), "-o", "json")
        said = ostiary_cluster.run("kubectl", "patch", "-n", ostiary_namespace, "deployment", one.workload.name, *patch)
        template = json.loads(said.stdout)["spec"]["template"]
        template["metadata"] = {**template["metadata"], "name": f"try-{one.workload.name}"}
        body = json.dumps({"apiVersion": "v1", "kind": "Pod", **template})
        done = ostiary_cluster.run(
            "kubectl", "create", "--dry-run=server", "-n", ostiary_namespace, "-f", "-", stdin=body, check=False
        )
        assert done.returncode == 0, f"{one.patch}\n{done.stderr}"
    assert tried > GENERATED // 4


def _deployment(name: str, pod: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = {"labels": {"app": name}, "annotations": pod["metadata"].get("annotations") or {}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": {"metadata": metadata, "spec": pod["spec"]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _created(cluster: RunningCluster, manifest: dict[str, Any]) -> bool:
    return cluster.run("kubectl", "create", "-f", "-", stdin=json.dumps(manifest), check=False).returncode == 0


@pytest.mark.judge("harden-try", needs="root")
def test_patched_pods_run_on_a_real_node(ostiary_real_cluster: RunningCluster, tmp_path: Path) -> None:
    cluster = ostiary_real_cluster
    cluster.run("kubectl", "apply", "-f", str(SHOP))
    cluster.run("kubectl", "apply", "-f", "-", stdin=json.dumps(_writer()))
    for workload in ("deployment/catalogue", "deployment/writer"):
        cluster.run("kubectl", "-n", "shop", "rollout", "status", workload, "--timeout=90s")
    command = [sys.executable, "-c", MAIN, "learn", "pods", "--workloads", "--try", "--format", "json"]
    done = subprocess.run(command, env=cluster.environment(), capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    tried = {
        one["workload"]["name"]: {trial["step"]: (trial["outcome"], trial["why"]) for trial in one["tried"]}
        for one in json.loads(done.stdout)["workloads"]
    }
    assert tried["catalogue"]["the patch"] == ("held", "")
    outcome, why = tried["writer"]["a read-only root"]
    assert outcome == "failed"
    assert "read-only" in why
    left = cluster.run("kubectl", "get", "pods", "-A", "-l", "ostiary.dev/trial", "-o", "name").stdout
    assert left == ""


def _writer() -> dict[str, Any]:
    """It writes its root file system at its start, as many do; in a place where its user may."""
    shell = "echo started > /tmp/state && exec sleep 3600"
    container = {
        "name": "w",
        "image": "ostiary.local/busybox:1",
        "imagePullPolicy": "Never",
        "command": ["/bin/sh", "-c", shell],
    }
    template = {"metadata": {"labels": {"app": "writer"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "writer"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "writer", "namespace": "shop"}, "spec": spec}


@pytest.mark.judge("harden-refuses")
def test_a_sandbox_without_a_real_node_is_refused(ostiary_cluster: RunningCluster) -> None:
    where = (str(ostiary_cluster.kubeconfig), None, None, None)
    with pytest.raises(Refused, match="no real node"):
        learn_more("pods", Asked(workloads=True, trial=True), where, lambda: pytest.fail("read before refusing"), Format.JSON)
