"""The whole of it with a real cluster: added, granted, revoked; and a grant that ends while ostiary is down is gone when it comes back."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.server.clusters.behind import ROLES, access_of

from ostiary.adapters.kubernetes.client import Client
from ostiary.cli.control_plane import ControlPlane, anonymous
from ostiary.core.errors import OstiaryError
from ostiary.sandbox import RunningCluster
from ostiary.server.clusters.install import uninstall

pytestmark = [
    pytest.mark.judge("access-up", needs=("linux",)),
    pytest.mark.parametrize("real", ["1.37"], indirect=True),
]
OSTIARY = Path(sys.executable).parent / "ostiary"


class Running:
    """``ostiary up`` without its gateway, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, self.other = _free(), _free()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(OSTIARY), "up", "--data", str(self.directory / "data")]
        for one in (f"api.port={self.port}", f"gateway.port={self.other}", "gateway.enabled=false"):
            command += ["--set", one]
        with (self.directory / "up.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self._ready, within=30)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "up.log").read_text()
        try:
            return bool(self.plane().get("/v1/login/methods"))
        except (OstiaryError, OSError):
            return False

    def plane(self, secret: str = "") -> ControlPlane:
        found = anonymous(f"https://127.0.0.1:{self.port}", (self.directory / "data/tls/ca.crt").read_text())
        return ControlPlane(found.server, found.certificate_authority, secret)

    def sign_in(self, person: str, password: str) -> ControlPlane:
        return self.plane(self.plane().post("/v1/login/password", {"person": person, "password": password})["secret"])

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(with_signal)
            self.process.wait(30)


def _free() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def until(condition: Any, *, within: float) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"not within {within} s"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def bare(real: RunningCluster) -> RunningCluster:
    """The cluster without what other tests installed on it."""

    async def clean() -> None:
        async with Client(access_of(real)) as admin:
            await uninstall(admin, ROLES)

    asyncio.run(clean())
    return real


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    found = Running(tmp_path)
    found.start()
    yield found
    found.end()


def ostiary(running: Running, *words: str | Path) -> str:
    environment = {**os.environ, "OSTIARY_CONFIG": str(running.directory / "config")}
    done = subprocess.run([OSTIARY, *words], env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bindings(cluster: RunningCluster) -> set[str]:
    said = cluster.run(
        "kubectl", "get", "rolebindings,clusterrolebindings", "-A", "-l", "ostiary.dev/grant", "-o", "name"
    ).stdout
    return set(said.split())


def test_a_grant_holds_within_a_second_and_its_end_is_not_missed(running: Running, bare: RunningCluster) -> None:
    word = (running.directory / "data/first-administrator").read_text().split()[-1]
    secret = running.directory / "word"
    secret.write_text(word + "\n")
    with secret.open() as stdin:
        environment = {**os.environ, "OSTIARY_CONFIG": str(running.directory / "config")}
        authority = str(running.directory / "data/tls/ca.crt")
        login = [str(OSTIARY), "login", "--server", f"https://127.0.0.1:{running.port}", "--ca", authority]
        subprocess.run(
            [*login, "--person", "admin", "--password-stdin"], env=environment, stdin=stdin, check=True, capture_output=True
        )
    shown = ostiary(running, "cluster", "add", "prod", "--kubeconfig", bare.kubeconfig)
    assert "name: ostiary:controller" in shown
    assert bare.run("kubectl", "get", "namespace", "ostiary-system", check=False).returncode != 0  # only shown
    ostiary(running, "cluster", "add", "prod", "--kubeconfig", bare.kubeconfig, "--yes")

    admin = running.sign_in("admin", word)
    bob = running.sign_in("bob", admin.post("/v1/accounts", {"person": "bob"})["password"])
    wish = {"cluster": "prod", "role": "view", "namespaces": ["default"], "seconds": 12, "reason": "a test"}

    first = bob.post("/v1/grants", {**wish, "seconds": 600})["id"]
    admin.post(f"/v1/grants/{first}/approve")
    until(lambda: bindings(bare) == {f"rolebinding.rbac.authorization.k8s.io/ostiary:grant:{first}"}, within=1.5)
    told = ostiary(running, "prove", "access", "--kubeconfig", bare.kubeconfig, "--behind", "prod")
    assert "ostiary:bob ClusterRole view default" in " ".join(told.split())
    bob.post(f"/v1/grants/{first}/revoke")
    until(lambda: bindings(bare) == set(), within=1.5)

    second = bob.post("/v1/grants", wish)["id"]
    ends = datetime.fromisoformat(admin.post(f"/v1/grants/{second}/approve")["ends_at"])
    until(lambda: bindings(bare) != set(), within=1.5)
    running.end(signal.SIGKILL)
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 0.5)
    assert bindings(bare) != set()  # nobody was there to end it
    running.start()
    until(lambda: bindings(bare) == set(), within=2)

    assert "Namespace ostiary-system" in ostiary(running, "cluster", "remove", "prod", "--kubeconfig", bare.kubeconfig, "--yes")
    left = bare.run("kubectl", "get", "clusterroles,clusterrolebindings,namespaces", "-o", "name").stdout
    assert "ostiary" not in left
