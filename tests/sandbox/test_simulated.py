"""Simulated nodes: pods of any image run, logs and exec answer, the scheduler decides as ever."""

import json
import time
from typing import Any

import pytest
from tests.sandbox.conftest import eventually

from ostiary.sandbox import RunningCluster
from ostiary.sandbox.namespaces import fresh_namespace

pytestmark = pytest.mark.judge("simulated-nodes", needs=("linux",))


def pod(name: str, **spec: Any) -> str:
    containers = [{"name": "c", "image": "registry.example/whatever:1"}]
    return json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers, **spec}}
    )


def test_pods_run_and_answer(ostiary_simulated_cluster: RunningCluster) -> None:
    cluster = ostiary_simulated_cluster
    with fresh_namespace(cluster) as namespace:
        cluster.run("kubectl", "create", "-n", namespace, "-f", "-", stdin=pod("web"))
        cluster.run("kubectl", "wait", "-n", namespace, "--for=condition=Ready", "pod/web", "--timeout=60s")
        found = json.loads(cluster.run("kubectl", "get", "pod", "web", "-n", namespace, "-o", "json").stdout)
        assert found["status"]["phase"] == "Running"
        assert found["status"]["podIP"].startswith("10.")
        assert found["spec"]["nodeName"].startswith("simulated-")
        assert "simulated" in cluster.run("kubectl", "logs", "-n", namespace, "web").stdout
        said = cluster.run("kubectl", "exec", "-n", namespace, "web", "--", "/bin/sh", "-c", "echo here; exit 0").stdout
        assert said == "here\n"


@pytest.mark.judge("simulated-exec-is-nobody", needs=("root",))
def test_exec_is_not_root_on_this_machine(ostiary_simulated_cluster: RunningCluster) -> None:
    cluster = ostiary_simulated_cluster
    with fresh_namespace(cluster) as namespace:
        cluster.run("kubectl", "create", "-n", namespace, "-f", "-", stdin=pod("web"))
        cluster.run("kubectl", "wait", "-n", namespace, "--for=condition=Ready", "pod/web", "--timeout=60s")
        assert cluster.run("kubectl", "exec", "-n", namespace, "web", "--", "id", "-u").stdout == "65534\n"


def test_a_pod_that_no_node_can_take_stays_pending(ostiary_simulated_cluster: RunningCluster) -> None:
    cluster = ostiary_simulated_cluster
    with fresh_namespace(cluster) as namespace:
        cluster.run("kubectl", "create", "-n", namespace, "-f", "-", stdin=pod("lost", nodeSelector={"moon": "yes"}))
        cluster.run("kubectl", "wait", "-n", namespace, "--for=condition=PodScheduled=False", "pod/lost", "--timeout=60s")


def test_a_deployment_spreads_and_a_job_completes(ostiary_simulated_cluster: RunningCluster) -> None:
    cluster = ostiary_simulated_cluster
    with fresh_namespace(cluster) as namespace:
        cluster.run("kubectl", "create", "deployment", "web", "--image=i", "--replicas=6", "-n", namespace)
        cluster.run("kubectl", "rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s")
        pods = json.loads(cluster.run("kubectl", "get", "pods", "-n", namespace, "-o", "json").stdout)["items"]
        assert {item["spec"]["nodeName"] for item in pods} == {f"simulated-{number}" for number in range(3)}
        cluster.run("kubectl", "create", "job", "once", "--image=i", "-n", namespace)
        cluster.run("kubectl", "wait", "--for=condition=Complete", "job/once", "-n", namespace, "--timeout=60s")


def test_a_deleted_pod_goes_away(ostiary_simulated_cluster: RunningCluster) -> None:
    cluster = ostiary_simulated_cluster
    with fresh_namespace(cluster) as namespace:
        cluster.run("kubectl", "create", "-n", namespace, "-f", "-", stdin=pod("web"))
        cluster.run("kubectl", "wait", "-n", namespace, "--for=condition=Ready", "pod/web", "--timeout=60s")
        cluster.run("kubectl", "delete", "pod", "web", "-n", namespace, "--timeout=60s")
        assert eventually(
            lambda: not json.loads(cluster.run("kubectl", "get", "pods", "-n", namespace, "-o", "json").stdout)["items"]
        )


def test_nodes_stay_ready(ostiary_simulated_cluster: RunningCluster) -> None:
    """Leases are renewed: without them a node is NotReady 50 seconds after its first heartbeat."""
    time.sleep(1)
    leases = json.loads(
        ostiary_simulated_cluster.run("kubectl", "get", "leases", "-n", "kube-node-lease", "-o", "json").stdout
    )["items"]
    before = {lease["metadata"]["name"]: lease["spec"]["renewTime"] for lease in leases}
    assert sorted(before) == [f"simulated-{number}" for number in range(3)]

    def renewed() -> bool:
        found = json.loads(
            ostiary_simulated_cluster.run("kubectl", "get", "leases", "-n", "kube-node-lease", "-o", "json").stdout
        )["items"]
        return all(lease["spec"]["renewTime"] > before[lease["metadata"]["name"]] for lease in found)

    assert eventually(renewed, within=45)
