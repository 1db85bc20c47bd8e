"""`ostiary up` as a process, on both databases: ready, one at a time, killed without loss, stopped cleanly."""

import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.sandbox.ports import free_ports

OSTIARY = Path(sys.executable).with_name("ostiary")


class Up:
    """The process; its database is named in the environment, as a password would have to be."""

    def __init__(self, home: Path, url: str) -> None:
        self.data = home / "data"
        self.log = home / "log"
        self.api, gateway = free_ports(2)
        self.command = [
            str(OSTIARY), "up", "--data", str(self.data), "--set", f"api.port={self.api}", "--set", f"gateway.port={gateway}",
            "--set", "gateway.workers=1",
        ]  # fmt: skip
        self.environment = {**os.environ, "OSTIARY_SERVER_DATABASE": url}
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, text=True, env=self.environment)
        began = time.monotonic()
        while "\nready;" not in (said := self.log.read_text()):
            assert self.process.poll() is None, said
            assert time.monotonic() - began < 120, said
            time.sleep(0.02)

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def ask(self, path: str, body: bytes | None = None) -> int:
        context = ssl.create_default_context(cafile=str(self.data / "tls/ca.crt"))
        request = urllib.request.Request(
            f"https://localhost:{self.api}{path}", body, {"Content-Type": "application/json"} if body else {}
        )
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            return int(answer.status)

    def lets_the_administrator_in(self) -> bool:
        password = (self.data / "first-administrator").read_text().strip()
        return self.ask("/v1/login/password", f'{{"person": "admin", "password": "{password}"}}'.encode()) == 200


@pytest.fixture
def up(tmp_path: Path, store_url: str) -> Iterator[Up]:
    made = Up(tmp_path, store_url)
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait(20)


def test_a_life_with_a_kill_in_it(up: Up) -> None:
    up.start()
    assert up.ask("/readyz") == 200
    password = up.data / "first-administrator"
    assert password.stat().st_mode & 0o777 == 0o600
    assert password.read_text().strip() not in up.log.read_text()
    first = password.read_text()
    assert up.lets_the_administrator_in()

    second = subprocess.run(up.command, env=up.environment, capture_output=True, text=True, timeout=120, check=False)
    assert (second.returncode, "another ostiary works with" in second.stderr) == (1, True)
    assert "Traceback" not in second.stderr

    up.end(signal.SIGKILL)
    up.start()
    assert password.read_text() == first
    assert up.lets_the_administrator_in()
    password.unlink()
    assert up.end(signal.SIGTERM) == 0
    up.start()
    assert not password.exists()  # it is made once
    assert up.end(signal.SIGINT) == 0
    assert "Traceback" not in up.log.read_text()


def test_a_port_that_is_taken_is_said(up: Up) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*up.command, "--set", f"gateway.port={taken.getsockname()[1]}"]
        done = subprocess.run(command, env=up.environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "gateway.port" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_mistakes_in_the_configuration_end_it_before_anything_is_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [OSTIARY, "up", "--data", tmp_path / "data", "--set", "api.prot=1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, "api.port" in done.stderr) == (2, True)
    assert not (tmp_path / "data").exists()
