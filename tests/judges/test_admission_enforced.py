"""On a real API server:

A plan of policies performed and taken back, exceptions that end by themselves, defaults, and policies that nobody can delete.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.pillars.pods.controls.examples import good_container, good_pod

from ostiary.adapters.kubernetes.client import Client, Response
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.kubernetes.live import read_live
from ostiary.apply.journal import Journal
from ostiary.apply.outcome import Shown
from ostiary.apply.perform import perform
from ostiary.apply.undo import undo
from ostiary.model.meta import Ref
from ostiary.model.plan import Plan
from ostiary.model.verdict import Proof
from ostiary.model.world import World
from ostiary.pillars.pods.admission import (
    WORST,
    AdmissionPolicy,
    WorkloadException,
    changes,
    defaulting,
    enforce,
    policies,
    prove,
    static_files,
    would_refuse,
)
from ostiary.pillars.pods.admission.static_files import CONFIGURATION
from ostiary.sandbox import SandboxOptions
from ostiary.sandbox.lifecycle import RunningCluster, down, up

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
DRY_RUN = {"dryRun": "All"}
TODAY = datetime.now(UTC).date()
PATIENCE = 30.0

pytestmark = pytest.mark.judge("admission-enforced")


@pytest.fixture
async def client(ostiary_cluster: RunningCluster) -> AsyncIterator[Client]:
    async with Client(load([ostiary_cluster.kubeconfig])) as client:
        yield client


@pytest.fixture
async def space(client: Client) -> AsyncIterator[str]:
    """A namespace, and no policy of it left afterwards."""
    name = f"admission-{secrets.token_hex(4)}"
    await made(client, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    await made(client, f"/api/v1/namespaces/{name}/serviceaccounts", account("default"))
    yield name
    for resource in ("validatingadmissionpolicybindings", "mutatingadmissionpolicybindings"):
        await _remove(client, resource, name)
    await client.request("DELETE", f"/api/v1/namespaces/{name}")


async def _remove(client: Client, resource: str, space: str) -> None:
    listed = json.loads((await client.request("GET", f"{ADMISSION}/{resource}")).body)
    for one in listed["items"]:
        if space in json.dumps(one["spec"]):
            await client.request("DELETE", f"{ADMISSION}/{resource}/{one['metadata']['name']}")


def account(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}


def privileged(name: str = "p", **metadata: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "example.com/app:1", "securityContext": {"privileged": True}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": {"containers": [container]}}


async def post(client: Client, path: str, body: dict[str, Any], *, dry_run: bool = False) -> Response:
    return await client.request("POST", path, query=DRY_RUN if dry_run else {}, body=json.dumps(body).encode())


async def made(client: Client, path: str, body: dict[str, Any]) -> None:
    response = await post(client, path, body)
    assert response.ok or response.status == 409, response.body


async def install(client: Client, objects: tuple[dict[str, Any], ...], suffix: str) -> None:
    """Under names of this test's own: policies are the cluster's, and tests run side by side."""
    plurals = {"Policy": "policies", "Binding": "policybindings"}
    for one in objects:
        one = msgspec.json.decode(msgspec.json.encode(one))
        one["metadata"]["name"] += f"-{suffix}"
        if "policyName" in one["spec"]:
            one["spec"]["policyName"] += f"-{suffix}"
        binding = one["kind"].endswith("Binding")
        kind = one["kind"].removesuffix("Binding").removesuffix("Policy").lower()
        await made(client, f"{ADMISSION}/{kind}{plurals['Binding' if binding else 'Policy']}", one)


async def until(what: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Ask until the answer is the wanted one: policies come into force a moment after they are stored."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        answer = await what()
        if wanted(answer):
            return answer
        assert asyncio.get_running_loop().time() < deadline, getattr(answer, "body", answer)
        await asyncio.sleep(0.2)


async def world_of(client: Client) -> World:
    return World.of(await read_live(client, bytes(32)), today=TODAY)


def plan_of(world: World, policy: AdmissionPolicy) -> Plan:
    proof = prove(world, policy)
    assert isinstance(proof, Proof), proof
    return enforce(proof)


async def test_a_plan_is_performed_and_is_empty_then_and_can_be_taken_back(client: Client, space: str, tmp_path: Path) -> None:
    policy = AdmissionPolicy(controls=("POD-127", "POD-147"), namespaces=(space,))
    before = await world_of(client)
    plan = plan_of(before, policy)
    assert len([one for one in plan.changes if one.stage == "observe"]) == 4
    with Journal.create(tmp_path / "journal", plan, cluster="") as journal:
        report = await perform(client, journal, plan.stages, patience=PATIENCE)
    assert report.exit_code == 0, "\n".join(str(one) for one in (*report.changes, *report.trials))
    assert [one.shown for one in report.trials] == [Shown.HOLDS] * 3
    refused = await post(client, f"/api/v1/namespaces/{space}/pods", privileged(), dry_run=True)
    assert refused.status == 403
    assert "POD-127" in json.loads(refused.body)["message"]
    after = await world_of(client)
    assert changes(after, policy) == ()
    with Journal.open(tmp_path / "journal") as journal:
        assert (await undo(client, journal)).exit_code == 0
    assert (await world_of(client)).sections["validating_admission_policies"] == before.sections[
        "validating_admission_policies"
    ]


async def test_a_renewed_exception_and_a_wider_scope_are_patches(client: Client, space: str, tmp_path: Path) -> None:
    def policy(days: int, *more: str) -> AdmissionPolicy:
        one = exception(space, "Deployment", "web", TODAY + timedelta(days=days))
        return AdmissionPolicy(controls=("POD-127",), namespaces=(space, *more), exceptions=(one,))

    for number, wanted in enumerate(
        (policy(3), policy(9), policy(9, "default"), AdmissionPolicy(controls=("POD-147",), namespaces=(space,)))
    ):
        plan = plan_of(await world_of(client), wanted)
        kinds = {str(one.action) for one in plan.changes}
        assert kinds == [{"create", "patch"}, {"patch"}, {"patch"}, {"create", "patch", "delete"}][number]
        with Journal.create(tmp_path / str(number), plan, cluster="") as journal:
            report = await perform(client, journal, plan.stages, patience=PATIENCE)
        assert report.exit_code == 0, "\n".join(str(one) for one in (*report.changes, *report.trials))
        assert changes(await world_of(client), wanted) == ()
    await client.request("DELETE", f"{ADMISSION}/validatingadmissionpolicies/ostiary-pod-127")
    await client.request("DELETE", f"{ADMISSION}/validatingadmissionpolicies/ostiary-pod-147")


def exception(space: str, kind: str, name: str, expires: date) -> WorkloadException:
    return WorkloadException(
        namespace=space, kind=kind, name=name, controls=("POD-127",), owner="ops", reason="agent", expires=expires
    )


def deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": privileged()["spec"]}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def cron_job(name: str) -> dict[str, Any]:
    job = {"template": {"spec": {**privileged()["spec"], "restartPolicy": "Never"}}}
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": job}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}


async def pods_of(client: Client, space: str, prefix: str) -> list[str]:
    listed = json.loads((await client.request("GET", f"/api/v1/namespaces/{space}/pods")).body)
    return [one["metadata"]["name"] for one in listed["items"] if one["metadata"]["name"].startswith(prefix)]


async def test_exceptions_admit_their_own_workload_until_their_day_has_passed(client: Client, space: str) -> None:
    exceptions = (
        exception(space, "Deployment", "web", TODAY),
        exception(space, "Deployment", "old", TODAY - timedelta(days=1)),
        exception(space, "Pod", "by-hand", TODAY),
        exception(space, "Pod", "by-hand-once", TODAY - timedelta(days=1)),
    )
    policy = AdmissionPolicy(controls=("POD-127",), namespaces=(space,), exceptions=exceptions)
    await install(client, policies(policy), space)
    pods = f"/api/v1/namespaces/{space}/pods"
    await until(lambda: post(client, pods, privileged(), dry_run=True), lambda answer: answer.status == 403)
    for name in ("web", "old", "web-other"):
        await made(client, f"/apis/apps/v1/namespaces/{space}/deployments", deployment(name))
    await until(lambda: pods_of(client, space, "web-"), bool)
    assert len(await until(lambda: _failures(client, space), lambda found: len(found) == 2)) == 2
    assert not [
        name for name in await pods_of(client, space, "") if not name.startswith("web-") or name.startswith("web-other")
    ]
    assert (await post(client, pods, privileged("by-hand"), dry_run=True)).ok
    assert (await post(client, pods, privileged("by-hand-once"), dry_run=True)).status == 403


async def _failures(client: Client, space: str) -> list[str]:
    """ReplicaSets whose controller says that their pods are refused."""
    listed = json.loads((await client.request("GET", f"/apis/apps/v1/namespaces/{space}/replicasets")).body)
    return [
        one["metadata"]["name"]
        for one in listed["items"]
        for condition in one["status"].get("conditions", ())
        if condition["type"] == "ReplicaFailure" and "POD-127" in condition["message"]
    ]


async def test_an_exception_cannot_be_had_by_forging(client: Client, space: str) -> None:
    """Neither an owner reference by hand, nor a date of one's own, nor a change of a pod that was admitted."""
    policy = AdmissionPolicy(
        controls=("POD-127",),
        namespaces=(space,),
        exceptions=(exception(space, "Deployment", "web", TODAY), exception(space, "Pod", "past", TODAY - timedelta(days=1))),
    )
    await install(client, policies(policy), space)
    pods = f"/api/v1/namespaces/{space}/pods"
    await until(lambda: post(client, pods, privileged(), dry_run=True), lambda answer: answer.status == 403)
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-bcdf", "uid": "1", "controller": True}
    forged = privileged("web-bcdf-1", ownerReferences=[owner], creationTimestamp="2001-01-01T00:00:00Z")
    assert (await post(client, pods, forged, dry_run=True)).status == 403
    dated = privileged("past", creationTimestamp="2001-01-01T00:00:00Z", managedFields=[])
    assert (await post(client, pods, dated, dry_run=True)).status == 403
    await made(client, f"/apis/apps/v1/namespaces/{space}/deployments", deployment("web"))
    name = (await until(lambda: pods_of(client, space, "web-"), bool))[0]
    debugger = {"name": "d", "image": "x", "securityContext": {"privileged": True}}
    assert (await _debug(client, f"{pods}/{name}", debugger)).status == 403
    assert (await _debug(client, f"{pods}/{name}", {"name": "d", "image": "x"})).ok


