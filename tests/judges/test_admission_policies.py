"""The real API server with the compiled policies and the Python side of the same controls, over the same pods: which codes, admitted or refused.

Every policy warns in one of a few namespaces, where the server names each control that a pod violates, and refuses in
another. ``OSTIARY_JUDGE_PODS`` sets how many pods are generated.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from tests.pillars.pods.admission.generated import bulk, valid
from tests.pillars.pods.controls.examples import EXAMPLES, good_container, good_pod
from tests.pillars.strategies import bulk as wild_bulk

from ostiary.adapters.decode import Decoder
from ostiary.adapters.kubernetes.client import Client, Response
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.manifests.defaults import as_stored
from ostiary.model.kinds import Kind, find
from ostiary.model.meta import Ref
from ostiary.model.pods import Pod
from ostiary.pillars.pods.admission.evaluator import violated, violated_by_update
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.validating import OBSERVE, binding, name_of, policies
from ostiary.pillars.pods.controls import CONTROLS
from ostiary.pillars.pods.makers import Maker
from ostiary.sandbox.lifecycle import RunningCluster

GENERATED = int(os.environ.get("OSTIARY_JUDGE_PODS", "2000"))
VALID = 0.7
CONNECTIONS = 8
GROUPS = 2  # the server cuts long lists of warnings: each namespace sees a part of the controls
DRY_RUN = {"dryRun": "All"}
CODES = tuple(control.code for control in CONTROLS if control.applies_at_admission)
REGISTRIES = ("registry.example.com/", "localhost/")
REFUSING = "admission-refusing"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
CODE = re.compile(r"POD-\d{3}(?=: )")

_POD_KIND = find("", "Pod")
assert isinstance(_POD_KIND, Kind)
POD_KIND = _POD_KIND
DECODER = Decoder(bytes(32))
POLICY = AdmissionPolicy(controls=CODES, namespaces=(REFUSING,), registries=REGISTRIES)

pytestmark = pytest.mark.judge("admission-policies")


def warning_namespace(group: int) -> str:
    return f"admission-warning-{group}"


def group_of(code: str) -> int:
    return CODES.index(code) % GROUPS


def maker(manifest: dict[str, Any], namespace: str) -> Maker:
    """By what reads manifests: filled in as the API server would, and decoded as everything is."""
    metadata = {**manifest["metadata"], "namespace": namespace}
    written = json.loads(json.dumps({**manifest, "metadata": metadata, "status": {}}))
    pod = DECODER.plain(POD_KIND, as_stored(POD_KIND, written))
    assert isinstance(pod, Pod)
    return Maker(Ref("Pod", namespace, metadata["name"]), pod.metadata, pod)


@dataclass
class Tally:
    """What came of all comparisons."""

    compared: int = 0
    refused: int = 0
    invalid: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    disagreements: list[str] = field(default_factory=list)

    def differ(self, what: str, manifest: dict[str, Any], server: object, python: object) -> None:
        self.disagreements.append(f"{what}: server {server}, ostiary {python}\n  {json.dumps(manifest)}")

    def judge(self) -> None:
        assert not self.disagreements, f"{len(self.disagreements)} disagreements\n" + "\n".join(self.disagreements[:5])
        assert 0 < self.refused < self.compared
        print(f"\nadmission: {self.compared} compared, {self.refused} refused, {self.invalid} invalid, 0 disagreements")


async def _all(work: Iterable[Awaitable[Any]]) -> None:
    gate = asyncio.Semaphore(CONNECTIONS)

    async def one(what: Awaitable[Any]) -> None:
        async with gate:
            await what

    async with asyncio.TaskGroup() as group:
        for what in work:
            group.create_task(one(what))


async def _post(client: Client, path: str, body: dict[str, Any], *, dry_run: bool = False) -> Response:
    return await client.request("POST", path, query=DRY_RUN if dry_run else {}, body=json.dumps(body).encode())


async def _made(client: Client, path: str, body: dict[str, Any]) -> None:
    response = await _post(client, path, body)
    assert response.ok or response.status == 409, response.body


async def _namespace(client: Client, name: str) -> None:
    await _made(client, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for account in ("default", "web", "shop"):
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}}
        await _made(client, f"/api/v1/namespaces/{name}/serviceaccounts", body)


def _pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


@pytest.fixture(scope="module")
def installed(ostiary_cluster: RunningCluster) -> Iterator[RunningCluster]:
    """The cluster with every policy bound twice: to warn, and to refuse. Other judges use the cluster too, so they go again."""

    async def install() -> None:
        async with Client(load([ostiary_cluster.kubeconfig]), connections=CONNECTIONS) as client:
            await _all(_namespace(client, name) for name in (REFUSING, *map(warning_namespace, range(GROUPS))))
            await _install(client)

    async def remove() -> None:
        async with Client(load([ostiary_cluster.kubeconfig]), connections=CONNECTIONS) as client:
            for resource in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
                await client.request(
                    "DELETE", f"{ADMISSION}/{resource}", query={"labelSelector": "app.kubernetes.io/managed-by=ostiary"}
                )

    asyncio.run(install())
    yield ostiary_cluster
    asyncio.run(remove())


@pytest.fixture
async def client(installed: RunningCluster) -> AsyncIterator[Client]:
    async with Client(load([installed.kubeconfig]), connections=CONNECTIONS) as client:
        yield client


async def _install(client: Client) -> None:
    made = [*policies(POLICY)]
    for code in CODES:
        where = AdmissionPolicy(controls=(code,), namespaces=(warning_namespace(group_of(code)),))
        warning = binding(code, where, OBSERVE)
        warning["metadata"]["name"] = f"w{code[-3:]}"
        made.append(warning)
    plural = {"ValidatingAdmissionPolicy": "validatingadmissionpolicies"}
    await _all(
        _made(client, f"{ADMISSION}/{plural.get(one['kind'], 'validatingadmissionpolicybindings')}", one) for one in made
    )
    await _until_in_force(client)


async def _until_in_force(client: Client) -> None:
    """Each policy has to warn about, and to refuse, a pod that was seen to violate it: they come into force one by one."""
    last = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "last"},
        "spec": {"containers": [{"name": "a", "image": "x"}]},
    }
    expected = set(violated(POLICY, maker(last, REFUSING)))
    for _ in range(100):
        seen = [await _post(client, _pods(warning_namespace(g)), last, dry_run=True) for g in range(GROUPS)]
        refusal = await _post(client, _pods(REFUSING), last, dry_run=True)
        if set().union(*(_warned(one) for one in seen)) == expected and refusal.status == 403:
            await asyncio.sleep(2)
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the policies did not come into force")


def _warned(response: Response) -> set[str]:
    return {code for warning in response.warnings for code in CODE.findall(warning)[:1]}


async def _compare(client: Client, tally: Tally, manifest: dict[str, Any]) -> None:
    responses = [await _post(client, _pods(warning_namespace(group)), manifest, dry_run=True) for group in range(GROUPS)]
    if not responses[0].ok:
        assert responses[0].status in (400, 422), responses[0].body
        tally.invalid += 1
        return
    tally.compared += 1
    _compare_warnings(tally, manifest, responses)
    await _compare_refusal(client, tally, manifest)


def _compare_warnings(tally: Tally, manifest: dict[str, Any], responses: list[Response]) -> None:
    python = set(violated(POLICY, maker(manifest, warning_namespace(0))))
    defaulted = set(violated(POLICY, maker(json.loads(responses[0].body), warning_namespace(0))))
    if python != defaulted:
        tally.differ("as written and as stored", manifest, sorted(defaulted), sorted(python))
    server: set[str] = set().union(*map(_warned, responses))
    if server != python:
        tally.differ("warnings", manifest, sorted(server - python), sorted(python - server))
    for code in server & python:
        tally.fired[code] = tally.fired.get(code, 0) + 1


async def _compare_refusal(client: Client, tally: Tally, manifest: dict[str, Any]) -> None:
    python = violated(POLICY, maker(manifest, REFUSING))
    response = await _post(client, _pods(REFUSING), manifest, dry_run=True)
    message = "" if response.ok else str(json.loads(response.body)["message"])
    tally.refused += not response.ok
    if response.ok is bool(python) or (python and not set(CODE.findall(message)) & set(python)):
        tally.differ("refusal", manifest, message, python)


async def test_expressions_pass_the_type_checker(client: Client) -> None:
    """The server compiles every expression against the schema of pods and says what does not fit."""
    response = await client.request("GET", f"{ADMISSION}/validatingadmissionpolicies")
    ours = [one for one in json.loads(response.body)["items"] if one["metadata"]["name"] in {name_of(code) for code in CODES}]
    assert len(ours) == len(CODES)
    assert {one["metadata"]["name"]: one["status"]["typeChecking"] for one in ours if one["status"]["typeChecking"]} == {}


async def test_generated_pods(client: Client) -> None:
    """Pods with several examples laid over each other, and the wild ones of the Pod Security judge."""
    tally = Tally()
    manifests = [*bulk(GENERATED, seed=4), *wild_bulk(GENERATED // 10, seed=4)]
    for start in range(0, len(manifests), 500):
        await _all(_compare(client, tally, one) for one in manifests[start : start + 500])
    tally.judge()
    assert tally.compared >= VALID * len(manifests), f"only {tally.compared} were valid"


async def test_every_control_on_both_sides(client: Client) -> None:
    """The examples of every control that applies at admission."""
    tally = Tally()
    manifests = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{code.lower()}-{side}"}, "spec": _specially(spec)}
        for code in CODES
        for side, spec in (("bad", EXAMPLES[code].bad["spec"]), ("good", EXAMPLES[code].good["spec"]))
    ]
    await _all(_compare(client, tally, one) for one in manifests)
    tally.judge()
    never = sorted(set(CODES) - set(tally.fired) - {"POD-193"})  # that one is about another namespace
    assert not never, f"never seen to fire on the server: {never}"


def _specially(spec: dict[str, Any]) -> dict[str, Any]:
    """What validation wants beside some of the examples."""
    spec = json.loads(json.dumps(spec))
    if spec.get("securityContext", {}).get("windowsOptions", {}).get("hostProcess"):
        plain = {"name": "app", "image": good_container("app")["image"]}
        return {
            "os": {"name": "windows"},
            "hostNetwork": True,
            "securityContext": {"windowsOptions": {"hostProcess": True}},
            "containers": [plain],
        }
    return valid(spec)


async def test_the_namespace_default(client: Client) -> None:
    """The one control that is about a namespace by name."""
    warning = binding("POD-193", AdmissionPolicy(controls=("POD-193",), namespaces=("default",)), OBSERVE)
    warning["metadata"]["name"] += "-default"
    await _made(client, f"{ADMISSION}/validatingadmissionpolicybindings", warning)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": good_pod()["spec"] | {"serviceAccountName": "default"},
    }
    warned: set[str] = set()
    for _ in range(50):
        warned = _warned(await _post(client, _pods("default"), pod, dry_run=True))
        if warned:
            break
        await asyncio.sleep(0.2)
    assert warned == set(violated(AdmissionPolicy(controls=("POD-193",)), maker(pod, "default"))) == {"POD-193"}


async def test_updates_are_judged_by_what_they_add(client: Client) -> None:
    """Debug containers in a pod that violates everything already: only what the debugger itself violates counts."""
    base = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "old"},
        "spec": {"containers": [{"name": "a", "image": "x"}]},
    }
    tally, random = Tally(), Random(7)
    contexts = [good_container("d"), {"name": "d", "image": "x"}, *(one["spec"]["containers"][0] for one in bulk(150, seed=9))]
    for group in range(GROUPS):
        name = warning_namespace(group)
        await _made(client, _pods(name), base)
        for one in contexts:
            await _compare_debugger(client, tally, base, {**one, "name": f"d{random.randrange(10**6)}"}, group)
    assert not tally.disagreements, "\n".join(tally.disagreements[:5])
    assert tally.compared > 200


async def _compare_debugger(client: Client, tally: Tally, base: dict[str, Any], container: dict[str, Any], group: int) -> None:
    allowed = ("name", "image", "securityContext", "env", "envFrom", "imagePullPolicy")
    left = {key: value for key, value in container.items() if key in allowed}
    path = f"{_pods(warning_namespace(group))}/old"
    body = json.dumps({"spec": {"ephemeralContainers": [left]}}).encode()
    response = await client.request(
        "PATCH",
        f"{path}/ephemeralcontainers",
        query=DRY_RUN,
        body=body,
        content_type="application/strategic-merge-patch+json",
    )
    if not response.ok:
        assert response.status in (400, 422), response.body
        return
    tally.compared += 1
    before, after = maker(base, "x"), maker(json.loads(response.body), "x")
    ours = {code for code in violated_by_update(POLICY, before, after) if group_of(code) == group}
    if _warned(response) != ours:
        tally.differ("debugger", left, sorted(_warned(response)), sorted(ours))


async def test_a_pod_that_is_there_can_be_labelled_and_deleted(client: Client) -> None:
    """However much it violates: finalizers, labels and status go on."""
    name = warning_namespace(0)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "there"},
        "spec": {"containers": [{"name": "a", "image": "x"}]},
    }
    await _made(client, _pods(name), pod)
    patch = json.dumps({"metadata": {"labels": {"a": "b"}, "finalizers": ["example.com/wait"]}}).encode()
    response = await client.request(
        "PATCH", f"{_pods(name)}/there", query=DRY_RUN, body=patch, content_type="application/merge-patch+json"
    )
    assert response.ok
    assert _warned(response) == set()
    assert (await client.request("DELETE", f"{_pods(name)}/there", query=DRY_RUN)).ok


async def test_a_pod_a_hundred_times_the_size_is_still_decided(client: Client) -> None:
    """An expression that spends less than its budget on 100 times a typical pod spends less than 1 % on a typical one:

    Cost grows with size at least.
    """
    pod = good_pod()["spec"]
    pod["containers"] = [_big_container(i) for i in range(LARGE // 2)]
    pod["initContainers"] = [_big_container(i) for i in range(LARGE // 2, LARGE)]
    pod["volumes"] = [{"name": f"v{i}", "hostPath": {"path": "/data/" + "x" * 60}} for i in range(LARGE)]
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "large"}, "spec": pod}
    for group in range(GROUPS):
        response = await _post(client, _pods(warning_namespace(group)), manifest, dry_run=True)
        assert response.ok, response.body
        exceeded = [warning for warning in response.warnings if not CODE.search(warning)]
        assert exceeded == []


LARGE = 1000


def _big_container(number: int) -> dict[str, Any]:
    made = good_container(f"c{number}")
    made["env"] = [{"name": f"VARIABLE_{i}", "value": "x"} for i in range(10)]
    made["volumeMounts"] = [{"name": f"v{number}", "mountPath": "/v"}]
    made["ports"] = [{"containerPort": 8000 + number}]
    return made
