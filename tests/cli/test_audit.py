"""``ostiary audit``: filters that take what they say and nothing else, one JSON object a line, and following while records come."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostiary.cli.audit import _moment
from ostiary.cli.main import app
from ostiary.core.errors import BadInput

OSTIARY = Path(sys.executable).with_name("ostiary")
RECORDS: list[dict[str, Any]] = [
    {"id": "1", "user": "ostiary:alice", "cl": "prod", "p": "/api/v1/namespaces/shop/pods", "t": "2026-11-24T10:00:00.000000Z"},
    {"id": "2", "user": "ostiary:bob", "cl": "prod", "p": "/api/v1/namespaces/shop/pods/web", "m": "DELETE", "t": "2026-11-24T11:00:00.000000Z"},
    {"id": "3", "user": "ostiary:alice", "cl": "dev", "p": "/apis/apps/v1/namespaces/a/deployments/web", "t": "2026-11-24T12:00:00.000000Z"},
    {"id": "4", "cl": "dev", "p": "/api/v1/pods", "code": 401, "why": "jwt_authn_access_denied{Jwt_is_missing}", "t": "2026-11-24T13:00:00.000000Z"},
    {"id": "5", "at": "UpstreamPoolReady", "user": "ostiary:bob", "cl": "prod", "p": "/version", "t": "2026-11-24T14:00:00.000000Z"},
]  # fmt: skip


def line(**fields: Any) -> str:
    return json.dumps({"at": "DownstreamEnd", "m": "GET", "code": 200, "why": "via_upstream", **fields}) + "\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "records.20261124T103000.000000Z.jsonl").write_text(line(**RECORDS[0]))
    (tmp_path / "records.jsonl").write_text("".join(line(**record) for record in RECORDS[1:]))
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *arguments])
    return done.exit_code, done.stdout


def found(directory: Path, *filters: str, command: str = "search") -> list[str]:
    _, out = run(command, "--directory", str(directory), "--format", "json", *filters)
    return [json.loads(text)["id"] for text in out.splitlines()]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ((), ["1", "2", "3", "4"]),
        (("--starts",), ["1", "2", "3", "4", "5"]),
        (("--person", "alice"), ["1", "3"]),
        (("--person", "ali"), []),
        (("--cluster", "prod", "--verb", "delete"), ["2"]),
        (("--resource", "pods"), ["1", "2", "4"]),
        (("--resource", "deployments.apps"), ["3"]),
        (("--resource", "deployments"), ["3"]),
        (("--name", "web", "-n", "shop"), ["2"]),
        (("--outcome", "refused"), ["4"]),
        (("--outcome", "pending", "--starts"), ["5"]),
        (("--id", "3"), ["3"]),
        (("--since", "2026-11-24T11:00:00Z"), ["2", "3", "4"]),
        (("--since", "2026-11-24T12:00:00+01:00", "--until", "2026-11-24T13:00:00Z"), ["2", "3"]),
    ],
)
def test_a_filter_takes_what_it_says(directory: Path, filters: tuple[str, ...], wanted: list[str]) -> None:
    assert found(directory, *filters) == wanted


def test_exit_codes_say_whether_there_was_one(directory: Path) -> None:
    assert run("search", "--directory", str(directory), "--person", "bob")[0] == 0
    assert run("search", "--directory", str(directory), "--person", "eve") == (1, "")


def test_the_table_shows_who_what_and_why(directory: Path) -> None:
    _, out = run("tail", "--directory", str(directory))
    assert "alice" in out
    assert "deployments.apps" in out
    assert "gateway: Jwt is missing" in out


def test_tail_takes_the_last_ones(directory: Path) -> None:
    assert found(directory, "--last", "2", command="tail") == ["3", "4"]


@pytest.mark.parametrize("text", ["yesterday", "5x", "-3h", "2026-13-01", "h", "٣h"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        _moment(text, datetime.now(UTC))


def test_so_long_ago() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert _moment("90m", now) == "2026-11-24T10:30:00.000000Z"
    assert _moment("2d", now) == f"{now - timedelta(days=2):%Y-%m-%dT%H:%M:%S.%fZ}"


def test_following_shows_each_as_it_comes_and_ends_on_interrupt(directory: Path) -> None:
    command = [str(OSTIARY), "audit", "tail", "--directory", str(directory), "--follow", "--last", "1", "--format", "json"]
    # A shell's background jobs ignore interrupts, and so would what they start.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    following = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heard)
    try:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["id"] == "4"  # "5" only starts
        for name in ("6", "7"):
            with (directory / "records.jsonl").open("a") as file:
                file.write(line(id=name, p="/version"))
            assert json.loads(following.stdout.readline())["id"] == name
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 0
    finally:
        following.kill()
        following.communicate()
