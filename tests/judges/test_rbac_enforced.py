"""Least privilege on a real API server: workloads ask with tokens of their own, its audit log is learned from, the plan is performed, and they ask again.

The audit log is the real one of a few days' requests; to have a month of it, the same days are dated further and further back.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.judges import rbac_workloads as workloads

from ostiary.adapters.evidence_files import read_evidence
from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.kubernetes.live import read_live
from ostiary.apply.journal import Journal
from ostiary.apply.outcome import Report
from ostiary.apply.perform import perform
from ostiary.apply.undo import undo
from ostiary.model.evidence import Evidence
from ostiary.model.intent import Intent
from ostiary.model.plan import Plan
from ostiary.model.rbac_intent import RbacIntent
from ostiary.model.verdict import Proof
from ostiary.model.world import World
from ostiary.pillars.rbac.enforce import Enforceable, enforce, giving_back
from ostiary.pillars.rbac.enforcing.shadow import shadow
from ostiary.pillars.rbac.verbs import learn, prove
from ostiary.sandbox import SandboxOptions, up
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.lifecycle import RunningCluster
from ostiary.sandbox.pytest_plugin import cannot_run

pytestmark = pytest.mark.judge("rbac-enforced")

NOW = datetime.now(UTC)
DAYS, TIMES = 6, 6
PATIENCE = 30.0
INTENT = Intent(rbac=RbacIntent(canary=("backup",)))
OURS = {workloads.account_of(who) for who in workloads.ACCOUNTS} | {workloads.PERSON}


@dataclass
class Scene:
    """A cluster with workloads that have asked for things, as them and as an administrator."""

    cluster: RunningCluster
    admin: Client
    clients: dict[str, Client]
    evidence: Evidence

    async def world(self) -> World:
        cluster = await read_live(self.admin, bytes(32))
        return World.of(cluster, today=NOW.date(), evidence=self.evidence, intent=INTENT)

    async def answers(self, calls: list[tuple[str, workloads.Call]]) -> dict[str, int]:
        """The status of each call, made as whom it says."""
        statuses = await asyncio.gather(*(call.by(self.clients[who]) for who, call in calls))
        return {f"{who}: {call}": answer.status for (who, call), answer in zip(calls, statuses, strict=True)}

    async def denied(self, calls: list[tuple[str, workloads.Call]]) -> set[str]:
        return {call for call, status in (await self.answers(calls)).items() if status == 403}


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    """A control plane of its own: every role and binding of it is looked at."""
    try:
        running = up(SandboxOptions(name=f"least-{secrets.token_hex(4)}", owner_pid=os.getpid()))
    except CannotRun as error:
        cannot_run(error.happened)
    given = {"apiVersion": "v1", "kind": "List", "items": workloads.objects()}
    running.run("kubectl", "apply", "-f", "-", stdin=json.dumps(given))
    yield running
    running.down()


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """An empty directory for audit logs."""
    (tmp_path / "audit").mkdir()
    return tmp_path / "audit"


@pytest.fixture
async def scene(cluster: RunningCluster, audit: Path) -> AsyncIterator[Scene]:
    admin_access = load([cluster.kubeconfig])
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(Client(admin_access))
        clients = {}
        for who in (*workloads.ACCOUNTS, "person"):
            access = workloads.access(admin_access, who, _token(cluster, who))
            clients[who] = await stack.enter_async_context(Client(access))
        made = Scene(cluster, admin, clients, Evidence())
        made.evidence = read_evidence([str(await _month(made, audit))])
        yield made


def _token(cluster: RunningCluster, who: str) -> str:
    if who == "person":
        return ""
    namespace, name = workloads.ACCOUNTS[who]
    return cluster.run("kubectl", "create", "token", name, "-n", namespace).stdout.strip()


async def _month(scene: Scene, directory: Path) -> Path:
    """Audit logs of a month, one a day. On the last day somebody also tries out what nobody needs, and is allowed it."""
    log, read = scene.cluster.audit_log, _size(scene.cluster.audit_log)
    for day in range(DAYS):
        assert await scene.denied(workloads.day(day)) == set()
        with log.open() as file:
            file.seek(read)
            lines = file.readlines()
            read = file.tell()
        for time in range(TIMES):
            _write(directory, lines, ago=time * DAYS + day + 1, copy=time)
    assert await scene.denied(workloads.never()) == set()
    with log.open() as file:
        file.seek(read)
        _write(directory, file.readlines(), ago=0, copy=0)
    return directory


def _size(path: Path) -> int:
    return path.stat().st_size


def _write(directory: Path, lines: list[str], *, ago: int, copy: int) -> None:
    """Real events, dated back; a copy is another event."""
    today, then = NOW.date().isoformat(), (NOW - timedelta(days=ago)).date().isoformat()
    events = [json.loads(line) for line in lines]
    for event in events:
        event["auditID"] = f"{event['auditID'][:-2]}{copy:02}"
        for stamp in ("requestReceivedTimestamp", "stageTimestamp"):
            event[stamp] = event[stamp].replace(today, then)
    (directory / f"audit-{then}.log").write_text("".join(json.dumps(event) + "\n" for event in events))


def proved(world: World) -> Proof[Enforceable]:
    """What is learned from the evidence, proved. The operator's namespace is named to go first."""
    verdict = prove(world, learn(world))
    assert isinstance(verdict, Proof), verdict
    return verdict


