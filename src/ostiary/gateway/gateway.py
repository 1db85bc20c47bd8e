"""The gateway as the control plane drives it: ``apply`` a state, ``run`` Envoy.

    gateway = Gateway(directory)
    await gateway.apply(state, tls=(certificate, key), tokens={"prod": "eyJ..."})
    await gateway.run(stop)

A configuration is written only after Envoy has taken it in a trial, file by file, each by rename; a bad one leaves the one before. The deny list is
written at once, before anything else and without a trial: revocation waits for nothing. What did not change is not written, and so not disturbed:
new keys, tokens, certificates and revocations end no connection, and a new cluster ends none of another.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ostiary.adapters.files import write_atomically
from ostiary.core.errors import BadInput
from ostiary.gateway import admin
from ostiary.gateway.listening import require_free
from ostiary.gateway.rotation import rotate
from ostiary.gateway.supervision import Supervision
from ostiary.gateway.validating import validate
from ostiary.gateway.watches import require_room
from ostiary.model.access import GatewayState
from ostiary.pillars.access.envoy import names
from ostiary.pillars.access.envoy.files import files, validation
from ostiary.pillars.access.envoy.verification import deny_list
from ostiary.pillars.access.envoy.wire import compact

_LOOK_EVERY = 5.0  # seconds, at the size of the records
_Given = tuple[GatewayState, tuple[str, str], dict[str, str]]
_OF_A_CLUSTER = ("token.", "verify.")


class Gateway:
    """Envoy and its directory, which is made with mode 0700 and belongs to one gateway alone."""

    def __init__(self, directory: Path, *, workers: int | None = None) -> None:
        self.directory = directory.absolute()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.supervision = Supervision(self.directory, workers=workers or len(os.sched_getaffinity(0)))
        self._live: dict[str, str] = {}
        self._given: _Given | None = None  # what the files were last made of
        self._one_at_a_time = asyncio.Lock()

    @property
    def records(self) -> Path:
        """The file of records, one JSON line each; older ones beside it (``rotation``)."""
        return self.directory / names.RECORDS

    @property
    def admin(self) -> Path:
        """The socket of Envoy's admin interface."""
        return self.directory / names.SOCKET

    async def apply(self, state: GatewayState, *, tls: tuple[Path, Path], tokens: Mapping[str, str]) -> None:
        """Make ``state`` the configuration. Refused (and nothing changed but the deny list) when Envoy does not take it."""
        self._write(names.DENIED, compact(deny_list(state.denied)))
        async with self._one_at_a_time:
            given = (replace(state, denied=()), _pair(tls), dict(tokens))
            if given == self._given:  # a revocation needs no more than the deny list
                return
            found, texts = await asyncio.to_thread(_made, given, str(self.directory))
            changed = {name: text for name, text in texts.items() if self._live.get(name) != text}
            if not changed:
                return
            await asyncio.to_thread(require_room, len(found), self.supervision.pid)
            if any(not name.startswith("token.") for name in changed):
                # Without the deny list, which is one text in every chain of the listener, and has been written already.
                await validate(validation({**found, names.DENIED: deny_list(())}))
            await asyncio.to_thread(self._replace, changed)
            self._sweep(found)
            self._given = given

    async def run(self, stop: asyncio.Event) -> None:
        """Supervise Envoy until ``stop``; there must have been an ``apply``, now or in an earlier life."""
        if not (self.directory / names.BOOTSTRAP).is_file():
            raise BadInput(f"{self.directory} holds no configuration", todo="it is written by the control plane: ostiary up")
        require_free(self.directory)
        rotating = asyncio.create_task(self._rotate())
        try:
            await self.supervision.run(stop)
        finally:
            rotating.cancel()

    async def _rotate(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            with contextlib.suppress(OSError, TimeoutError, IndexError, ValueError):  # Envoy is between two lives: next time
                await rotate(self.directory)

    async def ready(self) -> bool:
        """Whether Envoy serves now."""
        return await admin.ready(self.admin)

    def _replace(self, changed: Mapping[str, str]) -> None:
        for name, text in changed.items():
            self._write(name, text)

    def _write(self, name: str, text: str) -> None:
        if self._live.get(name) != text:
            write_atomically(self.directory / name, text.encode())
            self._live[name] = text

    def _sweep(self, found: Mapping[str, Any]) -> None:
        """Remove the files of clusters that are gone: a token that nothing needs does not stay."""
        for file in self.directory.glob("*.json"):
            if file.name.startswith(_OF_A_CLUSTER) and file.name not in found:
                file.unlink(missing_ok=True)
                self._live.pop(file.name, None)


def _made(given: _Given, directory: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The files, and their texts but for the deny list's. A thousand clusters take a second: not in the loop."""
    state, pair, tokens = given
    found = files(state, directory, certificate=pair, tokens=tokens)
    return found, {name: compact(content) for name, content in found.items() if name != names.DENIED}


def _pair(tls: tuple[Path, Path]) -> tuple[str, str]:
    try:
        return tls[0].read_text(), tls[1].read_text()
    except OSError as error:
        raise BadInput(f"cannot read the gateway's certificate: {error.filename}: {error.strerror}") from None
