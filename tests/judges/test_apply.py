"""The real API server as judge of ``apply``: what the double in tests/apply claims of a server, held against one."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.apply.plans import PREFIX, every_action, label, namespace, pod, role, role_object, staged

from ostiary.adapters.kubernetes.access import Access
from ostiary.adapters.kubernetes.answers import Rejected, Stored
from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.apply.files import write_plan
from ostiary.apply.journal import Journal, read_journal
from ostiary.apply.outcome import Report, Shown, Status
from ostiary.apply.perform import due, perform
from ostiary.apply.rehearse import Rehearsal, rehearse
from ostiary.apply.step import content
from ostiary.apply.undo import undo
from ostiary.model.meta import Ref
from ostiary.model.plan import Action, Change, Plan, Target, Trial

if TYPE_CHECKING:
    from ostiary.sandbox.lifecycle import RunningCluster

pytestmark = pytest.mark.judge("apply")
OSTIARY = Path(sys.executable).with_name("ostiary")


@pytest.fixture
def access(ostiary_cluster: "RunningCluster") -> Access:
    return load([ostiary_cluster.kubeconfig])


@pytest.fixture
async def client(access: Access) -> AsyncIterator[Client]:
    async with Client(access) as client:
        yield client


@pytest.fixture
async def spaces(client: Client) -> AsyncIterator[list[str]]:
    """Three namespaces that declare ``privileged``."""
    names = [f"apply-{secrets.token_hex(4)}" for _ in range(3)]
    for name in names:
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {PREFIX + "enforce": "privileged"}},
        }
        assert isinstance(await client.create(namespace(name), body), Stored)
    yield names
    for name in names:
        await client.delete(namespace(name))


async def labels_of(client: Client, name: str) -> Mapping[str, str]:
    answer = await client.get(namespace(name))
    assert isinstance(answer, Stored)
    found: Mapping[str, str] = answer.object["metadata"]["labels"]
    return found


async def run(plan: Plan, client: Client, path: Path) -> Report:
    with Journal.create(path, plan, cluster="") as journal:
        return await perform(client, journal, plan.stages)


async def take_back(client: Client, path: Path) -> Report:
    with Journal.open(path) as journal:
        return await undo(client, journal)


def pod_body(name: str, space: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space},
        "spec": {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "none"}], **spec},
    }


def tried(space: str, *, admitted: bool) -> Trial:
    spec = {} if admitted else {"hostPID": True}
    return Trial(
        stage="enforce",
        sentence=f"{space}: {'admitted' if admitted else 'refused'}",
        target=pod("trial", space),
        body=pod_body("trial", space, **spec),
        admitted=admitted,
        because="violates PodSecurity",
    )


async def account(client: Client, space: str) -> None:
    """Pods can be made once the namespace has its service account."""
    target = Target(api_version="v1", kind="ServiceAccount", resource="serviceaccounts", namespace=space, name="default")
    for _ in range(300):
        if isinstance(await client.get(target), Stored):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("no default service account")


async def test_plan_then_undo_is_the_identity(client: Client, spaces: list[str], tmp_path: Path) -> None:
    """And between the two the API server refuses what it was proved to refuse, and admits the rest."""
    await account(client, spaces[0])
    before = [await labels_of(client, name) for name in spaces]
    plan = staged(*spaces, trials=(tried(spaces[0], admitted=False), tried(spaces[0], admitted=True)))
    rehearsal = await rehearse(due(plan, plan.stages), client)
    assert not rehearsal.failed
    assert [await labels_of(client, name) for name in spaces] == before
    report = await run(plan, client, tmp_path / "j")
    assert report.exit_code == 0, report
    assert [trial.shown for trial in report.trials] == [Shown.HOLDS, Shown.HOLDS]
    assert (await labels_of(client, spaces[0]))[PREFIX + "enforce"] == "baseline"
    assert (await take_back(client, tmp_path / "j")).exit_code == 0
    assert [await labels_of(client, name) for name in spaces] == before
    assert await take_back(client, tmp_path / "j") == Report()


async def test_a_concurrent_change_is_kept(client: Client, spaces: list[str], tmp_path: Path) -> None:
    """One field changed by somebody else after the plan, another object's after the run: each is kept, the rest is done."""
    mine, theirs, _ = spaces
    await client.patch(namespace(theirs), {"metadata": {"labels": {PREFIX + "warn": "restricted"}}})
    report = await run(staged(mine, theirs), client, tmp_path / "j")
    assert [outcome.status for outcome in report.changes] == [Status.APPLIED, Status.STALE, Status.UNTRIED, Status.UNTRIED]
    await client.patch(namespace(mine), {"metadata": {"labels": {PREFIX + "warn": "privileged", "other": "kept"}}})
    back = await take_back(client, tmp_path / "j")
    assert [str(outcome.status) for outcome in back.changes] == ["stale"]
    assert (await labels_of(client, mine))[PREFIX + "warn"] == "privileged"
    assert (await labels_of(client, theirs))[PREFIX + "warn"] == "restricted"


