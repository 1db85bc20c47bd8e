"""Access from end to end, by the commands that people type: `ostiary up`, a real API server behind a real Envoy, kubectl with the credential plugin.

The control plane is killed (SIGKILL) in the middle, and nothing that it answered for is lost.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ostiary.sandbox import RunningCluster, SandboxOptions, up
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.ports import free_ports
from ostiary.sandbox.pytest_plugin import cannot_run

OSTIARY = Path(sys.executable).with_name("ostiary")
INTENT = """apiVersion: ostiary.dev/v1
kind: Intent
access:
  rules:
    - {who: [alice], roles: [view], clusters: [prod], namespaces: [default], maximum: 1h, approvers: [bob]}
"""
pytestmark = pytest.mark.judge("access", needs=("linux",))


def until(what: str, holds: Callable[[], bool], seconds: float = 15.0) -> float:
    """Wait for something; the seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


@dataclass
class Plane:
    """`ostiary up` in a process of its own."""

    home: Path
    api: int
    gateway: int
    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def command(self) -> list[str]:
        ports = ["--set", f"api.port={self.api}", "--set", f"gateway.port={self.gateway}", "--set", "gateway.workers=1"]
        return [str(OSTIARY), "up", "--data", str(self.data), "--intent", str(self.home / "ostiary.yaml"), *ports]

    def start(self) -> float:
        with (self.home / "up.log").open("w") as log:
            self.process = subprocess.Popen(self.command, stderr=log, stdout=log, text=True)
        return until("the start", self.serves, 120)

    def serves(self) -> bool:
        assert self.process is not None
        said = (self.home / "up.log").read_text()
        assert self.process.poll() is None, said
        return "\nready;" in said

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)


@dataclass(frozen=True)
class Person:
    """Somebody with files of their own."""

    name: str
    plane: Plane
    cluster: RunningCluster

    @property
    def home(self) -> Path:
        return self.plane.home / self.name

    def run(self, *command: str | Path, stdin: str = "", fine: bool = True) -> "subprocess.CompletedProcess[str]":
        self.home.mkdir(exist_ok=True)
        mine = {
            "HOME": str(self.home),
            "OSTIARY_CONFIG": str(self.home / "config"),
            "KUBECONFIG": str(self.home / "kubeconfig"),
        }
        path = f"{OSTIARY.parent}:{os.environ['PATH']}"
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("OSTIARY_", "XDG_"))}
        done = subprocess.run(
            command,
            input=stdin,
            text=True,
            capture_output=True,
            env=environment | mine | {"PATH": path},
            timeout=60,
            check=False,
        )
        assert not fine or done.returncode == 0, f"{command}: {done.stderr}"
        return done

    def ostiary(self, *arguments: str, stdin: str = "", fine: bool = True) -> "subprocess.CompletedProcess[str]":
        return self.run(OSTIARY, *arguments, stdin=stdin, fine=fine)

    def kubectl(self, *arguments: str, fine: bool = True) -> "subprocess.CompletedProcess[str]":
        return self.run(self.cluster.kubectl, *arguments, fine=fine)

    def sign_in(self, password: str) -> None:
        server = f"https://127.0.0.1:{self.plane.api}"
        authority = str(self.plane.data / "tls/ca.crt")
        self.ostiary(
            "login", "--server", server, "--ca", authority, "--person", self.name, "--password-stdin", stdin=f"{password}\n"
        )

    def may(self) -> bool:
        return self.kubectl("get", "configmaps", "-n", "default", fine=False).returncode == 0


@pytest.fixture
def cluster() -> Iterator[RunningCluster]:
    """One that no other test has put an ostiary on."""
    try:
        made = up(SandboxOptions(name=f"access-{os.getpid()}", owner_pid=os.getpid()))
    except CannotRun as error:
        cannot_run(error.happened)
    yield made
    made.down()


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    api, gateway = free_ports(2)
    (tmp_path / "ostiary.yaml").write_text(INTENT)
    made = Plane(tmp_path, api, gateway)
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait(20)


