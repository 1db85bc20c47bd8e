"""What a trial pod's status says: every way in which the kubelet tells that a patch was too tight, and what is no answer."""

from typing import Any

import pytest

from ostiary.adapters.kubernetes.access import Access
from ostiary.core.errors import Refused
from ostiary.model.plan import Target
from ostiary.sandbox.fate import FAILED, HELD, NOT_TRIED, UNCLEAR, broken_container, fate, node_trouble, settled, why_in_log
from ostiary.sandbox.tryout import LABEL, require_sandbox, trial_pod

ROOT = "container has runAsNonRoot and image will run as root"


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {
        "status": {
            "containerStatuses": [{"name": "a", "image": "i", "state": {"waiting": {"reason": reason, "message": message}}}]
        }
    }


def ended(code: int, **more: str) -> dict[str, Any]:
    state = {"terminated": {"exitCode": code, **more}}
    return {"status": {"phase": "Failed" if code else "Succeeded", "containerStatuses": [{"name": "a", "state": state}]}}


@pytest.mark.parametrize(
    ("pod", "outcome", "why"),
    [
        (waiting("CreateContainerConfigError", ROOT), FAILED, f"a: {ROOT}"),
        (waiting("ErrImageNeverPull"), NOT_TRIED, "the image i is not on the node"),
        (ended(1, reason="Error"), FAILED, "a ended with exit code 1"),
        (
            ended(128, reason="StartError", message="exec: permission denied"),
            FAILED,
            "a ended with exit code 128: exec: permission denied",
        ),
        (ended(0), HELD, ""),
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, HELD, ""),
        (
            {
                "status": {
                    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"}]
                }
            },
            UNCLEAR,
            "it fits on no node: no",
        ),
    ],
)
def test_a_status_that_says_something(pod: dict[str, Any], outcome: str, why: str) -> None:
    said = fate(pod)
    assert said is not None
    assert (said.outcome, said.why) == (outcome, why)


@pytest.mark.parametrize(
    "pod", [{}, {"status": {}}, waiting("ContainerCreating"), waiting("PodInitializing"), {"status": {"phase": "Running"}}]
)
def test_a_status_that_says_nothing_yet(pod: dict[str, Any]) -> None:
    assert fate(pod) is None


def test_time_over() -> None:
    running = {"status": {"containerStatuses": [{"name": "a", "state": {"running": {}}}]}}
    assert settled(running, 40).outcome == FAILED
    assert settled({}, 40).outcome == UNCLEAR


def test_the_log_is_read_for_known_refusals_and_quoted_nowhere() -> None:
    assert "read-only" in why_in_log("open /var/run/x secret=hunter2: Read-only file system")
    assert "hunter2" not in why_in_log("open /var/run/x secret=hunter2: Read-only file system")
    assert why_in_log("all is well") == ""
    assert broken_container(ended(1)) == "a"
    assert broken_container(ended(0)) == ""


def test_the_trial_pod_is_reached_by_nobody_and_pulls_nothing() -> None:
    target = Target(api_version="apps/v1", kind="StatefulSet", resource="statefulsets", namespace="n", name="db")
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"nodeName": "x", "containers": [{"name": "a", "image": "i"}]}}
    owner = {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}
    made = trial_pod(target, owner, template, "ab12", 70)
    assert made["metadata"] == {"name": "try-db-ab12", "namespace": "n", "labels": {LABEL: "ab12"}}
    assert made["spec"]["containers"][0]["imagePullPolicy"] == "Never"
    assert made["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]
    assert "nodeName" not in made["spec"]
    assert template["spec"] == {"nodeName": "x", "containers": [{"name": "a", "image": "i"}]}


def test_nothing_is_started_on_a_cluster_that_is_no_sandbox(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path))
    with pytest.raises(Refused, match="no sandbox"):
        require_sandbox(Access(server="https://prod.example:6443", origin="test"))


def test_a_node_that_cannot_start_it_is_no_fault_of_the_patch() -> None:
    events = [{"reason": "Scheduled"}, {"reason": "FailedCreatePodSandBox", "message": "user namespaces are not supported"}]
    assert node_trouble(events) == "the node cannot start it: user namespaces are not supported"
    assert node_trouble(events[:1]) == ""
