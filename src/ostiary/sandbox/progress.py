"""How long work says how far it is: a callback, and one that talks on stderr as a person or a log likes it.

Work calls ``progress(what, seconds)`` when a step begins (0 seconds) and about once a second while it lasts. ``Talk``
rewrites one line on a terminal; elsewhere it prints a line when a step begins and every 15 seconds.

>>> talk = Talk(sys.stdout, every=15.0)
>>> for second in range(17): talk("building etcd", float(second))
building etcd
building etcd, 15 s
"""

import sys
from collections.abc import Callable
from typing import TextIO

Progress = Callable[[str, float], None]


def silent(_what: str, _seconds: float) -> None:
    """Say nothing."""


class Talk:
    """Progress on a stream, one line on a terminal, few lines elsewhere."""

    def __init__(self, stream: TextIO = sys.stderr, *, every: float = 15.0) -> None:
        self._stream = stream
        self._every = every
        self._tty = stream.isatty()
        self._step = ""
        self._said = 0.0

    def __call__(self, what: str, seconds: float) -> None:
        """Tell of ``what``, which has lasted ``seconds``; the text up to the first semicolon names the step."""
        step = what.partition(";")[0]
        begins = step != self._step
        if self._tty:
            self._rewrite(what, seconds, new_line=begins and bool(self._step))
        elif begins or seconds - self._said >= self._every:
            print(what if seconds < 1 else f"{what}, {seconds:.0f} s", file=self._stream, flush=True)
            self._said = seconds
        self._step = step

    def _rewrite(self, what: str, seconds: float, *, new_line: bool) -> None:
        text = what if seconds < 1 else f"{what}, {seconds:.0f} s"
        self._stream.write(("\n" if new_line else "\r\x1b[K") + text[:118])
        self._stream.flush()

    def close(self) -> None:
        """End the line that a terminal shows."""
        if self._tty and self._step:
            self._stream.write("\n")
            self._stream.flush()
        self._step = ""
