"""``ostiary --help`` answers at once: heavy imports happen inside commands."""

import subprocess
import sys
from pathlib import Path

import pytest

OSTIARY = Path(sys.executable).with_name("ostiary")
HEAVY = {"aiohttp", "cryptography", "msgspec", "rich", "yaml", "numpy", "asyncio"}


def test_help_loads_nothing_heavy() -> None:
    """The cause of a slow ``--help`` is an import; this test names it. The time itself is a figure of bench/bench_help.py."""
    program = "import sys, ostiary.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & {module.split(".")[0] for module in loaded} == set()


def test_help_names_every_verb() -> None:
    said = subprocess.run([OSTIARY, "--help"], capture_output=True, text=True, check=True).stdout
    for verb in ("check", "learn", "prove", "enforce", "apply", "undo", "verify", "explain", "snapshot", "sandbox", "intent"):
        assert f"  {verb} " in said, verb


@pytest.mark.parametrize("wrong", [["chekc"], ["check"], ["check", "no-such-pillar"], ["--no-such-option"], ["sandbox", "upp"]])
def test_wrong_usage_is_two_and_no_traceback(wrong: list[str]) -> None:
    done = subprocess.run([OSTIARY, *wrong], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
