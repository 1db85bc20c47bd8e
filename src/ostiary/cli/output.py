"""Where things are printed: the answer on stdout and nothing else there, talk on stderr.

A table fits the terminal; into a pipe it is as wide as it needs. ``--format json`` is pure JSON whatever the exit code.
"""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from ostiary.core.errors import OstiaryError

HOLDS, FINDINGS, USAGE, UNREACHABLE, UNKNOWN = range(
    5
)  # exit codes; DESIGN: 0 holds, 1 findings or refuted, 2 usage, 3 cannot reach, 4 unknown

_UNFOLDED = 100_000
_INDENT = " " * 10
_answered: list[bool] = []  # whether this process has written its JSON document: there is one, also when the end is an error


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


class FindingFormat(StrEnum):
    """How findings are written: for people, for programs, for code scanning, for CI servers, for a pull request."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MD = "md"


def say(text: str) -> None:
    """Talk: progress, hints, warnings."""
    print(safe(text), file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """A line of the answer."""
    print(safe(text))


def safe(text: str) -> str:
    """The text, with what could move a cursor or hide words written out: names in a cluster are anybody's."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def answer_json(value: Any) -> None:
    """The answer as one JSON document, indented for people; values as canonical JSON writes them."""
    import msgspec

    from ostiary.model.world import encode

    print(msgspec.json.format(encode(value), indent=2).decode())
    _answered.append(True)


def answer_error(error: OstiaryError, arguments: Sequence[str]) -> None:
    """What went wrong, as the JSON document of a command that was asked for one and has not given it."""
    before = list(arguments[: arguments.index("--")]) if "--" in arguments else list(arguments)
    pairs = zip(before, [*before[1:], ""], strict=True)
    asked = any(one in ("--format=json", "-fjson") or (one in ("--format", "-f") and two == "json") for one, two in pairs)
    if asked and not _answered:
        answer_json({"error": error.happened, "todo": error.todo, "exit_code": error.exit_code})


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The answer as a table. In a terminal it fits, long cells on several lines; in a pipe a row is one line, padded by no blanks at its end."""
    if not sys.stdout.isatty():
        _plain_table([columns, *rows])
        return
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*map(safe, row))
    Console(highlight=False, emoji=False, markup=False).print(drawn)


def _plain_table(rows: Sequence[Sequence[str]]) -> None:
    lines = [[safe(cell.replace("\n", "; ")) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def block(heading: Sequence[str], lines: Iterable[str]) -> None:
    """One thing of the answer with what there is to say about it, indented below; folded to the terminal, one line a sentence in a pipe."""
    answer("  ".join(heading))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNFOLDED
    for line in lines:
        answer(textwrap.fill(line, width, initial_indent=_INDENT, subsequent_indent=_INDENT + "  ", break_long_words=False))
