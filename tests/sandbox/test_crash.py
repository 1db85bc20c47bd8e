"""Whatever is killed with -9, nothing of the cluster stays; what is not the cluster's stays as it is."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.sandbox.conftest import command_of, eventually, left_of

from ostiary.sandbox import SandboxOptions, down, mark, status, up
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.mark import ProcessId
from ostiary.sandbox.options import Nodes
from ostiary.sandbox.state import Phase, read, write

pytestmark = pytest.mark.judge("sandbox-leaves-nothing", needs=("linux",))


def processes(identity: str) -> dict[str, int]:
    """Name to host pid of every process of a cluster."""
    found = {}
    for process in mark.marked(identity):
        words = command_of(process.pid).split()
        if "ostiary.sandbox.keeper" in words:
            found["keeper"] = process.pid
        elif "ostiary.sandbox.supervise" in words:
            found["supervisor"] = process.pid
        elif words:
            found[Path(words[0]).name] = process.pid
    return found


VICTIMS = ("keeper", "supervisor", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


@pytest.mark.parametrize("victims", [*((victim,) for victim in VICTIMS), ("keeper", "supervisor")], ids="+".join)
def test_killing_any_process_leaves_nothing_and_the_next_up_works(state: Path, victims: tuple[str, ...]) -> None:
    options = SandboxOptions(name="crash", nodes=Nodes("simulated", 1) if victims == ("kwok",) else Nodes())
    cluster = up(options)
    identity = cluster.record.identity
    running = processes(identity)
    assert set(running) == set(VICTIMS) - ({"kwok"} if victims != ("kwok",) else set())
    pids = [running[victim] for victim in victims]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # so that none of them can react to the other's death
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    if victims == ("keeper",):
        assert eventually(lambda: not cluster.record.keeper.alive)
        (shown,) = status()  # asked too early: the supervisor is not done yet, and is left to it
        assert shown.why == "its keeper was killed"
    assert eventually(lambda: not left_of(identity)), left_of(identity)
    (shown,) = status()
    assert shown.phase == Phase.ENDED
    assert "killed" in shown.why
    assert not Layout.of("crash").pki.exists()
    assert not Layout.of("crash").etcd.exists()
    if victims[0] == "kube-scheduler":
        again = up(options)
        assert again.fresh
        assert again.record.identity != identity
        assert again.run("kubectl", "get", "--raw", "/readyz").stdout == "ok"
    assert down("crash")
    assert not left_of(identity)
    assert list((state / "sandbox").iterdir()) == []


OWNER = """
import os, sys, time
from ostiary.sandbox import SandboxOptions, up
cluster = up(SandboxOptions(name="owned", owner_pid=os.getpid()))
print(cluster.record.identity, flush=True)
time.sleep(600)
"""


def test_a_killed_owner_leaves_nothing(state: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    with owner:
        assert owner.stdout is not None
        identity = owner.stdout.readline().strip()
        assert len(left_of(identity)) >= 6
        owner.kill()
    assert eventually(lambda: not left_of(identity)), left_of(identity)
    assert eventually(lambda: not (state / "sandbox" / "owned").exists())


UP = [sys.executable, "-c", "from ostiary.cli.main import main; main()", "sandbox", "up", "--name", "half"]


def test_an_up_that_is_killed_while_it_waits_leaves_nothing(state: Path) -> None:
    command = subprocess.Popen(UP, stderr=subprocess.DEVNULL)
    with command:
        layout = Layout.of("half")
        assert eventually(lambda: layout.log("kube-apiserver").exists())
        record = read(layout)
        assert record is not None
        command.kill()
    assert eventually(lambda: not left_of(record.identity)), left_of(record.identity)
    (shown,) = status()
    assert shown.phase == Phase.ENDED
    assert "ended before it was ready" in shown.why


def test_ctrl_c_while_starting_ends_the_cluster(state: Path) -> None:
    command = subprocess.Popen(UP, stderr=subprocess.PIPE)
    layout = Layout.of("half")
    assert eventually(lambda: layout.log("kube-apiserver").exists())
    record = read(layout)
    assert record is not None
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert b"Traceback" not in said
    assert command.returncode != 0
    assert not left_of(record.identity)


def test_sweeping_leaves_a_stranger_with_the_same_name_and_arguments_alone(state: Path, tmp_path: Path) -> None:
    cluster = up(SandboxOptions(name="mine"))
    argv = Path(f"/proc/{processes(cluster.record.identity)['etcd']}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    stranger = tmp_path / "etcd"
    stranger.symlink_to("/bin/sleep")
    environment = {mark.VARIABLE: cluster.record.identity[:-1] + "x", "NOTE": f"{mark.VARIABLE}={cluster.record.identity}"}
    process = subprocess.Popen([argv[0], "60"], executable=stranger, env=environment)
    with process:
        for pid in processes(cluster.record.identity).values():
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        status()
        down("mine")
        assert process.poll() is None
        process.kill()


def test_a_recorded_pid_that_now_belongs_to_somebody_else_is_left_alone(state: Path) -> None:
    cluster = up(SandboxOptions(name="stale"))
    for pid in processes(cluster.record.identity).values():
        os.kill(pid, signal.SIGSTOP)
    for pid in processes(cluster.record.identity).values():
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not left_of(cluster.record.identity))
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        now = ProcessId.of(stranger.pid)
        assert now is not None
        write(cluster.layout, replace(cluster.record, keeper=ProcessId(now.pid, now.started - 1)))
        assert down("stale")
        assert stranger.poll() is None
        stranger.kill()
