"""``ostiary audit`` with grants: from the store beside the gateway, from a configured one, from the API; and with none at hand nothing is guessed."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ostiary.model.access import Grant
from ostiary.pillars.access import grants as life
from ostiary.pillars.access.asking import asked
from ostiary.sandbox.ports import free_ports
from ostiary.server.store.engine import opened, sqlite_url
from ostiary.server.store.grants import add_grant

OSTIARY = Path(sys.executable).with_name("ostiary")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def made(name: str, role: str = "edit", space: str = "shop") -> Grant:
    ask = asked("alice", "prod", role, namespaces=[space], everywhere=False, reason="why", seconds=3600)
    return life.approve(life.requested(ask, name, 1, NOON), "bob", NOON)


GRANTS = (life.expire(made("g1"), NOON + timedelta(hours=9)), life.revoke(made("g2", "view"), NOON + timedelta(minutes=10)))


def line(number: int, minutes: int, path: str, **fields: Any) -> str:
    at = f"{NOON + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.%fZ}"
    made = {"at": "DownstreamEnd", "t": at, "id": str(number), "m": "GET", "p": path, "user": "ostiary:alice", "cl": "prod"}
    return json.dumps({**made, "code": 200, "why": "via_upstream", **fields}) + "\n"


PODS = "/api/v1/namespaces/shop/pods"
RECORDS = (
    line(1, 5, PODS) + line(2, 30, PODS) + line(3, 90, PODS) + line(4, 5, "/api/v1/namespaces/bank/pods", code=403)
    + line(5, 5, "/apis") + line(6, 5, PODS, user="ostiary:eve")
)  # fmt: skip
WANTED = {"1": ["g1", "g2"], "2": ["g1"], "3": [], "4": [], "5": [], "6": []}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory as ``ostiary up`` lays it out, with its gateway's records and without a store."""
    (tmp_path / "data/gateway").mkdir(parents=True, mode=0o700)
    (tmp_path / "data").chmod(0o700)
    (tmp_path / "data/gateway/records.jsonl").write_text(RECORDS)
    return tmp_path / "data"


def keep(url: str) -> None:
    async def put() -> None:
        async with opened(url) as store, store.begin() as connection:
            for one in GRANTS:
                await add_grant(connection, one, ())

    asyncio.run(put())


def audit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [OSTIARY, "audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment})


def joined(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return {one["id"]: one["grants"] for one in map(json.loads, done.stdout.splitlines())}


def test_the_store_beside_the_gateway(data: Path) -> None:
    keep(sqlite_url(data / "store.db"))
    where = ("--directory", str(data / "gateway"))
    done = audit("search", *where, "--format", "json")
    assert (joined(done), done.stderr) == (WANTED, "")
    sentences = [json.loads(text)["whyAllowed"] for text in done.stdout.splitlines()]
    assert sentences[1] == "g1: edit in shop, agreed to by bob"
    assert (sentences[2], sentences[3]) == ("no grant held there then", "")

    shown = audit("tail", *where)
    assert "GRANT" in shown.stdout.splitlines()[0]
    assert "g1, g2" in shown.stdout
    assert list(joined(audit("search", *where, "--grant", "g2", "--format", "json"))) == ["1"]
    assert audit("search", *where, "--grant", "g3").returncode == 1


def test_the_store_of_a_configuration(data: Path, tmp_path: Path, store_url: str) -> None:
    keep(store_url)
    config = tmp_path / "server.yaml"
    config.write_text(json.dumps({"data": str(data), "database": store_url}))
    assert joined(audit("search", "--config", str(config), "--format", "json")) == WANTED
    assert joined(audit("tail", "--format", "json", OSTIARY_SERVER_CONFIG=str(config))) == WANTED


@pytest.mark.parametrize("content", [None, b"", b"no database" * 500])
def test_with_none_at_hand_it_says_so_once_and_guesses_nothing(data: Path, content: bytes | None) -> None:
    if content is not None:
        (data / "store.db").write_bytes(content)
    done = audit("search", "--directory", str(data / "gateway"), "--format", "json")
    assert set(map(json.dumps, joined(done).values())) <= {"null", "[]"}
    assert joined(done)["1"] is None
    assert done.stderr.count("grants not at hand") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [None, b""])
def test_a_filter_by_grant_without_grants_is_an_error_and_not_nothing(data: Path, content: bytes | None) -> None:
    if content is not None:
        (data / "store.db").write_bytes(content)
    done = audit("search", "--directory", str(data / "gateway"), "--grant", "g1")
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (3, "", False)


def test_following_sees_a_grant_that_was_made_meanwhile(data: Path) -> None:
    store = sqlite_url(data / "store.db")
    keep(store)
    options = ["--follow", "--last", "1", "--format", "json"]
    command: list[str | Path] = [OSTIARY, "audit", "tail", "--directory", data / "gateway", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["grants"] == []
        now = datetime.now(UTC)

        async def put(name: str) -> None:
            grant = replace(made(name), decided_at=now, ends_at=now + timedelta(hours=1))
            async with opened(store) as kept, kept.begin() as connection:
                await add_grant(connection, grant, ())

        for number, name in ((7, "g7"), (8, "g8")):
            asyncio.run(put(name))
            minutes = datetime.now(UTC) - NOON
            with (data / "gateway/records.jsonl").open("a") as file:
                file.write(line(number, 0, PODS, t=f"{NOON + minutes:%Y-%m-%dT%H:%M:%S.%fZ}"))
            assert name in json.loads(following.stdout.readline())["grants"]
        following.terminate()


@contextmanager
def running(data: Path) -> Iterator[str]:
    """A control plane on these data, without a gateway; where it is."""
    (port,) = free_ports(1)
    command: list[str | Path] = [OSTIARY, "up", "--data", data, "--set", f"api.port={port}", "--set", "gateway.enabled=false"]
    log = data.parent / "log"
    with log.open("w") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            began = time.monotonic()
            while "\nready;" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() - began < 60, log.read_text()
                time.sleep(0.05)
            yield f"https://localhost:{port}"
        finally:
            process.terminate()
            process.wait(30)


def test_the_api_for_who_is_signed_in_and_may_see_all(data: Path, tmp_path: Path) -> None:
    keep(sqlite_url(data / "store.db"))
    far = tmp_path / "far"  # the gateway's directory without a store beside it
    far.mkdir()
    (far / "records.jsonl").write_text(RECORDS)
    own = {"OSTIARY_CONFIG": str(tmp_path / "config")}
    search = ("search", "--directory", str(far), "--control-plane", "--format", "json")
    with running(data) as server:
        assert audit(*search, **own).returncode == 1  # nobody is signed in
        as_admin = ["--person", "admin", "--password-stdin"]
        login: list[str | Path] = [OSTIARY, "login", "--server", server, "--ca", data / "tls/ca.crt", *as_admin]
        password = (data / "first-administrator").read_text()
        subprocess.run(login, input=password, text=True, check=True, capture_output=True, timeout=60, env={**os.environ, **own})
        done = audit(*search, **own)
        assert (joined(done), done.stderr) == (WANTED, "")
        assert list(joined(audit(*search, "--grant", "g2", **own))) == ["1"]
    gone = audit(*search, **own)
    assert (gone.returncode, "Traceback" in gone.stderr) == (3, False)