async def test_a_race_for_the_same_object_loses_nothing(client: Client, spaces: list[str], tmp_path: Path) -> None:
    """Somebody writes other labels as fast as they can while the plan is performed: all of theirs stand, and all of the plan's."""
    name = spaces[0]
    written = 0
    done = asyncio.Event()

    async def busy() -> None:
        nonlocal written
        while not done.is_set():
            answer = await client.patch(namespace(name), {"metadata": {"labels": {"busy": str(written)}}})
            written += isinstance(answer, Stored)
            await asyncio.sleep(0.02)

    other = asyncio.create_task(busy())
    report = await run(staged(name), client, tmp_path / "j")
    done.set()
    await other
    labels = await labels_of(client, name)
    assert labels["busy"] == str(written - 1)
    for outcome in report.changes:
        assert outcome.status in (Status.APPLIED, Status.STALE, Status.UNTRIED)
        key = "warn" if outcome.stage == "observe" else "enforce"
        assert (labels.get(PREFIX + key) == "baseline") == (outcome.status is Status.APPLIED)


async def test_every_action_with_the_servers_defaults(client: Client, spaces: list[str], tmp_path: Path) -> None:
    """A NetworkPolicy gets a default in a list: a plan that does not spell it out is refused. A role is deleted and put back whole."""
    space = spaces[0]
    written = role_object("writer", space, "create")
    written["metadata"]["annotations"] = {"owner": "team a"}
    assert isinstance(await client.create(role("writer", space), written), Stored)
    sloppy = network_policy(space, {"port": 80})
    assert 'spec.ingress is [{"ports": [{"port": 80, "protocol": "TCP"}]}]' in str(
        (await rehearse([(0, sloppy)], client)).failed[0]
    )
    removed = role("writer", space)
    dropped = Change(
        stage="two", action=Action.DELETE, target=removed, before=role_object("writer", space, "create"), sentence="unused"
    )
    made = network_policy(space, {"port": 80, "protocol": "TCP"})
    plan = msgspec.structs.replace(every_action(), changes=(made, dropped))
    assert not (await rehearse(due(plan, plan.stages), client)).failed
    report = await run(plan, client, tmp_path / "j")
    assert report.exit_code == 0, report
    assert isinstance(await client.get(removed), Rejected)
    assert (await take_back(client, tmp_path / "j")).exit_code == 0
    assert isinstance(await client.get(made.target), Rejected)
    back = await client.get(removed)
    assert isinstance(back, Stored)
    assert content(back.object) == written


def network_policy(space: str, port: dict[str, Any]) -> Change:
    target = Target(
        api_version="networking.k8s.io/v1", kind="NetworkPolicy", resource="networkpolicies", namespace=space, name="deny"
    )
    body = {
        "apiVersion": target.api_version,
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": space},
        "spec": {"podSelector": {}, "ingress": [{"ports": [port]}]},
    }
    return Change(stage="one", action=Action.CREATE, target=target, after=body, sentence="made")


