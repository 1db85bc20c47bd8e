"""Envoy, looked after: started, started again when it ends by itself, ended when told to.

It is tied to this process (``setpriv --pdeathsig``): a gateway whose supervisor was killed would go on with grants that nobody ends. After a crash
it is back at once, with the configuration that is in its files; when it crashes again and again, it waits longer each time, 5 s at most.
"""

import asyncio
import os
import shutil
import time
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.gateway.binary import envoy
from ostiary.pillars.access.envoy.names import BOOTSTRAP

FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0
STEADY = 10.0  # seconds after which a crash counts as the first again
STOP_WITHIN = 5.0
FLUSH_MILLISECONDS = 50  # what a crash of Envoy itself may take of the records
DRAIN_SECONDS = 1  # how long the streams of a cluster live that is taken away


class Supervision:
    """Runs Envoy in a directory. One at a time; ``pid`` is its process id while it runs."""

    def __init__(self, directory: Path, *, workers: int) -> None:
        self.directory = directory
        self.workers = workers
        self.starts = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``: there is an Envoy."""
        wait, told = FIRST_WAIT, asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                began = time.monotonic()
                process = await self._start()
                ended = asyncio.ensure_future(process.wait())
                await asyncio.wait({told, ended}, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    await self._stop(process)
                    return
                wait = FIRST_WAIT if time.monotonic() - began > STEADY else min(wait * 2, LONGEST_WAIT)
                await asyncio.wait({told}, timeout=wait)
        finally:
            told.cancel()
            if self._process is not None:
                await self._stop(self._process)

    async def _start(self) -> asyncio.subprocess.Process:
        tie = shutil.which("setpriv")
        if tie is None:
            raise Unreachable("setpriv is not installed: Envoy cannot be tied to ostiary", todo="install util-linux")
        log = os.open(self.directory / "envoy.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                tie, "--pdeathsig", "KILL", envoy(), "-c", BOOTSTRAP, "--disable-hot-restart",
                "--concurrency", str(self.workers), "--drain-time-s", str(DRAIN_SECONDS), "--drain-strategy", "immediate",
                "--file-flush-interval-msec", str(FLUSH_MILLISECONDS), "-l", "warning",
                cwd=self.directory, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, umask=0o077, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(log)
        self.starts += 1
        return self._process

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
