"""Everybody is told: in the log, by a command, by a webhook. What cannot be told is logged and stops nothing: this is an emergency.

The command and the webhook get one JSON object, on standard input and as a POST: ``event`` (opened, confirmed, used, refused), ``id``, ``person``, ``cluster``,
``role``, ``reason``, ``confirmed_by``, ``at``, ``ends_at``. Neither a passphrase nor a ticket is in it.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

_log = logging.getLogger("ostiary.break_glass")
_SECONDS = 10.0


@dataclass(slots=True)
class Alarm:
    """Where it is told. ``command`` is run as it is, without a shell."""

    command: Sequence[str] = ()
    webhook: str = ""
    _under_way: set["asyncio.Task[None]"] = field(default_factory=set)

    def raise_(self, event: str, **facts: Any) -> None:
        """Tell everybody, without waiting for anybody."""
        said = {"event": event, **facts}
        _log.warning("BREAK-GLASS %s: %s", event, " ".join(f"{key}={value}" for key, value in facts.items() if value))
        for what, telling in (("command", self._run), ("webhook", self._post)):
            task = asyncio.get_running_loop().create_task(self._told(what, telling(msgspec.json.encode(said))))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Wait until everything that was begun is told, or given up."""
        await asyncio.gather(*tuple(self._under_way))

    async def _told(self, what: str, telling: Any) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await telling
        except (OSError, TimeoutError, aiohttp.ClientError, RuntimeError, ValueError) as error:
            _log.error("the %s of break-glass could not be told: %s", what, type(error).__name__)

    async def _run(self, said: bytes) -> None:
        if not self.command:
            return
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*self.command, stdin=pipe, stdout=null, stderr=null)
        try:
            await process.communicate(said)
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise RuntimeError(process.returncode)

    async def _post(self, said: bytes) -> None:
        if not self.webhook:
            return
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                self.webhook, data=said, headers={"Content-Type": "application/json"}, allow_redirects=False
            ) as answer,
        ):
            answer.raise_for_status()