async def test_the_same_label_set_by_somebody_else_is_theirs(client: Client, spaces: list[str], tmp_path: Path) -> None:
    """The run was killed before its patch left; then another manager set that very label. The server's record tells whose it is."""
    name = spaces[0]
    with Journal.create(tmp_path / "j", staged(name), cluster="") as journal:
        journal.append("start", stages=["observe"])
        journal.append("applying", change=0)
    await client.request(
        "PATCH",
        f"/api/v1/namespaces/{name}",
        query={"fieldManager": "gitops"},
        body=json.dumps({"metadata": {"labels": {PREFIX + "warn": "baseline"}}}).encode(),
        content_type="application/merge-patch+json",
    )
    assert (await take_back(client, tmp_path / "j")).exit_code == 1
    assert (await labels_of(client, name))[PREFIX + "warn"] == "baseline"


async def test_an_answer_that_was_lost_is_recognised(client: Client, spaces: list[str], tmp_path: Path) -> None:
    """The patch was stored and its answer never came: going on knows it as ostiary's own, and undo takes it back."""
    name = spaces[0]
    plan = staged(name)
    with Journal.create(tmp_path / "j", plan, cluster="") as journal:
        journal.append("start", stages=["observe"])
        journal.append("applying", change=0)
    assert isinstance(await client.patch(namespace(name), plan.changes[0].after), Stored)
    with Journal.open(tmp_path / "j") as journal:
        report = await perform(client, journal, ["observe"])
    assert str(report.changes[0]) == f"Namespace {name}: applied: by the run that was cut short"
    assert (await take_back(client, tmp_path / "j")).exit_code == 0
    assert PREFIX + "warn" not in await labels_of(client, name)


async def test_the_server_contradicts_a_wrong_proof(client: Client, spaces: list[str]) -> None:
    """A pod that the level would refuse runs already: the dry-run's warning says so, and nothing is done."""
    space = spaces[0]
    await account(client, space)
    assert isinstance(await client.create(pod("web", space), pod_body("web", space, hostNetwork=True)), Stored)
    rehearsal = await rehearse(due(staged(space), ["enforce"]), client)
    assert "the API server contradicts the proof: existing pods in namespace" in rehearsal.failed[0].detail
    assert (await labels_of(client, space))[PREFIX + "enforce"] == "privileged"


async def test_a_trial_that_comes_out_wrong(client: Client, spaces: list[str], tmp_path: Path) -> None:
    """The plan says that a pod which nothing forbids is refused."""
    await account(client, spaces[0])
    wrong = msgspec.structs.replace(tried(spaces[0], admitted=True), admitted=False)
    plan = staged(spaces[0], trials=(wrong,))
    with Journal.create(tmp_path / "j", plan, cluster="") as journal:
        report = await perform(client, journal, plan.stages, patience=0.5)
    assert report.exit_code == 1
    assert "take it back" in report.stopped


async def test_somebody_without_the_right(client: Client, access: Access, spaces: list[str]) -> None:
    """403 on read, then with the right to read, on write: one line each, and nothing is done."""
    user = f"dev-{secrets.token_hex(4)}"
    identity = replace(access.identity, impersonate=(("Impersonate-User", user),))
    async with Client(replace(access, identity=identity)) as dev:
        rehearsal = await rehearse(due(staged(spaces[0]), ["observe"]), dev)
        assert f'cannot be read: Forbidden (403): namespaces "{spaces[0]}" is forbidden: User "{user}"' in str(
            rehearsal.failed[0]
        )
        name = f"{user}-reads"
        await _cluster_role(client, name, user)
        for _ in range(100):
            rehearsal = await rehearse(due(staged(spaces[0]), ["observe"]), dev)
            if "cannot be read" not in str(rehearsal.failed[0]):
                break
            await asyncio.sleep(0.1)
        assert f'User "{user}" cannot patch resource "namespaces"' in str(rehearsal.failed[0])


