"""The gateway's directory and its Envoy: what is bad never replaces what is good, what was revoked is refused at once, what crashes comes back."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.gateway.door import DOMAIN, SESSION, Door, eventually, parse

from ostiary.core.errors import BadInput, Refused, Unreachable
from ostiary.gateway import Gateway, admin
from ostiary.gateway.following import everything
from ostiary.gateway.rotation import archives, rotate
from ostiary.model.access import Upstream

# An upstream that nobody listens on: what passes every check of the gateway is answered 503.
NOWHERE = "https://127.0.0.1:9"


def nowhere(name: str, authority: str) -> Upstream:
    return Upstream(name=name, server=NOWHERE, certificate_authority=authority)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    directory = tmp_path_factory.mktemp("door")
    made = Door(directory, [], {})
    authority = made.ca.read_text()
    made.state = replace(made.state, upstreams=(nowhere("c1", authority), nowhere("c2", authority)))
    made.tokens = {"c1": "gateway-token-one", "c2": "gateway-token-two"}
    with made:
        yield made


@pytest.fixture(autouse=True)
def same_state(door: Door) -> Iterator[None]:
    before = door.state
    yield
    door.apply(before)


def status(door: Door, cluster: str = "c1", **claims: Any) -> int:
    return door.get("/api/v1/pods", door.token(cluster, **claims), name=f"{cluster}.{DOMAIN}")[0]


def test_a_good_token_passes_and_an_unreachable_api_server_is_said_in_kubernetes_words(door: Door) -> None:
    code, body = door.get("/api/v1/pods", door.token("c1"))
    assert (code, body["kind"], body["reason"]) == (503, "Status", "ServiceUnavailable")
    assert "cannot be reached" in body["message"]


def test_a_revoked_session_is_refused_within_a_second_and_others_are_not(door: Door) -> None:
    assert status(door) == 503
    began = time.monotonic()
    door.apply(replace(door.state, denied=(SESSION,)))
    eventually(lambda: status(door) == 401)
    assert time.monotonic() - began < 1
    assert status(door, sid="session-2") == 503


def test_a_bad_configuration_never_replaces_a_good_one(door: Door) -> None:
    before = {file.name: file.read_bytes() for file in door.gateway.directory.glob("*.json")}
    good, bad = door.state, Upstream(name="c3", server=NOWHERE, certificate_authority="no certificate")
    with pytest.raises(Refused, match="does not take"):
        door.apply(replace(good, upstreams=(*good.upstreams, bad)), tokens={**door.tokens, "c3": "gateway-token-three"})
    door.state = good
    assert {file.name: file.read_bytes() for file in door.gateway.directory.glob("*.json")} == before
    assert status(door) == 503


def test_a_bad_configuration_still_revokes(door: Door) -> None:
    good = door.state
    bad = Upstream(name="c3", server=NOWHERE, certificate_authority="no certificate")
    with pytest.raises(Refused):
        door.apply(replace(good, upstreams=(bad,), denied=(SESSION,)), tokens={"c3": "gateway-token-three"})
    door.state = good
    eventually(lambda: status(door) == 401)


@pytest.mark.parametrize("jwks", [{"keys": [{"kty": "EC"}]}, {}, {"keys": "none"}])
def test_keys_that_envoy_cannot_read_are_refused(door: Door, jwks: dict[str, object]) -> None:
    good = door.state
    with pytest.raises(Refused):
        door.apply(replace(good, jwks=jwks))
    door.state = good
    assert status(door) == 503


@pytest.mark.parametrize("name", ["", "C1", "a.b", "../c", "c1/http1", "-a", "a" * 64, "a\n"])
def test_names_that_would_mean_something_to_a_path_are_refused(door: Door, name: str) -> None:
    good = door.state
    with pytest.raises(BadInput):
        door.apply(replace(good, upstreams=(nowhere(name, door.ca.read_text()),)))
    door.state = good


@pytest.mark.parametrize("session", ["", "a b", "a\n", 'a"', "a" * 129])
def test_a_session_that_would_break_the_deny_list_is_refused(door: Door, session: str) -> None:
    good = door.state
    with pytest.raises(BadInput):
        door.apply(replace(good, denied=(session,)))
    door.state = good
    assert status(door) == 503


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "https://", "https://u:p@h", "https://h/path", "https://h:99999", ""])
def test_a_server_that_is_no_https_address_is_refused(door: Door, server: str) -> None:
    good = door.state
    with pytest.raises(BadInput):
        door.apply(replace(good, upstreams=(Upstream(name="c1", server=server, certificate_authority=""),)))
    door.state = good


def test_envoy_is_back_within_a_second_of_a_crash(door: Door) -> None:
    pid = door.gateway.supervision.pid
    assert pid is not None
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: door.gateway.supervision.pid not in (None, pid) and door.ready())
    assert time.monotonic() - began < 1
    assert status(door) == 503


def test_new_keys_and_a_new_cluster_end_no_connection(door: Door) -> None:
    with door.connect(f"c1.{DOMAIN}") as kept, door.connect(DOMAIN) as by_path:
        authority = door.ca.read_text()
        door.apply(
            replace(
                door.state,
                jwks={"keys": [*door.state.jwks["keys"], {**door.key.as_dict(private=False), "kid": "key-2"}]},  # type: ignore[misc]
                upstreams=(*door.state.upstreams, nowhere("c3", authority)),
            ),
            tokens={**door.tokens, "c3": "gateway-token-three"},
        )
        eventually(lambda: status(door, "c3") == 503)
        eventually(lambda: door.get("/api/v1/pods", door.token("c1", header={"kid": "key-2"}))[0] == 503)
        time.sleep(1.5)  # longer than what is drained has
        for connection, path in ((kept, "/api/v1/pods"), (by_path, "/clusters/c1/api/v1/pods")):
            token = door.token("c1")
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            assert parse(connection.recv(65536))[0] == 503


def test_a_cluster_that_is_taken_away_loses_its_connections_and_its_token(door: Door) -> None:
    with door.connect(f"c2.{DOMAIN}") as connection:
        door.apply(replace(door.state, upstreams=door.state.upstreams[:1]))
        connection.settimeout(5)
        assert connection.recv(1) == b""
    assert not (door.gateway.directory / "token.c2.json").exists()
    assert status(door) == 503


def test_a_cluster_without_a_token_answers_503_and_nothing_goes_out(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = f"https://127.0.0.1:{listening.getsockname()[1]}"
        alone = Upstream(name="c4", server=server, certificate_authority=door.ca.read_text())
        door.apply(replace(door.state, upstreams=(*door.state.upstreams, alone)))
        eventually(lambda: status(door, "c4") == 503)
        listening.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listening.accept()


def test_files_are_the_owners_alone_and_no_secret_is_in_an_argument(door: Door) -> None:
    directory = door.gateway.directory
    assert directory.stat().st_mode & 0o077 == 0  # Envoy makes its records readable by others, and nobody else gets that far
    loose = [file.name for file in directory.iterdir() if file.stat().st_mode & 0o077]
    assert [name for name in loose if not (name.startswith("records.") and name.endswith("jsonl"))] == []
    assert b"gateway-token" not in Path(f"/proc/{door.gateway.supervision.pid}/cmdline").read_bytes()


def test_a_refusal_does_not_show_a_secret(door: Door) -> None:
    good = door.state
    with pytest.raises(Refused) as refused:
        door.apply(replace(good, issuer=door.token("c1"), jwks={}))
    door.state = good
    assert "eyJ" not in str(refused.value)
    assert "gateway-token" not in str(refused.value)


def test_every_request_leaves_a_record_refused_ones_too(door: Door) -> None:
    agent = f"test-{os.urandom(4).hex()}"
    lines = f"GET /api/v1/secrets?command=s3cret+x HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\nConnection: close\r\n"
    door.raw(f"c1.{DOMAIN}", f"{lines}Authorization: Bearer no.such.token\r\n\r\n".encode())

    def mine() -> list[dict[str, object]]:
        return [record for record in door.records() if record.get("agent") == agent]

    found = eventually(mine)[0]
    assert (found["code"], found["p"], found["m"], found["cl"]) == (401, "/api/v1/secrets", "GET", "c1")
    assert "user" not in found
    assert "no.such.token" not in json.dumps(found)


def test_a_port_that_is_taken_is_said_at_once(door: Door) -> None:
    other = Gateway(door.gateway.directory, workers=1)
    with pytest.raises(Unreachable, match="another program does"):
        door.do(other.run(asyncio.Event()))
    assert status(door) == 503


def test_records_are_rotated_and_go_on(door: Door) -> None:
    before = len(list(everything(door.gateway.directory)))
    status(door)
    eventually(lambda: len(list(everything(door.gateway.directory))) == before + 1)
    assert door.do(rotate(door.gateway.directory, largest=1))
    assert not door.do(rotate(door.gateway.directory, largest=1 << 40))
    status(door)
    eventually(lambda: len(list(everything(door.gateway.directory))) == before + 2)
    assert len(archives(door.gateway.directory)) == 1


def test_a_socket_in_a_deep_directory_is_reached(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["deep" * 8] * 6)
    gateway = Gateway(deep, workers=1)
    assert len(str(gateway.admin)) > 200
    with Door(tmp_path / "near", [], {}) as near:
        (deep / "admin.sock").symlink_to(near.gateway.admin)
        assert near.do(gateway.ready())


def test_the_command_runs_a_directory_and_stops_cleanly(tmp_path: Path) -> None:
    with Door(tmp_path, [], {}) as made:
        directory = made.gateway.directory
    with subprocess.Popen(["ostiary", "gateway", str(directory)], stderr=subprocess.PIPE, text=True) as running:
        eventually(lambda: made_ready(directory), within=20)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    assert not made_ready(directory)


def test_envoy_ends_with_whoever_looks_after_it(tmp_path: Path) -> None:
    """A gateway whose supervisor was killed would go on with grants that nobody ends."""
    with Door(tmp_path, [], {}) as made:
        directory = made.gateway.directory
    with subprocess.Popen(["ostiary", "gateway", str(directory)], stderr=subprocess.DEVNULL) as running:
        eventually(lambda: made_ready(directory), within=20)
        running.kill()
        running.wait(10)
    eventually(lambda: not made_ready(directory), within=5)


def made_ready(directory: Path) -> bool:
    return asyncio.run(admin.ready(directory / "admin.sock"))
