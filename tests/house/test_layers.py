"""The layers are held by a machine, and a package without a layer fails."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    environment = {"PYTHONPATH": str(tree / "src"), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([str(linter), "--no-cache"], cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_a_package_without_a_layer_fails(tree: Path) -> None:
    (tree / "src/ostiary/nowhere").mkdir()
    (tree / "src/ostiary/nowhere/__init__.py").write_text('"""A package that no layer holds."""\n')
    result = lint(tree)
    assert result.returncode != 0
    assert "nowhere" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("model/finding.py", "import ostiary.adapters"),
        ("pillars/pods/check.py", "import asyncio"),
        ("pillars/pods/check.py", "import ostiary.cli"),
        ("verifier/__init__.py", "import ostiary.model"),
        ("verifier/__init__.py", "import msgspec"),
        ("core/errors.py", "import socket"),
    ],
)
def test_an_import_that_points_up_or_out_fails(tree: Path, place: str, line: str) -> None:
    file = tree / "src/ostiary" / place
    file.write_text(f"{file.read_text()}\n{line}\n")
    assert lint(tree).returncode != 0


def test_the_tree_as_it_is_holds(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout + result.stderr
