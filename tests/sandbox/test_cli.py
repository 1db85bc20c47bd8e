"""``ostiary sandbox`` as people type it: stdout is the answer alone, exit codes are as documented."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.sandbox import SandboxOptions, up


def ostiary(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from ostiary.cli.main import main; main()", "sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("up", "--name", "../x"), 2, "cannot be the name of a cluster"),
        (("up", "--nodes", "many"), 2, "not a kind of nodes"),
        (("up", "--kubernetes-version", "1.2"), 2, "known: 1.37"),
        (("up", "--feature-gates", "A"), 2, "not a feature gate"),
        (("up", "--apiserver-flag", "x"), 2, "not an API server flag"),
        (("up", "--load", "/nowhere"), 2, "/nowhere does not exist"),
        (("up", "--image", "/dev/null"), 2, "add --nodes real"),
        (("kubeconfig", "--name", "ghost"), 2, "no cluster called ghost is running"),
        (("exec", "--name", "ghost", "--", "true"), 2, "ostiary sandbox up --name ghost"),
        (("status", "--format", "xml"), 2, "not a format"),
        (("down", "--name", "ghost"), 0, "there is no cluster called ghost"),
    ],
)
def test_mistakes_are_explained_on_stderr(state: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = ostiary(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_status_of_nothing(state: Path) -> None:
    assert ostiary("status").stdout == "no clusters\n"
    assert json.loads(ostiary("status", "--format", "json").stdout) == []


@pytest.mark.judge("sandbox-cli", needs=("linux",))
def test_the_whole_life(state: Path) -> None:
    started = ostiary("up", "--name", "life")
    assert started.returncode == 0
    assert started.stdout == ""
    assert "export KUBECONFIG=$(ostiary sandbox kubeconfig --name life)" in started.stderr
    again = ostiary("up", "--name", "life")
    assert again.returncode == 0
    assert "is running already" in again.stderr
    other = ostiary("up", "--name", "life", "--feature-gates", "ConstrainedImpersonation=false")
    assert other.returncode == 1
    assert "with other options" in other.stderr
    path = ostiary("kubeconfig", "--name", "life").stdout
    assert path == f"{state}/sandbox/life/kubeconfig\n"
    assert ostiary("exec", "--name", "life", "--", "kubectl", "get", "--raw", "/readyz").stdout == "ok"
    assert ostiary("exec", "--name", "life", "--", "sh", "-c", "echo $KUBECONFIG; exit 9").stdout == path
    assert ostiary("exec", "--name", "life", "--", "sh", "-c", "exit 9").returncode == 9
    assert ostiary("exec", "--name", "life", "--", "no-such-command").returncode == 2
    (shown,) = json.loads(ostiary("status", "--format", "json").stdout)
    assert (shown["name"], shown["phase"], shown["nodes"]) == ("life", "running", "none")
    table = ostiary("status").stdout
    assert table.splitlines()[0].split() == ["NAME", "PHASE", "NODES", "KUBERNETES", "API", "SERVER"]
    assert ostiary("down", "--name", "life").returncode == 0
    assert ostiary("status").stdout == "no clusters\n"


@pytest.mark.judge("sandbox-cli-after-a-crash", needs=("linux",))
def test_status_tells_why_a_cluster_ended(state: Path) -> None:
    import os
    import signal

    cluster = up(SandboxOptions(name="crash"))
    os.kill(cluster.record.pids["etcd"], signal.SIGKILL)
    from tests.sandbox.conftest import eventually

    assert eventually(lambda: "crash ended: etcd was killed by SIGKILL" in ostiary("status").stdout)
    assert ostiary("kubeconfig", "--name", "crash").returncode == 2
