"""One line on stderr that says what is under way, where stderr is a terminal; nothing where it is not."""

import shutil
import sys
from types import TracebackType
from typing import Self


class Progress:
    """Call it with what happened last; the line is gone when it is left."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        self("")
        return self

    def __call__(self, text: str) -> None:
        if self._shown:
            width = shutil.get_terminal_size().columns - 1
            line = "".join(letter for letter in f"{self._title}: {text}" if letter.isprintable())
            print(f"\r\x1b[2K{line[:width]}", end="", file=sys.stderr, flush=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._shown:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
