"""``ostiary login`` as a process that waits for a browser, so that a test can be the person in front of it."""

import queue
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

OSTIARY = Path(sys.executable).parent / "ostiary"


class SigningIn:
    """Use it with ``with``: ``line`` waits for what it says on stderr, ``done`` for its end."""

    def __init__(self, home: Path, *words: str) -> None:
        self.environment = {"HOME": str(home), "PATH": f"{OSTIARY.parent}:/usr/bin:/bin"}
        self.words = words
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> "SigningIn":
        self.process = subprocess.Popen(
            [OSTIARY, "login", *self.words], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def line(self, pattern: str) -> str:
        """The first group of the first line that matches."""
        while True:
            try:
                line = self._lines.get(timeout=30)
            except queue.Empty:
                raise AssertionError(f"it did not say {pattern!r}, but {self.said}") from None
            if match := re.search(pattern, line):
                return match[1]

    def done(self, code: int = 0) -> str:
        """What it wrote on stdout, once it has ended as expected."""
        assert self.process.wait(30) == code, self.said
        self._reader.join(5)
        assert self.process.stdout is not None
        return self.process.stdout.read().strip()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            self._lines.put(line)
