"""Where things are printed: the answer on stdout and nothing else there, talk on stderr.

A table fits the terminal; into a pipe it is as wide as it needs. ``--format json`` is pure JSON whatever the exit code.
"""

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

HOLDS, FINDINGS, USAGE, UNREACHABLE, UNKNOWN = range(
    5
)  # exit codes; DESIGN: 0 holds, 1 findings or refuted, 2 usage, 3 cannot reach, 4 unknown

_WIDE = 10_000


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


def say(text: str) -> None:
    """Talk: progress, hints, warnings."""
    print(text, file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """A line of the answer."""
    print(text)


def answer_json(value: Any) -> None:
    """The answer as one JSON document, indented for people; values as canonical JSON writes them."""
    import msgspec

    from ostiary.model.world import encode

    print(msgspec.json.format(encode(value), indent=2).decode())


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The answer as a table. In a terminal it fits, long cells on several lines; in a pipe a row is one line."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, emoji=False, markup=False, width=_WIDE, no_color=True)
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=not console.is_terminal)
    for row in rows:
        drawn.add_row(*(row if console.is_terminal else (cell.replace("\n", "; ") for cell in row)))
    console.print(drawn)