async def _cluster_role(client: Client, name: str, user: str) -> None:
    group = "rbac.authorization.k8s.io"
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "clusterroles": ("ClusterRole", {"rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}]}),
        "clusterrolebindings": (
            "ClusterRoleBinding",
            {
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
            },
        ),
    }
    for resource, (kind, rest) in wanted.items():
        target = Target(api_version=f"{group}/v1", kind=kind, resource=resource, name=name)
        body = {"apiVersion": target.api_version, "kind": kind, "metadata": {"name": name}, **rest}
        assert isinstance(await client.create(target, body), Stored)


async def test_deleted_terminating_and_refused(client: Client, spaces: list[str]) -> None:
    """A namespace that is gone, one that is going, and an object in the one that is going."""
    gone, going, _ = spaces
    hold = {"metadata": {"finalizers": ["ostiary.dev/hold"]}}
    await client.patch(namespace(going), hold)
    await client.delete(namespace(going))
    await client.delete(namespace(gone))
    made = Change(
        stage="observe",
        action=Action.CREATE,
        target=role("r", going),
        after=role_object("r", going, "get"),
        sentence="s",
    )
    plan = msgspec.structs.replace(
        staged(),
        changes=(label("observe", gone, "warn", None, "baseline"), label("observe", going, "warn", None, "baseline"), made),
    )
    rehearsal = Rehearsal()
    for _ in range(300):
        rehearsal = await rehearse(due(plan, plan.stages), client)
        if "gone" in rehearsal.outcomes[0].detail:
            break
        await asyncio.sleep(0.1)
    said = [str(outcome) for outcome in rehearsal.outcomes]
    await client.patch(namespace(going), {"metadata": {"finalizers": None}})
    assert said[0] == f"Namespace {gone}: stale: it is gone: it was deleted since the plan was made"
    assert said[1] == f"Namespace {going}: stale: it is being deleted"
    assert "because it is being terminated" in said[2]


async def test_an_admission_policy_that_refuses(client: Client, spaces: list[str]) -> None:
    """A ValidatingAdmissionPolicy that forbids the label: the dry-run says it in its words."""
    name = f"guard-{secrets.token_hex(4)}"
    group = "admissionregistration.k8s.io/v1"
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["namespaces"],
        "resourceNames": [spaces[0]],
    }
    policy = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "!('guarded' in object.metadata.labels)", "message": "the guard says no"}],
    }
    objects = {
        "validatingadmissionpolicies": ("ValidatingAdmissionPolicy", policy),
        "validatingadmissionpolicybindings": (
            "ValidatingAdmissionPolicyBinding",
            {"policyName": name, "validationActions": ["Deny"]},
        ),
    }
    targets = [Target(api_version=group, kind=kind, resource=resource, name=name) for resource, (kind, _) in objects.items()]
    for target in targets:
        kind, spec = objects[target.resource]
        body = {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec}
        assert isinstance(await client.create(target, body), Stored)
    change = Change(
        stage="observe",
        action=Action.PATCH,
        target=namespace(spaces[0]),
        before={"metadata": {"labels": {"guarded": None}}},
        after={"metadata": {"labels": {"guarded": "yes"}}},
        sentence="s",
    )
    plan = msgspec.structs.replace(staged(), changes=(change,))
    rehearsal = Rehearsal()
    for _ in range(300):
        rehearsal = await rehearse(due(plan, ["observe"]), client)
        if rehearsal.failed:
            break
        await asyncio.sleep(0.1)
    for target in targets:
        await client.delete(target)
    assert "the guard says no" in str(rehearsal.failed[0])