async def _debug(client: Client, path: str, container: dict[str, Any]) -> Response:
    body = json.dumps({"spec": {"ephemeralContainers": [container]}}).encode()
    kind = "application/strategic-merge-patch+json"
    return await client.request("PATCH", f"{path}/ephemeralcontainers", query=DRY_RUN, body=body, content_type=kind)


async def test_a_cron_job_is_recognised_by_its_jobs(client: Client, space: str) -> None:
    """Its Job is made here as its controller names it: nobody wants to wait for a full minute."""
    policy = AdmissionPolicy(
        controls=("POD-127",), namespaces=(space,), exceptions=(exception(space, "CronJob", "nightly", TODAY),)
    )
    await install(client, policies(policy), space)
    pods = f"/api/v1/namespaces/{space}/pods"
    await until(lambda: post(client, pods, privileged(), dry_run=True), lambda answer: answer.status == 403)
    template = cron_job("nightly")["spec"]["jobTemplate"]["spec"]
    for name in ("nightly-29012345", "other-29012345"):
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"backoffLimit": 0, **template}}
        await made(client, f"/apis/batch/v1/namespaces/{space}/jobs", job)
    await until(lambda: pods_of(client, space, "nightly-"), bool)
    assert await pods_of(client, space, "other-") == []


async def test_the_control_plane_is_left_alone(client: Client, space: str) -> None:
    """A policy for everywhere, and kube-system still makes its pods; ``would_refuse`` says the same beforehand."""
    policy = AdmissionPolicy(controls=("POD-127",), everywhere=True)
    await install(client, policies(policy), space)
    pods = f"/api/v1/namespaces/{space}/pods"
    try:
        await until(lambda: post(client, pods, privileged(), dry_run=True), lambda answer: answer.status == 403)
        await made(client, "/api/v1/namespaces/kube-system/serviceaccounts", account("default"))
        assert (await post(client, "/api/v1/namespaces/kube-system/pods", privileged(space))).ok
        world = await world_of(client)
        assert Ref("Pod", "kube-system", space) in {
            Ref("Pod", p.metadata.namespace, p.metadata.name) for p in world.cluster.pods
        }
        assert [one for one in would_refuse(world, policy) if one[0].name == space] == []
    finally:
        await client.request("DELETE", f"{ADMISSION}/validatingadmissionpolicybindings/ostiary-pod-127-{space}")
        await client.request("DELETE", f"/api/v1/namespaces/kube-system/pods/{space}")


