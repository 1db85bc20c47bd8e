"""The cache of engines, on a tiny Go module: all or nothing, once, by one process, quiet when warm."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.sandbox.conftest import eventually

from ostiary.core.errors import Unreachable
from ostiary.sandbox import gobuild
from ostiary.sandbox.progress import silent

pytestmark = pytest.mark.judge("engine-cache", needs=("go",))

MAIN = 'package main\n\nimport "fmt"\n\nvar version string\n\nfunc main() { fmt.Println("door", version) }\n'


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> gobuild.Recipe:
    """A module with one program, and an empty cache."""
    module = tmp_path / "module"
    (module / "cmd" / "door").mkdir(parents=True)
    (module / "go.mod").write_text("module example.dev/door\n\ngo 1.21\n")
    (module / "cmd" / "door" / "main.go").write_text(MAIN)
    monkeypatch.setenv("OSTIARY_CACHE", str(tmp_path / "cache"))
    return gobuild.Recipe(
        "door",
        "1.0",
        module,
        module / "go.mod",
        packages=("./cmd/door",),
        links=(("gate", "door"),),
        ldflags=("-s", "-w", "-X", "main.version=1.0"),
        megabytes=3,
    )


def test_a_program_is_built_with_its_links_and_its_version(recipe: gobuild.Recipe) -> None:
    said: list[str] = []
    home = gobuild.ensure(recipe, lambda what, _: said.append(what))
    assert subprocess.run([home / "bin" / "gate"], capture_output=True, text=True, check=True).stdout == "door 1.0\n"
    assert json.loads((home / "built.json").read_text())["go"].startswith("go version go1.")
    assert said[0] == "building door 1.0"


def test_warm_starts_nothing_and_writes_nothing(recipe: gobuild.Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    home = gobuild.ensure(recipe, silent)
    before = sorted((path, path.lstat().st_mtime_ns) for path in home.parent.rglob("*"))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(subprocess, "run", refuse)
    assert gobuild.ensure(recipe, silent) == home
    assert sorted((path, path.lstat().st_mtime_ns) for path in home.parent.rglob("*")) == before


@pytest.mark.parametrize("change", ["source", "go.mod", "go.sum", "flags", "tags", "link"])
def test_whatever_goes_in_changes_the_key(recipe: gobuild.Recipe, change: str) -> None:
    before = recipe.key
    if change == "source":
        (recipe.directory / "cmd" / "door" / "main.go").write_text(MAIN + "// more\n")
    elif change == "go.mod":
        recipe.modfile.write_text("module example.dev/door\n\ngo 1.22\n")
    elif change == "go.sum":
        (recipe.directory / "go.sum").write_text("")
        assert recipe.key == before
        (recipe.directory / "go.sum").write_text("example.dev/x v1.0.0 h1:x\n")
    elif change == "flags":
        recipe = replace(recipe, ldflags=("-s",))
    elif change == "tags":
        recipe = replace(recipe, tags=("no_zfs",))
    else:
        recipe = replace(recipe, links=())
    assert recipe.key != before


def test_a_build_that_fails_shows_what_the_compiler_said_and_leaves_nothing(recipe: gobuild.Recipe) -> None:
    (recipe.directory / "cmd" / "door" / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(Unreachable, match=r"cannot build door 1\.0[\s\S]*undefined: nothing"):
        gobuild.ensure(recipe, silent)
    assert _leftovers(recipe) == []


BUILD = """
import sys
from pathlib import Path
from ostiary.sandbox import gobuild
module = Path(sys.argv[1])
recipe = gobuild.Recipe("door", "1.0", module, module / "go.mod", packages=("./cmd/door",), megabytes=3)
print("begin", flush=True)
print(gobuild.ensure(recipe, lambda what, _: print(what, flush=True)))
"""


def _slow(recipe: gobuild.Recipe, marker: Path) -> dict[str, str]:
    """An environment whose ``go build`` counts itself and takes its time."""
    real = _which("go")
    wrapper = marker.parent / "bin" / "go"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nif [ "$1" = build ]; then echo $$ >>{marker}; sleep 1; fi\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    return os.environ | {"PATH": f"{wrapper.parent}:{os.environ['PATH']}"}


def _which(program: str) -> str:
    import shutil

    found = shutil.which(program)
    assert found is not None
    return found


def test_two_processes_build_once(recipe: gobuild.Recipe, tmp_path: Path) -> None:
    marker = tmp_path / "builds"
    environment = _slow(recipe, marker)
    command = [sys.executable, "-c", BUILD, str(recipe.directory)]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0].splitlines() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0][-1] == said[1][-1]
    assert len(marker.read_text().splitlines()) == 1
    assert any("waiting for another process" in line for lines in said for line in lines)


def test_a_killed_builder_blocks_nobody_and_its_remains_are_removed(recipe: gobuild.Recipe, tmp_path: Path) -> None:
    marker = tmp_path / "builds"
    command = [sys.executable, "-c", BUILD, str(recipe.directory)]
    with subprocess.Popen(command, env=_slow(recipe, marker), stdout=subprocess.PIPE) as process:
        assert eventually(marker.exists)
        process.kill()
    assert eventually(lambda: not Path(f"/proc/{marker.read_text().split()[0]}").exists())  # go ended with it
    assert _leftovers(recipe) != []
    began = time.monotonic()
    home = gobuild.ensure(replace(recipe, links=(), ldflags=()), silent)
    assert time.monotonic() - began < 30
    assert (home / "bin" / "door").exists()
    assert _leftovers(recipe) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    if os.geteuid() != 0:
        pytest.skip("cannot run: needs root to mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("megabytes", [50, 1], ids=["seen-beforehand", "met-while-building"])
def test_a_full_disk_says_where_and_how_much(
    recipe: gobuild.Recipe, small_disk: Path, monkeypatch: pytest.MonkeyPatch, megabytes: int
) -> None:
    monkeypatch.setenv("OSTIARY_CACHE", str(small_disk))
    if megabytes == 1:
        (small_disk / "ballast").write_bytes(bytes(1_900_000))
    with pytest.raises(
        Unreachable, match=rf"the disk is full \({small_disk}/engines has \d MB free; the result takes {megabytes} MB"
    ) as raised:
        gobuild.ensure(replace(recipe, megabytes=megabytes), silent)
    assert "OSTIARY_CACHE" in raised.value.todo
    assert [path.name for path in (small_disk / "engines").iterdir() if not path.name.endswith(".lock")] == []


def test_a_cache_that_cannot_be_written_says_so(
    recipe: gobuild.Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OSTIARY_CACHE", str(tmp_path / "file"))
    with pytest.raises(Unreachable, match="Not a directory") as raised:
        gobuild.ensure(recipe, silent)
    assert "OSTIARY_CACHE" in raised.value.todo


def _leftovers(recipe: gobuild.Recipe) -> list[str]:
    engines = Path(os.environ["OSTIARY_CACHE"]) / "engines"
    return [path.name for path in engines.iterdir() if path.name.startswith(".building-")]
