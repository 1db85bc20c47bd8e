"""The real API server and ostiary's reading of the Pod Security Standards, over the same pods: allowed or refused, and every letter of the refusal.

Each pod is created by dry-run in namespaces that enforce a level at a version. What validation refuses is no disagreement, and counted: most must be
valid. ``OSTIARY_JUDGE_PODS`` sets how many pods are generated.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from tests.pillars.pods.cases import CASES, TAME, changed
from tests.pillars.strategies import bulk, with_debugger

from ostiary.adapters.decode import Decoder
from ostiary.adapters.kubernetes.client import Client, Response
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.model.kinds import Kind, find
from ostiary.model.levels import NEWEST, Level, Version
from ostiary.model.pods import Pod
from ostiary.pillars.pods.labels import PREFIX, stance
from ostiary.pillars.pods.standards import evaluate, refusal
from ostiary.sandbox.lifecycle import RunningCluster

GENERATED = int(os.environ.get("OSTIARY_JUDGE_PODS", "2000"))
VALID = 0.8  # of the generated pods, at least
MINORS = (
    37,
    36,
    35,
    34,
    32,
    31,
    30,
    29,
    27,
    25,
    24,
    23,
    22,
    19,
    18,
    8,
    7,
    0,
)  # each change of some control, and both sides of it
CONNECTIONS = 8
DRY_RUN = {"dryRun": "All"}

_POD_KIND = find("", "Pod")
assert isinstance(_POD_KIND, Kind)
POD_KIND = _POD_KIND
DECODER = Decoder(bytes(32))

pytestmark = pytest.mark.judge("pod-security")


def decoded(manifest: dict[str, Any]) -> Pod:
    """By the decoder that reads live clusters and manifests."""
    pod = DECODER.plain(POD_KIND, manifest)
    assert isinstance(pod, Pod)
    return pod


@dataclass
class Tally:
    """What came of all comparisons."""

    compared: int = 0
    refused: int = 0
    invalid: int = 0
    disagreements: list[str] = field(default_factory=list)

    def count(self, manifest: dict[str, Any], level: Level, minor: int, response: Response) -> None:
        """Compare one answer of the API server with what ostiary says."""
        message = "" if response.ok else str(json.loads(response.body)["message"])
        if not response.ok and "violates PodSecurity" not in message:
            self.invalid += 1
            assert response.status in (400, 422), message  # no right to say no for another reason here
            return
        self.compared += 1
        self.refused += not response.ok
        violations = evaluate(decoded(manifest), level, Version(minor))
        name = manifest["metadata"]["name"]
        text = f'pods "{name}" is forbidden: {refusal(level, Version(minor), violations)}' if violations else ""
        if text != message:
            self.disagreements.append(f"{level}:v1.{minor} {json.dumps(manifest)}\n  server:  {message}\n  ostiary: {text}")

    def judge(self) -> None:
        """No disagreement, both sides seen."""
        assert not self.disagreements, f"{len(self.disagreements)} disagreements\n" + "\n".join(self.disagreements[:5])
        assert 0 < self.refused < self.compared
        print(f"\npod security: {self.compared} compared, {self.refused} refused, {self.invalid} invalid, 0 disagreements")


@pytest.fixture
async def client(ostiary_cluster: RunningCluster) -> AsyncIterator[Client]:
    """The cluster with a namespace for every level and version."""
    async with Client(load([ostiary_cluster.kubeconfig]), connections=CONNECTIONS) as client:
        await _all(_namespace(client, level, minor) for level in (Level.BASELINE, Level.RESTRICTED) for minor in MINORS)
        yield client


async def _namespace(client: Client, level: Level, minor: int) -> None:
    name = _name(level, minor)
    labels = {PREFIX + "enforce": str(level), PREFIX + "enforce-version": f"v1.{minor}"}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    for path, body in (("/api/v1/namespaces", made), (f"/api/v1/namespaces/{name}/serviceaccounts", account)):
        response = await client.request("POST", path, body=json.dumps(body).encode())
        assert response.ok or response.status == 409, response.body


def _name(level: Level, minor: int) -> str:
    return f"judge-{level}-{minor}"


async def _all(work: Iterable[Awaitable[None]]) -> None:
    """A few at a time, so that connections are kept and nothing waits in line long enough to time out."""
    gate = asyncio.Semaphore(CONNECTIONS)

    async def one(what: Awaitable[None]) -> None:
        async with gate:
            await what

    async with asyncio.TaskGroup() as group:
        for what in work:
            group.create_task(one(what))


async def _compare(client: Client, tally: Tally, manifest: dict[str, Any], level: Level, minor: int) -> None:
    path = f"/api/v1/namespaces/{_name(level, minor)}/pods"
    response = await client.request("POST", path, query=DRY_RUN, body=json.dumps(manifest).encode())
    tally.count(manifest, level, minor, response)


async def test_generated_pods(client: Client) -> None:
    """Every pod against both levels at the newest version, and one level at one older version."""
    tally, chance = Tally(), Random(1137)
    for start in range(0, GENERATED, 1000):
        work = []
        for manifest in bulk(min(1000, GENERATED - start), seed=start):
            older = chance.choice((Level.BASELINE, Level.RESTRICTED)), chance.choice(MINORS[1:])
            for level, minor in ((Level.BASELINE, 37), (Level.RESTRICTED, 37), older):
                work.append(_compare(client, tally, manifest, level, minor))
        await _all(work)
    tally.judge()
    assert tally.compared >= VALID * 3 * GENERATED, f"only {tally.compared} of {3 * GENERATED} were valid"


async def test_each_control_at_each_version(client: Client) -> None:
    """The directed pods: one violation each, and the tame pod."""
    tally = Tally()
    manifests = [TAME, *(_valid(path, value) for _, _, path, value, _ in CASES)]
    versions = [(level, minor) for level in (Level.BASELINE, Level.RESTRICTED) for minor in MINORS]
    await _all(_compare(client, tally, manifest, level, minor) for manifest in manifests for level, minor in versions)
    tally.judge()
    assert not tally.invalid
    assert tally.compared == len(manifests) * len(versions)


def _valid(path: str, value: Any) -> dict[str, Any]:
    """The directed pod, with what validation wants beside the violation."""
    made: dict[str, Any] = changed(path, value)
    spec = made["spec"]
    if "hostProcess" in json.dumps(spec):
        spec |= {"hostNetwork": True, "os": {"name": "windows"}, "securityContext": {"windowsOptions": {"hostProcess": True}}}
        spec["containers"][0].pop("securityContext")
    if spec.get("hostNetwork"):
        for port in spec["containers"][0].get("ports", ()):
            port["hostPort"] = port["containerPort"]
    if "Unmasked" in json.dumps(spec):
        spec["hostUsers"] = False
    if spec["containers"][0].get("securityContext", {}).get("privileged"):
        del spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"]
    for action in ("livenessProbe", "lifecycle"):
        _with_port(spec["containers"][0].get(action, {}))
    for volume in spec.get("volumes", ()):
        volume.update(_SOURCES.get(next(key for key in volume if key != "name"), {}))
    for sysctl in spec["securityContext"].get("sysctls", ()):
        sysctl["value"] = "1"
    return made


_SOURCES: dict[str, dict[str, Any]] = {
    "nfs": {"nfs": {"server": "nfs.example.com", "path": "/"}},
    "scaleIO": {"scaleIO": {"gateway": "https://example.com", "system": "s", "secretRef": {"name": "s"}, "volumeName": "v"}},
}


def _with_port(value: Any) -> None:
    """``tcpSocket`` is no hook any more, and everything needs a port."""
    for key, inner in list(value.items()):
        if key in ("preStop", "postStart") and "tcpSocket" in inner:
            value[key] = {"httpGet": {**inner["tcpSocket"], "port": 80}}
        elif key == "httpGet":
            inner["port"] = 80


async def test_debug_containers_in_a_running_pod(client: Client) -> None:
    """Ephemeral containers come by a subresource, which the API server judges too."""
    tally, chance = Tally(), Random(37)
    running = {**TAME, "metadata": {"name": "running"}}
    for level in (Level.BASELINE, Level.RESTRICTED):
        path = f"/api/v1/namespaces/{_name(level, 37)}/pods"
        response = await client.request("POST", path, body=json.dumps(running).encode())
        assert response.ok or response.status == 409, response.body
        for _ in range(60):
            debugged = with_debugger(chance, running)
            patch = {"spec": {"ephemeralContainers": debugged["spec"]["ephemeralContainers"]}}
            response = await client.request(
                "PATCH",
                f"{path}/running/ephemeralcontainers",
                query=DRY_RUN,
                body=json.dumps(patch).encode(),
                content_type="application/strategic-merge-patch+json",
            )
            tally.count(debugged, level, 37, response)
    tally.judge()


@pytest.mark.parametrize("version", ["", "latest", "v1.99", "v1.37"])
async def test_versions_that_are_not_pinned_mean_the_newest(ostiary_cluster: RunningCluster, version: str) -> None:
    """What ``labels.stance`` says of a namespace is what the API server makes of it."""
    name = f"judge-version-{version or 'none'}".replace(".", "-")
    labels = {PREFIX + "enforce": "baseline", **({PREFIX + "enforce-version": version} if version else {})}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    new = {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_notsent_lowat", "value": "1"}]}}  # allowed since v1.37
    mode = stance(labels, newest=NEWEST).enforce
    async with Client(load([ostiary_cluster.kubeconfig])) as client:
        for path, body in (("/api/v1/namespaces", made), (f"/api/v1/namespaces/{name}/serviceaccounts", account)):
            response = await client.request("POST", path, body=json.dumps(body).encode())
            assert response.ok or response.status == 409, response.body
        for spec in (new, {"hostPID": True}):
            manifest = {"metadata": {"name": "pod"}, "spec": {"containers": [{"name": "a", "image": "i"}], **spec}}
            response = await client.request(
                "POST", f"/api/v1/namespaces/{name}/pods", query=DRY_RUN, body=json.dumps(manifest).encode()
            )
            violations = evaluate(decoded(manifest), mode.level, mode.version)
            message = "" if response.ok else json.loads(response.body)["message"]
            text = refusal(mode.level, version or "latest", violations) if violations else ""
            assert message == (f'pods "pod" is forbidden: {text}' if text else "")


async def test_levels_that_do_not_exist_are_refused_as_labels(ostiary_cluster: RunningCluster) -> None:
    """What ``stance`` calls invalid, the API server refuses on a new namespace; what it does not, it takes."""
    async with Client(load([ostiary_cluster.kubeconfig])) as client:
        for key, value in (
            ("enforce", "restrcted"),
            ("warn", "Baseline"),
            ("audit", ""),
            ("enforce-version", "1.37"),
            ("warn-version", "v1.037"),
            ("enforced", "x"),
            ("audit-version", "v1.99"),
        ):
            labels = {PREFIX + key: value}
            made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "judge-labels", "labels": labels}}
            response = await client.request("POST", "/api/v1/namespaces", query=DRY_RUN, body=json.dumps(made).encode())
            assert response.ok is not bool(stance(labels, newest=NEWEST).invalid), (labels, response.body)