async def test_defaults_are_filled_in_where_nothing_is_said(client: Client, space: str) -> None:
    policy = AdmissionPolicy(controls=(), namespaces=(space,), defaults=("seccomp", "no-new-privileges"))
    await install(client, defaulting(policy), space)
    pods = f"/api/v1/namespaces/{space}/pods"
    plain = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "a", "image": "x"}]},
    }

    async def stored(pod: dict[str, Any]) -> dict[str, Any]:
        response = await post(client, pods, pod, dry_run=True)
        assert response.ok, response.body
        spec: dict[str, Any] = json.loads(response.body)["spec"]
        return spec

    both = await until(
        lambda: stored(plain),
        lambda spec: "seccompProfile" in spec["securityContext"] and "securityContext" in spec["containers"][0],
    )
    assert both["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert both["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False
    kept = await stored(privileged())
    assert "allowPrivilegeEscalation" not in kept["containers"][0]["securityContext"]
    said = good_pod()["spec"] | {"serviceAccountName": "default", "securityContext": {"seccompProfile": {"type": "Unconfined"}}}
    said["containers"] = [good_container("app")]
    said["containers"][0]["securityContext"] = {"allowPrivilegeEscalation": True}
    left = await stored({**plain, "spec": said})
    assert left["securityContext"]["seccompProfile"] == {"type": "Unconfined"}
    assert left["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is True


async def test_a_default_that_is_taken_back_can_be_had_again(client: Client, space: str, tmp_path: Path) -> None:
    """Its binding is deleted by the plan, and undo puts the very same back."""
    await install_as_named(client, defaulting(AdmissionPolicy(controls=(), namespaces=(space,), defaults=("seccomp",))))
    before = await world_of(client)
    plan = plan_of(before, AdmissionPolicy(controls=("POD-127",), namespaces=(space,)))
    assert {str(one.action) for one in plan.changes if one.target.name == "ostiary-default-seccomp"} == {"delete"}
    with Journal.create(tmp_path / "journal", plan, cluster="") as journal:
        report = await perform(client, journal, plan.stages, patience=PATIENCE)
    assert report.exit_code == 0, "\n".join(str(one) for one in (*report.changes, *report.trials))
    assert bindings(await world_of(client)) == ()
    with Journal.open(tmp_path / "journal") as journal:
        assert (await undo(client, journal)).exit_code == 0
    assert [one.spec for one in bindings(await world_of(client))] == [one.spec for one in bindings(before)]
    await client.request("DELETE", f"{ADMISSION}/mutatingadmissionpolicies/ostiary-default-seccomp")


def bindings(world: World) -> tuple[Any, ...]:
    every = world.cluster.mutating_admission_policy_bindings
    return tuple(one for one in every if one.metadata.name == "ostiary-default-seccomp")


async def install_as_named(client: Client, objects: tuple[dict[str, Any], ...]) -> None:
    for one, resource in zip(objects, ("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"), strict=True):
        await made(client, f"{ADMISSION}/{resource}", msgspec.json.decode(msgspec.json.encode(one)))


@pytest.fixture
def guarded(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningCluster]:
    """A cluster whose API server has read its policies from files."""
    policy = AdmissionPolicy(controls=("POD-127",), everywhere=True, defaults=("seccomp",))
    files = static_files(policy, str(tmp_path / "admission"))
    for path, text in files.items():
        (tmp_path / "admission" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "admission" / path).write_text(text)
    name = f"static-{secrets.token_hex(4)}"
    flags = (("admission-control-config-file", str(tmp_path / "admission" / CONFIGURATION)),)
    cluster = up(SandboxOptions(name=name, api_server_flags=flags, owner_pid=os.getpid()))
    yield cluster
    down(name)


async def test_policies_from_files_hold_and_nobody_can_delete_them(guarded: RunningCluster) -> None:
    """The administrator of this cluster is in system:masters: nothing of the API is refused to that."""
    async with Client(load([guarded.kubeconfig])) as client:
        await made(client, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        await made(client, "/api/v1/namespaces/shop/serviceaccounts", account("default"))
        pods = "/api/v1/namespaces/shop/pods"
        refused = await post(client, pods, privileged(), dry_run=True)
        assert refused.status == 403
        assert "POD-127" in json.loads(refused.body)["message"]
        name = "ostiary-pod-127.static.k8s.io"
        for resource in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
            assert (await client.request("DELETE", f"{ADMISSION}/{resource}/{name}")).status == 404
            assert (await client.request("DELETE", f"{ADMISSION}/{resource}")).ok
        assert (await post(client, pods, privileged(), dry_run=True)).status == 403
        loose = policies(AdmissionPolicy(controls=("POD-127",), namespaces=("shop",)))[0]
        loose = {**loose, "metadata": {"name": name}}
        assert (await post(client, f"{ADMISSION}/validatingadmissionpolicies", loose)).status == 422
        plain = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a"},
            "spec": {"containers": [{"name": "a", "image": "x"}]},
        }
        spec = json.loads((await post(client, pods, plain, dry_run=True)).body)["spec"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


SYSTEM = ("kube-system", "cluster-network")  # the second runs a part of the control plane, and only its pods say so


def agent() -> dict[str, Any]:
    """A node agent as networks and proxies are: everything that a policy refuses elsewhere."""
    container = {"name": "agent", "image": "example.com/agent:1", "securityContext": {"privileged": True}}
    spec = {
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [{"name": "root", "hostPath": {"path": "/"}}],
    }
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": spec}
    selector = {"matchLabels": {"app": "agent"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent"},
        "spec": {"selector": selector, "template": template},
    }


async def test_everything_deleted_comes_back(ostiary_simulated_cluster: RunningCluster, tmp_path: Path) -> None:
    """The worst refused everywhere, then every pod of the system deleted: its controllers make them again; an attacker does not."""
    async with Client(load([ostiary_simulated_cluster.kubeconfig])) as client:
        for name in (*SYSTEM, "apps"):
            await made(client, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            await made(client, f"/api/v1/namespaces/{name}/serviceaccounts", account("default"))
        for name in SYSTEM:
            await made(client, f"/apis/apps/v1/namespaces/{name}/daemonsets", agent())
        before = await until(lambda: _running_agents(client), lambda found: len(found) == 2 * 3)
        plan = plan_of(await world_of(client), AdmissionPolicy(controls=WORST, everywhere=True))
        with Journal.create(tmp_path / "journal", plan, cluster="") as journal:
            report = await perform(client, journal, plan.stages, patience=PATIENCE)
        assert report.exit_code == 0, "\n".join(str(one) for one in (*report.changes, *report.trials))
        for name in SYSTEM:
            await client.request("DELETE", f"/api/v1/namespaces/{name}/pods", query={"gracePeriodSeconds": "0"})
        after = await until(lambda: _running_agents(client), lambda found: len(found) == 2 * 3 and not found & before)
        assert after
        attack = await post(client, "/api/v1/namespaces/apps/pods", privileged(), dry_run=True)
        assert attack.status == 403
        with Journal.open(tmp_path / "journal") as journal:
            assert (await undo(client, journal)).exit_code == 0


async def _running_agents(client: Client) -> set[str]:
    listed = json.loads((await client.request("GET", "/api/v1/pods", query={"labelSelector": "app=agent"})).body)
    return {one["metadata"]["uid"] for one in listed["items"] if one["status"].get("phase") == "Running"}
