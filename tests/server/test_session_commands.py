"""``ostiary session`` as a process, against a control plane that runs: one's own for everybody, all of them for an administrator, and no half-told answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostiary.sandbox.ports import free_ports

OSTIARY = Path(sys.executable).with_name("ostiary")


class Plane:
    """A control plane without a gateway, and people who each have a home of their own on it."""

    def __init__(self, root: Path) -> None:
        self.root, self.data = root, root / "data"
        (self.port,) = free_ports(1)
        self.process = subprocess.Popen(
            [OSTIARY, "up", "--data", self.data, "--set", f"api.port={self.port}", "--set", "gateway.enabled=false"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stderr is not None
        assert any(line.startswith("ready;") for line in self.process.stderr)
        self.passwords = {"admin": (self.data / "first-administrator").read_text()}

    def run(self, person: str, *words: str, code: int = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        home = self.root / person
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            [OSTIARY, *words], env={"HOME": str(home), "PATH": os.defpath}, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )  # fmt: skip
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def login(self, person: str) -> None:
        where = ("--server", f"https://localhost:{self.port}", "--ca", str(self.data / "tls/ca.crt"))
        self.run(person, "login", *where, "--person", person, "--password-stdin", stdin=self.passwords[person])

    def listed(self, person: str, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run(person, "session", "list", *words, "-f", "json").stdout)
        return found

    def own(self, person: str) -> str:
        """The id of the session that a person has signed in with last."""
        self.login(person)
        return str(self.listed(person)[-1]["id"])


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    made = Plane(tmp_path_factory.mktemp("plane"))
    try:
        made.login("admin")
        for person in ("alice", "bob"):
            made.passwords[person] = made.run("admin", "account", "add", person).stdout
        yield made
    finally:
        with made.process:  # closes its pipe, and waits
            made.process.terminate()


def test_everybody_sees_their_own_and_no_others(plane: Plane) -> None:
    mine, bobs = plane.own("alice"), plane.own("bob")
    assert {one["person"] for one in plane.listed("alice")} == {"alice"}
    assert bobs not in plane.run("alice", "session", "list").stdout
    for words in (("--person", "bob"), ("--everybody",)):
        refused = plane.run("alice", "session", "list", *words, code=1)
        assert (refused.stdout, "only viewers and administrators" in refused.stderr) == ("", True)
    header, *rows = plane.run("alice", "session", "list").stdout.splitlines()
    assert header.split("  ")[0] == "SESSION"
    assert [row.split()[0] for row in rows if row.endswith("yes")] == [mine]


def test_an_administrator_sees_everybody(plane: Plane) -> None:
    mine, bobs = plane.own("alice"), plane.own("bob")
    everybody = plane.listed("admin", "--everybody")
    assert {mine, bobs} <= {one["id"] for one in everybody}
    assert {one["person"] for one in plane.listed("admin", "--person", "bob")} == {"bob"}
    assert "secret" not in json.dumps(everybody)
    assert "nobody is signed in by that name" in plane.run("admin", "session", "list", "--person", "nobody").stderr
    assert plane.run("admin", "session", "list", "--person", "bob", "--everybody", code=2).stdout == ""


def test_a_session_of_somebody_else_is_not_there(plane: Plane) -> None:
    bobs = plane.own("bob")
    plane.login("alice")
    refused = plane.run("alice", "session", "revoke", bobs, code=2)
    assert "you have no such session" in refused.stderr
    assert "ostiary session list" in refused.stderr
    assert bobs in {one["id"] for one in plane.listed("bob")}


def test_an_administrator_ends_any_and_says_which(plane: Plane) -> None:
    first, second, bobs = plane.own("alice"), plane.own("alice"), plane.own("bob")
    done = plane.run("admin", "session", "revoke", first, "0" * 32, "../me", bobs, "-f", "json", code=2)
    assert json.loads(done.stdout) == {"ended": [first, bobs]}
    assert "0" * 32 in done.stderr
    assert "'../me'" in done.stderr
    assert {first, bobs}.isdisjoint(one["id"] for one in plane.listed("admin", "--everybody"))
    assert second in {one["id"] for one in plane.listed("alice")}
    assert "sign in" in plane.run("bob", "session", "list", code=1).stderr


def test_ones_own_goes_last_and_leaves_nothing_here(plane: Plane) -> None:
    other, mine = plane.own("alice"), plane.own("alice")
    done = plane.run("alice", "session", "revoke", mine, other, mine)
    assert done.stdout.split() == ["ENDED", other, mine]
    assert "ostiary login" in done.stderr
    assert "nobody is signed in" in plane.run("alice", "session", "list", code=1).stderr
    assert not list((plane.root / "alice/.config/ostiary/sessions").iterdir())


@pytest.mark.parametrize("words", [("revoke",), ("list", "--format", "yaml"), ("list", "somebody")])
def test_usage(plane: Plane, words: tuple[str, ...]) -> None:
    assert plane.run("bob", "session", *words, code=2).stdout == ""
