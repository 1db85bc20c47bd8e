"""Every command that a document shows is one that ostiary has, options included."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ostiary.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


def shown() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        inside = False
        for line in page.read_text().splitlines():
            if line.startswith("```"):
                inside = not inside
            for command in commands(line, inside):
                yield str(page.relative_to(ROOT)), command


def commands(line: str, inside: bool) -> Iterator[str]:
    """Commands of a line: after a prompt or a pipe in a block, whole inline code spans elsewhere."""
    if inside or line.startswith("    ostiary "):
        for part in re.split(r"[|;]|&&|\$\(", line.strip().removeprefix("$ ").split("  #")[0].split(" # ")[0]):
            if part.strip().startswith("ostiary "):
                yield part.strip().rstrip(')"')
    else:
        yield from re.findall(r"`(ostiary [a-z][^`]*)`", line)


def check(words: list[str]) -> str:
    """Why these words are no command of ostiary; empty when they are."""
    command: Any = typer.main.get_command(app)
    words = words[1:]
    while hasattr(command, "commands"):
        name = words.pop(0) if words else ""
        if "|" in name or name in ("...", ""):
            return ""
        if name not in command.commands:
            return f"no command {name!r}"
        command = command.commands[name]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word == "--":
            break
        option = word.split("=")[0].rstrip("]").lstrip("[")
        if option.startswith("--") and option not in options | {"--help"}:
            return f"no option {option}"
    return ""


@pytest.mark.parametrize(("page", "command"), sorted(set(shown())))
def test_a_document_shows_only_commands_that_exist(page: str, command: str) -> None:
    try:
        words = shlex.split(command.replace("\\", ""), comments=True)
    except ValueError:
        words = command.split()
    assert check(words) == "", f"{page}: {command}"


def test_there_are_commands_to_check() -> None:
    assert len(set(shown())) > 20
    assert check(["ostiary", "chekc"]) == "no command 'chekc'"
    assert check(["ostiary", "check", "pods", "--no-such"]) == "no option --no-such"