class Proxy:
    """A TCP proxy to the API server that can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, out = await asyncio.open_connection(*self._to)
        self._writers += [writer, out]
        for source, sink in ((reader, out), (there, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    async def cut(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def test_the_server_is_gone_in_the_middle_and_comes_back(
    client: Client, access: Access, spaces: list[str], tmp_path: Path
) -> None:
    host, _, port = access.server.removeprefix("https://").rpartition(":")
    proxy = Proxy(host, int(port))
    here = await proxy.start()
    through = replace(access, server=f"https://127.0.0.1:{here}", server_name="localhost")
    plan = staged(*spaces)
    async with Client(through, connections=1) as distant:
        with Journal.create(tmp_path / "j", plan, cluster="") as journal:

            class Cutting:
                """The client, until its third write."""

                writes = 0
                get, create, delete = distant.get, distant.create, distant.delete

                async def patch(self, target: Target, body: Mapping[str, Any], *, dry_run: bool) -> Stored | Rejected:
                    self.writes += 1
                    if self.writes == 3:
                        await proxy.cut()
                    return await distant.patch(target, body, dry_run=dry_run)

            report = await perform(Cutting(), journal, plan.stages)
    assert report.exit_code == 3
    assert [outcome.status for outcome in report.changes[:3]] == [Status.APPLIED, Status.APPLIED, Status.UNKNOWN]
    with Journal.open(tmp_path / "j") as journal:
        again = await perform(client, journal, plan.stages)
    assert again.exit_code == 0, again
    assert (await take_back(client, tmp_path / "j")).exit_code == 0
    assert [(await labels_of(client, name))[PREFIX + "enforce"] for name in spaces] == ["privileged"] * 3


def ostiary(cluster: "RunningCluster", place: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**cluster.environment(), "OSTIARY_STATE": str(place / "state"), "XDG_CONFIG_HOME": str(place / "config")}
    return subprocess.Popen(
        [OSTIARY, *arguments], text=True, env=environment, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def premises(cluster: "RunningCluster") -> dict[str, Ref]:
    """What a plan about no namespace rests on."""
    from ostiary.cli.source import read_world
    from ostiary.pillars import pods

    world = read_world(None, kubeconfig=cluster.kubeconfig)
    return dict(pods.premises_of(msgspec.structs.replace(staged(), certificate={"policy": {}}), world))


@pytest.mark.parametrize("way_out", ["continue", "undo"])
def test_the_command_killed_half_way(
    ostiary_cluster: "RunningCluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way_out: str
) -> None:
    """kill -9 while the real command performs: the journal says what was done, and both ways out end whole."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    names = [f"killed-{secrets.token_hex(4)}" for _ in range(12)]
    labels = {PREFIX + "enforce": "privileged"}
    made = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}} for name in names]
    ostiary_cluster.run(
        "kubectl", "create", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    )
    plan = msgspec.structs.replace(staged(*names), certificate={"policy": {}}, premises=premises(ostiary_cluster))
    write_plan(tmp_path / "plan.json", plan)
    command = ostiary(ostiary_cluster, tmp_path, "apply", "plan.json", "--yes", "--journal", "j.jsonl")
    journal = tmp_path / "j.jsonl"
    while command.poll() is None and (not journal.exists() or journal.read_bytes().count(b'"applied"') < 3):
        time.sleep(0.005)
    os.kill(command.pid, signal.SIGKILL)
    _, talk = command.communicate()
    assert command.returncode == -signal.SIGKILL, talk
    assert not read_journal(journal).ended

    told = ostiary(ostiary_cluster, tmp_path, "apply", "j.jsonl", "--format", "json")
    said = json.loads(told.communicate()[0])
    assert told.returncode == 1
    assert sum(change["state"] == "applied" for change in said["changes"]) >= 3

    arguments = ["apply", "j.jsonl", "--continue"] if way_out == "continue" else ["undo", "j.jsonl", "--yes"]
    ended = ostiary(ostiary_cluster, tmp_path, *arguments, "--format", "json")
    answered, talk = ended.communicate()
    assert ended.returncode == 0, talk
    assert json.loads(answered)["failed"] == []
    wanted = {"warn": "baseline", "enforce": "baseline"} if way_out == "continue" else {"enforce": "privileged"}
    shown = ostiary_cluster.run("kubectl", "get", "namespace", *names, "-o", "json").stdout
    for space in json.loads(shown)["items"]:
        found = space["metadata"]["labels"].items()
        assert {key.removeprefix(PREFIX): value for key, value in found if key.startswith(PREFIX)} == wanted
    ostiary_cluster.run("kubectl", "delete", "namespace", *names, "--wait=false")