def rights(cluster: RunningCluster) -> set[str]:
    """Every object that gives rights."""
    return set(
        cluster.run("kubectl", "get", "clusterroles,clusterrolebindings,roles,rolebindings", "-A", "-o", "name").stdout.split()
    )


def ask(alice: Person, duration: str) -> str:
    arguments = ("--cluster", "prod", "--role", "view", "-n", "default", "--for", duration, "--reason", "have a look")
    made = alice.ostiary("grant", "request", *arguments, "--format", "json")
    return made.stdout.partition('"id": "')[2].partition('"')[0]


def test_from_signing_in_to_the_end_of_a_grant(plane: Plane, cluster: RunningCluster) -> None:
    admin, alice, bob = (Person(name, plane, cluster) for name in ("admin", "alice", "bob"))
    plane.start()
    password = plane.data / "first-administrator"
    assert password.stat().st_mode & 0o777 == 0o600
    admin.sign_in(password.read_text().strip())
    for person in (alice, bob):
        person.sign_in(admin.ostiary("account", "add", person.name).stdout.strip().splitlines()[-1])
    before = rights(cluster)
    admin.ostiary("cluster", "add", "prod", "--kubeconfig", str(cluster.kubeconfig), "--yes")
    try:
        _the_story(plane, admin, alice, bob)
    finally:
        removed = admin.ostiary("cluster", "remove", "prod", "--kubeconfig", str(cluster.kubeconfig), "--yes", fine=False)
    assert removed.returncode == 0, removed.stderr
    assert rights(cluster) == before
    assert plane.end(signal.SIGTERM) == 0
    assert "stopped" in (plane.home / "up.log").read_text()


def _the_story(plane: Plane, admin: Person, alice: Person, bob: Person) -> None:
    alice.ostiary("kubeconfig", "--cluster", "prod", "--use")
    refused = alice.kubectl("get", "configmaps", "-n", "default", fine=False)
    assert refused.returncode != 0
    assert "ostiary grant request" in refused.stderr

    first = ask(alice, "1h")
    own = alice.ostiary("grant", "approve", first, fine=False)
    assert (own.returncode, "alice" in own.stderr) == (1, True)
    assert admin.ostiary("grant", "approve", first, fine=False).returncode == 1  # no rule names administrators
    bob.ostiary("grant", "approve", first)
    until("the grant", alice.may)
    other = alice.kubectl("get", "configmaps", "-n", "kube-system", fine=False)
    assert "Forbidden" in other.stderr
    assert "forbidden" in alice.kubectl("create", "configmap", "x", "-n", "default", fine=False).stderr

    second = subprocess.run([*plane.command, "--set", "api.port=1"], capture_output=True, text=True, timeout=120, check=False)
    assert (second.returncode, "another ostiary works with" in second.stderr) == (1, True)

    waiting = ask(alice, "20m")
    plane.end(signal.SIGKILL)
    assert alice.kubectl("get", "configmaps", "-n", "default", fine=False).returncode != 0  # no supervisor, no gateway
    plane.start()
    until("the grant after the kill", alice.may)
    assert {first, waiting} <= set(alice.ostiary("grant", "list").stdout.split())

    bob.ostiary("grant", "revoke", first, "--reason", "enough seen")
    until("the end of the revoked grant", lambda: not alice.may(), 5)
    bob.ostiary("grant", "approve", waiting)
    until("the second grant", alice.may)
    bob.ostiary("grant", "revoke", waiting)

    short = ask(alice, "10s")
    bob.ostiary("grant", "approve", short)
    until("the short grant", alice.may, 8)
    until("its end", lambda: not alice.may(), 14)
    history = alice.ostiary("grant", "show", short).stdout
    assert all(what in history for what in ("request by alice", "approve by bob", "expire by ostiary"))
