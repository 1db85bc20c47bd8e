"""From an Identity to what goes on the wire: an Authorization header, a client certificate, until when they hold.

A token file is read anew every minute; a plugin is asked again shortly before its answer expires, or when the server says 401. Which one counts is as in
client-go: the token file, the token, name and password, and the plugin only when there is none of them.
"""

import base64
import time
from dataclasses import dataclass, field
from pathlib import Path

from ostiary.adapters.kubernetes import exec_plugin
from ostiary.adapters.kubernetes.access import Access
from ostiary.core.errors import BadInput

_FILE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Credential:
    """What is shown to the server."""

    authorization: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    until: float = float("inf")  # seconds since the epoch


class Credentials:
    """The present credential of an Access; makes a new one when it is due."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._present: Credential | None = None

    @property
    def renewable(self) -> bool:
        """Whether asking again may help against a 401."""
        return bool(self._access.identity.plugin or self._access.identity.token_file)

    def forget(self) -> None:
        """The server did not accept it: the next one is made anew."""
        self._present = None

    async def present(self) -> Credential:
        """What to show now."""
        if self._present is None or self._present.until <= time.time():
            self._present = await self._make()
        return self._present

    async def _make(self) -> Credential:
        identity = self._access.identity
        pair = (identity.certificate, identity.key)
        if identity.token_file:
            return Credential(f"Bearer {_token(identity.token_file)}", *pair, until=time.time() + _FILE_SECONDS)
        if identity.token:
            return Credential(f"Bearer {identity.token}", *pair)
        if identity.username:
            pair_text = base64.b64encode(f"{identity.username}:{identity.password}".encode()).decode()
            return Credential(f"Basic {pair_text}", *pair)
        if identity.plugin:
            made = await exec_plugin.ask(identity.plugin, self._access)
            return Credential(made.authorization, made.certificate or pair[0], made.key or pair[1], made.until)
        return Credential("", *pair)


def _token(path: str) -> str:
    try:
        token = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"the token file {path} cannot be read", todo="is the path right?") from None
    if not token or not token.isprintable():
        raise BadInput(f"the token file {path} holds no token", todo="is the file whole?")
    return token
