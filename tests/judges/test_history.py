"""The real API server keeps the old template of a DaemonSet; ostiary reads it there, and a rollback to it is what the level then refuses."""

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.kubernetes.live import read_live
from ostiary.model.levels import Level
from ostiary.model.verdict import Refutation
from ostiary.model.world import World
from ostiary.pillars import pods
from ostiary.pillars.pods import LevelVersion, PodPolicy
from ostiary.sandbox.lifecycle import RunningCluster

SOON = 30  # seconds for a controller to do its work


def kubectl(cluster: RunningCluster, *arguments: str, given: Any = None) -> subprocess.CompletedProcess[str]:
    command = [str(cluster.kubectl), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    return subprocess.run(command, input=json.dumps(given) if given else None, capture_output=True, text=True, check=False)


def daemon_set(namespace: str, **spec: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "c", "image": "ostiary.dev/none:1"}], **spec}
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": pod}
    body = {"selector": {"matchLabels": {"app": "agent"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": namespace}, "spec": body}


def revisions(cluster: RunningCluster, namespace: str, wanted: int) -> Iterator[dict[str, Any]]:
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        found = json.loads(kubectl(cluster, "get", "controllerrevisions", "-n", namespace, "-o", "json").stdout)["items"]
        if len(found) >= wanted:
            yield from found
            return
        time.sleep(0.2)
    pytest.fail(f"the controller kept fewer than {wanted} revisions within {SOON} seconds")


async def seen(cluster: RunningCluster) -> World:
    async with Client(load([cluster.kubeconfig])) as client:
        return World.of(await read_live(client, bytes(32)), today=date(2026, 11, 24))


@pytest.mark.judge("history of a DaemonSet")
async def test_a_rollback_is_refused_by_the_server_and_refutes_the_proof(
    ostiary_cluster: RunningCluster, ostiary_namespace: str
) -> None:
    kept: list[dict[str, Any]] = []
    for spec, count in (({"hostPID": True}, 1), ({"hostPID": False}, 2)):
        assert kubectl(ostiary_cluster, "apply", "-f", "-", given=daemon_set(ostiary_namespace, **spec)).returncode == 0
        kept = list(revisions(ostiary_cluster, ostiary_namespace, count))
    old = next(one["metadata"]["name"] for one in kept if one["data"]["spec"]["template"]["spec"].get("hostPID"))

    verdict = pods.prove(
        await seen(ostiary_cluster), PodPolicy(levels={ostiary_namespace: LevelVersion(Level.BASELINE, "v1.37")})
    )
    assert isinstance(verdict, Refutation)
    assert [str(witness.subject) for witness in verdict.witnesses] == [f"ControllerRevision {ostiary_namespace}/{old}"]

    label = "pod-security.kubernetes.io/enforce=baseline"
    assert kubectl(ostiary_cluster, "label", "namespace", ostiary_namespace, label, "--overwrite").returncode == 0
    assert kubectl(ostiary_cluster, "rollout", "undo", "daemonset/agent", "-n", ostiary_namespace).returncode == 0
    made = json.loads(kubectl(ostiary_cluster, "get", "daemonset", "agent", "-n", ostiary_namespace, "-o", "json").stdout)
    template = made["spec"]["template"]
    template["metadata"] = {"name": "next", "namespace": ostiary_namespace}
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    refused = kubectl(ostiary_cluster, "create", "--dry-run=server", "-f", "-", given=pod)
    assert "violates PodSecurity" in refused.stderr