async def performed(scene: Scene, plan: Plan, stages: tuple[str, ...], path: Path) -> Report:
    with _journal(path, plan) as journal:
        return await perform(scene.admin, journal, stages, patience=PATIENCE)


def _journal(path: Path, plan: Plan) -> Journal:
    """A new one, or the one of an earlier stage."""
    return Journal.open(path) if path.exists() else Journal.create(path, plan, cluster="")


async def taken_back(scene: Scene, path: Path) -> Report:
    with Journal.open(path) as journal:
        return await undo(scene.admin, journal)


def told(report: Report) -> str:
    return "\n".join(str(one) for one in (*report.changes, *report.trials, report.stopped))


async def until_denied(scene: Scene, calls: list[tuple[str, workloads.Call]], expected: set[str]) -> None:
    """Authorizers read through caches: a moment later at most."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while (found := await scene.denied(calls)) != expected:
        assert asyncio.get_running_loop().time() < deadline, found ^ expected
        await asyncio.sleep(0.2)


def bindings(world: World) -> dict[str, Any]:
    every = (*world.cluster.role_bindings, *world.cluster.cluster_role_bindings)
    return {f"{one.metadata.namespace}/{one.metadata.name}": one for one in every}


async def test_nobody_misses_what_they_used_and_nobody_keeps_what_they_did_not(scene: Scene, tmp_path: Path) -> None:
    before = await scene.world()
    proof = proved(before)
    plan, back = enforce(proof), giving_back(proof)
    never = workloads.never()
    everything = {f"{who}: {call}" for who, call in never}
    assert {one.user for one in shadow(before, plan.changes).would_deny} <= OURS

    journal = tmp_path / "journal"
    report = await performed(scene, plan, ("prepare",), journal)
    assert report.exit_code == 0, told(report)
    assert await scene.denied(never) == set()
    report = await performed(scene, plan, ("prepare", "canary"), journal)
    assert report.exit_code == 0, told(report)
    first = {call for call in everything if call.startswith("operator")}
    await until_denied(scene, never, first)
    report = await performed(scene, plan, plan.stages, journal)
    assert report.exit_code == 0, told(report)
    assert report.trials
    await until_denied(scene, never, everything)
    for day in range(DAYS):
        assert await scene.denied(workloads.day(day)) == set()
    await replayed(scene)

    given_back = tmp_path / "restore"
    report = await performed(scene, back, back.stages, given_back)
    assert report.exit_code == 0, told(report)
    await until_denied(scene, never, set())
    assert (await taken_back(scene, given_back)).exit_code == 0
    await until_denied(scene, never, everything)

    assert (await taken_back(scene, journal)).exit_code == 0
    assert bindings(await scene.world()) == bindings(before)
    await until_denied(scene, never, set())


async def replayed(scene: Scene) -> None:
    """Every request that the evidence shows of them, asked as an access review: the real authorizer allows each."""
    rows = [row for row in scene.evidence.usage if row.user in OURS and row.days > 1]
    assert len(rows) > 20
    for row in rows:
        words = {"verb": row.verb, "group": row.api_group, "resource": row.resource, "subresource": row.subresource}
        place = {**words, "name": row.name, "namespace": row.namespace}
        about = {"nonResourceAttributes": {"verb": row.verb, "path": row.path}} if row.path else {"resourceAttributes": place}
        spec = {"user": row.user, "groups": list(row.groups), **about}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        answer = json.loads((await scene.admin.request("POST", path, body=json.dumps(body).encode())).body)
        assert answer["status"]["allowed"], row


async def test_by_command_with_a_way_back_at_any_time(scene: Scene, audit: Path, tmp_path: Path) -> None:
    intent = tmp_path / "ostiary.yaml"
    intent.write_text(
        "apiVersion: ostiary.dev/v1\nkind: Intent\nrbac: {canary: [backup], leave: [{kind: Group, name: auditors}]}\n"
    )
    asked = ("enforce", "rbac", "--evidence", str(audit), "--intent", str(intent))
    journal, back, again = (str(tmp_path / name) for name in ("journal", "back.json", "back.journal"))
    never = workloads.never()
    everything = {f"{who}: {call}" for who, call in never}

    code, said = await ostiary(scene, *asked, "--shadow", "--format", "json")
    assert code == 1, said
    denied = {(one["user"], one["request"]) for one in json.loads(said)["wouldDeny"]}
    assert (workloads.account_of("metrics"), 'get secrets "card-processor" in namespace payments') in denied
    assert len(denied) == len(never)  # what was tried once, on the last day, and nothing else
    code, said = await ostiary(scene, *asked, "--yes", "--journal", journal, "--restore-plan", back)
    assert code == 0, said
    await until_denied(scene, never, everything)
    code, said = await ostiary(scene, "apply", back, "--yes", "--journal", again)
    assert code == 0, said
    await until_denied(scene, never, set())
    for path in (again, journal):
        code, said = await ostiary(scene, "undo", path, "--yes")
        assert code == 0, said
    await until_denied(scene, never, set())


async def ostiary(scene: Scene, *arguments: str) -> tuple[int, str]:
    """The command as a person runs it: its exit code, and what it answers, or says when it fails."""
    program = Path(sys.executable).with_name("ostiary")
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(program, *arguments, env=scene.cluster.environment(), stdout=pipe, stderr=pipe)
    out, err = await run.communicate()
    return run.returncode or 0, out.decode() or err.decode()
