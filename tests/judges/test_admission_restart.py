"""Nothing locks itself out: with the worst refused everywhere, a control plane that starts from nothing but its store makes every pod again.

A second API server, controller manager and scheduler start cold on the store of a running sandbox, with the very arguments of the first, whose controller
manager and scheduler are stopped meanwhile. All pods are deleted, those of the system and of ostiary too.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.judges.test_admission_enforced import TODAY, agent, privileged

from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.kubernetes.live import read_live
from ostiary.apply.journal import Journal
from ostiary.apply.perform import perform
from ostiary.model.verdict import Proof
from ostiary.model.world import World
from ostiary.pillars.pods.admission import WORST, AdmissionPolicy, enforce, prove
from ostiary.sandbox import Nodes, SandboxOptions, up
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.ports import free_ports
from ostiary.sandbox.process import TIED
from ostiary.sandbox.pytest_plugin import cannot_run
from ostiary.sandbox.running import RunningCluster

pytestmark = pytest.mark.judge("admission-restart")

API, MANAGER, SCHEDULER = "kube-apiserver", "kube-controller-manager", "kube-scheduler"
SYSTEM, OURS, APPS = "kube-system", "ostiary-system", "apps"
NODES, REPLICAS = 2, 2
PATIENCE = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    try:
        options = SandboxOptions(name=f"again-{secrets.token_hex(4)}", nodes=Nodes("simulated", NODES), owner_pid=os.getpid())
        running = up(options)
    except CannotRun as error:
        cannot_run(error.happened)
    yield running
    running.down()


def arguments(cluster: RunningCluster, name: str, **instead: object) -> list[str]:
    """The command line of a running part, with some flags changed."""
    said = Path(f"/proc/{cluster.record.pids[name]}/cmdline").read_bytes().split(b"\0")[:-1]
    flags = {f"--{flag.replace('_', '-')}": str(value) for flag, value in instead.items()}
    kept = [part.decode() for part in said if part.decode().partition("=")[0] not in flags]
    return [*kept, *(f"{flag}={value}" for flag, value in flags.items())]


@contextmanager
def started(command: list[str], log: Path) -> Iterator[None]:
    """A program that ends with the test, and with this process however that ends."""
    tied = [sys.executable, "-I", "-S", str(TIED), str(os.getpid()), command[0], *command]
    with log.open("ab") as file, subprocess.Popen(tied, stdout=file, stderr=file, cwd=log.parent) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def stopped(cluster: RunningCluster, *names: str) -> Iterator[None]:
    """Parts that do nothing meanwhile, and are not missed."""
    for name in names:
        os.kill(cluster.record.pids[name], signal.SIGSTOP)
    try:
        yield
    finally:
        for name in names:
            os.kill(cluster.record.pids[name], signal.SIGCONT)


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.3)
    return found


def pods(cluster: RunningCluster, config: Path) -> dict[str, str]:
    """UID to namespace, of everything that runs."""
    said = json.loads(cluster.run("kubectl", f"--kubeconfig={config}", "get", "pods", "-A", "-o", "json").stdout)
    return {
        one["metadata"]["uid"]: one["metadata"]["namespace"] for one in said["items"] if one["status"].get("phase") == "Running"
    }


def objects() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (OURS, APPS)
    ]
    made.append({**agent(), "metadata": {"name": "agent", "namespace": SYSTEM}})
    for namespace in (OURS, APPS):
        container = {"name": "c", "image": "ostiary.dev/none:1"}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
        spec = {"replicas": REPLICAS, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        made.append(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}, "spec": spec}
        )
    return made


async def refuse_the_worst(cluster: RunningCluster, journal: Path) -> None:
    async with Client(load([cluster.kubeconfig])) as client:
        world = World.of(await read_live(client, bytes(32)), today=TODAY)
        proof = prove(world, AdmissionPolicy(controls=WORST, everywhere=True))
        assert isinstance(proof, Proof), proof
        plan = enforce(proof)
        with Journal.create(journal, plan, cluster="") as written:
            report = await perform(client, written, plan.stages, patience=PATIENCE)
    assert report.exit_code == 0, "\n".join(map(str, (*report.changes, *report.trials)))


async def test_a_control_plane_that_starts_cold_makes_everything_again(cluster: RunningCluster, tmp_path: Path) -> None:
    cluster.run("kubectl", "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects()}))
    wanted = sorted([SYSTEM] * NODES + [OURS] * REPLICAS + [APPS] * REPLICAS)
    before = until(lambda: (found := pods(cluster, cluster.kubeconfig)) and sorted(found.values()) == wanted and found)
    await refuse_the_worst(cluster, tmp_path / "journal")
    (port,) = free_ports(1)
    with ExitStack() as stack:
        command = arguments(cluster, API, secure_port=port, audit_log_path=tmp_path / "audit.log")
        stack.enter_context(started(command, tmp_path / "api.log"))
        config = _config(cluster.kubeconfig, cluster.server, port, tmp_path / "kubeconfig")
        ready = ("kubectl", f"--kubeconfig={config}", "get", "--raw", "/readyz")
        until(lambda: cluster.run(*ready, check=False).returncode == 0)
        stack.enter_context(stopped(cluster, MANAGER, SCHEDULER))
        for name in (MANAGER, SCHEDULER):
            own = next(part.partition("=")[2] for part in arguments(cluster, name) if part.startswith("--kubeconfig="))
            other = _config(Path(own), cluster.server, port, tmp_path / f"{name}.kubeconfig")
            stack.enter_context(started(arguments(cluster, name, kubeconfig=other), tmp_path / f"{name}.log"))
        for namespace in (SYSTEM, OURS, APPS):
            gone = ("delete", "pods", "--all", "--force", "--grace-period=0", "--wait=false", "-n", namespace)
            cluster.run("kubectl", f"--kubeconfig={config}", *gone)
        after = until(
            lambda: (
                (found := pods(cluster, config))
                and sorted(found.values()) == wanted
                and not found.keys() & before.keys()
                and found
            )
        )
        assert after
        attack = json.dumps({**privileged(), "metadata": {"name": "attack", "namespace": APPS}})
        refused = cluster.run("kubectl", f"--kubeconfig={config}", "create", "-f", "-", stdin=attack, check=False)
        assert refused.returncode != 0
        assert "POD-1" in refused.stderr


def _config(given: Path, server: str, port: int, path: Path) -> Path:
    text = given.read_text()
    assert server in text
    path.touch(mode=0o600)
    path.write_text(text.replace(server, f"{server.rpartition(':')[0]}:{port}"))
    return path
