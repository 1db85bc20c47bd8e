"""The section ``access`` of the intent file, as it stands now: read again when the file changes, and never replaced by one that cannot be read.

At start a bad file is an error. Later a bad file leaves the rules that were in force, and says so until it is mended: neither a slip of the editor nor
a half-written file opens or closes anything.
"""

import logging
from pathlib import Path

from ostiary.adapters.intent_file import load
from ostiary.core.errors import OstiaryError
from ostiary.model.access_intent import AccessIntent
from ostiary.pillars.access.permission import Power, powers
from ostiary.server.ports import Principal

_log = logging.getLogger("ostiary.rules")


class Rules:
    """What is in force. ``None`` as a path: nothing is said, and the built-in rule holds."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = self._stamp()
        self._intent = load(path).access if path else None
        self.problem = ""

    @property
    def intent(self) -> AccessIntent | None:
        """The section, newest."""
        stamp = self._stamp()
        if self._path and stamp != self._seen:
            self._seen = stamp
            self._read(self._path)
        return self._intent

    def powers(self, principal: Principal) -> frozenset[Power]:
        """What a caller may be."""
        return powers(self.intent, principal.person, principal.groups, administrator=principal.administrator)

    def _read(self, path: Path) -> None:
        try:
            self._intent, self.problem = load(path).access, ""
        except OstiaryError as error:
            self.problem = str(error)
            _log.error("the intent file is not in force: %s; the rules from before it changed stay", error)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None