def test_a_new_pod_makes_the_plan_stale_and_another_replica_does_not(
    ostiary_cluster: "RunningCluster", ostiary_namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    create(ostiary_cluster, pod_body("web-1", ostiary_namespace))
    write_plan(tmp_path / "plan.json", proved_baseline(ostiary_cluster, ostiary_namespace))
    create(ostiary_cluster, pod_body("web-2", ostiary_namespace))
    fresh = ostiary(ostiary_cluster, tmp_path, "apply", "plan.json", "--stage", "observe", "--yes")
    talk = fresh.communicate()[1]
    assert fresh.returncode == 0, talk
    create(ostiary_cluster, pod_body("web-9", ostiary_namespace, hostPID=True))
    stale = ostiary(ostiary_cluster, tmp_path, "apply", "plan.json", "--yes", "--format", "json")
    answered, talk = stale.communicate()
    assert stale.returncode == 1
    assert f"Pod {ostiary_namespace}/web-9 is new or changed, and was never proved" in talk
    assert "stale" in json.loads(answered)["stopped"]
    shown = ostiary_cluster.run("kubectl", "get", "namespace", ostiary_namespace, "-o", "json").stdout
    assert PREFIX + "enforce" not in json.loads(shown)["metadata"]["labels"]


def create(cluster: "RunningCluster", body: dict[str, Any]) -> None:
    cluster.run("kubectl", "create", "--filename=-", stdin=json.dumps(body))


def proved_baseline(cluster: "RunningCluster", space: str) -> Plan:
    """The pods pillar's own plan for one namespace."""
    from ostiary.cli.source import read_world
    from ostiary.model.levels import Level
    from ostiary.model.verdict import Proof
    from ostiary.pillars import pods

    world = read_world(None, kubeconfig=cluster.kubeconfig)
    policy = pods.PodPolicy(levels={space: pods.LevelVersion(Level.BASELINE, "v1.37")})
    proof = pods.prove(world, policy)
    assert isinstance(proof, Proof), proof
    return pods.enforce(proof)


def test_another_cluster_is_not_touched(ostiary_cluster: "RunningCluster", tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j.jsonl", staged("default"), cluster="another") as journal:
        journal.append("start", stages=["observe"])
        journal.append("applying", change=0)
    command = ostiary(ostiary_cluster, tmp_path, "undo", "j.jsonl", "--yes")
    talk = command.communicate()[1]
    assert command.returncode == 1
    assert "the journal of another cluster" in talk


async def test_whose_field_it_is(client: Client, access: Access, spaces: list[str]) -> None:
    """The real managedFields name who else wrote a label."""
    await client.request(
        "PATCH",
        f"/api/v1/namespaces/{spaces[0]}",
        query={"fieldManager": "gitops"},
        body=json.dumps({"metadata": {"labels": {PREFIX + "enforce": "privileged"}, "annotations": {"a": "b"}}}).encode(),
        content_type="application/merge-patch+json",
    )
    await client.request(
        "PATCH",
        f"/api/v1/namespaces/{spaces[0]}",
        query={"fieldManager": "gitops", "force": "true"},
        body=json.dumps(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"labels": {PREFIX + "enforce": "privileged"}}}
        ).encode(),
        content_type="application/apply-patch+yaml",
    )
    rehearsal = await rehearse(due(staged(spaces[0]), ["enforce"]), client)
    assert list(rehearsal.managers.values()) == [{("metadata", "labels", PREFIX + "enforce"): ("gitops",)}]
