"""The journal of a plan's performance: written ahead, one JSON line an entry, on disk before the act that it announces.

    {"entry": "plan", "format": "ostiary.dev/journal/v1", "plan": {...the plan file...}, "cluster": UID of kube-system, "time": ...}
    {"entry": "start", "stages": ["observe"]}        consent: these stages, now
    {"entry": "applying", "change": 0}               before the first byte of the write leaves; with the object, if it is to be deleted
    {"entry": "applied", "change": 0, "stored": ...} the fields as the server stored them, or a created object's "fingerprint"
    {"entry": "already" | "failed", "change": 1}     it was not done, because it stood already, or because it could not be
    {"entry": "undoing" | "undone" | "kept", "change": 0}
    {"entry": "end", "exit": 0}                      the run came to its end

A run that was killed has no ``end``. A torn last line was never announced to anybody and is read as if it were not there; a broken line before it
means that somebody edited the file. ``applying`` without ``applied`` means: look at the object. One process at a time: the file is locked.
"""

import fcntl
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from ostiary.apply.files import envelope, open_envelope
from ostiary.core.errors import BadInput, OstiaryError, Refused, Unreachable
from ostiary.model.plan import Plan

FORMAT: Final = "ostiary.dev/journal/v1"
_KEPT: Final = ("fingerprint", "stored", "object")
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND


class JournalLost(Unreachable):
    """The journal cannot be written any more: nothing further may be changed."""


@dataclass(frozen=True, slots=True)
class History:
    """What a journal says: the plan, which cluster, and the last entry about each change."""

    plan: Plan
    cluster: str
    stages: tuple[str, ...] = ()
    last: dict[int, dict[str, Any]] = field(default_factory=dict)
    ended: bool = False

    def state(self, change: int) -> str:
        """The name of the last entry about a change; empty when there is none."""
        return str(self.last.get(change, {}).get("entry", ""))

    def fingerprint(self, change: int) -> str:
        """The digest of a created object's content; empty when it is not known."""
        return str(self.last.get(change, {}).get("fingerprint", ""))

    def kept(self, change: int, what: str) -> dict[str, Any] | None:
        """``stored``, the fields of a patch as the server stored them, or ``object``, an object as it was before it was deleted."""
        found = self.last.get(change, {}).get(what)
        return found if isinstance(found, dict) else None

    def having(self, *states: str) -> tuple[int, ...]:
        """The changes whose last entry is one of these, in the order of the plan."""
        return tuple(number for number in range(len(self.plan.changes)) if self.state(number) in states)

    def take(self, entry: dict[str, Any]) -> None:
        """Take in one more entry. What was written, or deleted, outlives the entries that follow."""
        change = entry.get("change")
        if isinstance(change, int) and change in range(len(self.plan.changes)):
            kept = {key: value for key, value in self.last.get(change, {}).items() if key in _KEPT}
            self.last[change] = {**kept, **entry}

    @property
    def undone(self) -> bool:
        """Whether taking back was begun: then this journal is not for going on."""
        return bool(self.having("undoing", "undone", "kept"))


class Journal:
    """An open journal, locked for this process. Use it in ``with``."""

    def __init__(self, path: Path, fd: int, history: History, *, clock: Callable[[], datetime]) -> None:
        self.path = path
        self.history = history
        self._fd = fd
        self._clock = clock
        self._so_far = "nothing was changed"

    @classmethod
    def create(cls, path: Path, plan: Plan, *, cluster: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """Begin a journal. The file must be new; its folder is made. Unreachable when it cannot be written."""
        aside = path.with_name(
            f".{path.name}.{secrets.token_hex(4)}"
        )  # linked to its name when the first line stands: no torn first line
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            journal = cls(path, os.open(aside, _NEW, 0o600), History(plan, cluster), clock=clock)
        except OSError as error:
            raise _lost(path, error, "nothing was changed") from None
        try:
            journal._lock()
            journal.append("plan", format=FORMAT, plan=envelope(plan), cluster=cluster)
            os.link(aside, path)
            _sync_folder(path.parent)
            journal._so_far = "nothing more was changed"
        except OSError as error:
            journal.close()
            raise _exists(path) if isinstance(error, FileExistsError) else _lost(path, error, "nothing was changed") from None
        except OstiaryError:
            journal.close()
            raise
        finally:
            aside.unlink(missing_ok=True)
        return journal

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """Open a journal to go on writing in it; a torn last line is cut off."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise BadInput(f"cannot open the journal {path}: {error.strerror}", todo="it has to be writable") from None
        journal = cls(path, fd, History(_NO_PLAN, ""), clock=clock)
        try:
            journal._lock()
            journal.history, whole = _parse(path, path.read_bytes())
            os.ftruncate(fd, whole)
            journal._so_far = "nothing more was changed"
        except BaseException:
            journal.close()
            raise
        return journal

    def append(self, entry: str, **details: Any) -> None:
        """Write one entry; when this returns it is on the disk."""
        line = {"entry": entry, "time": self._clock().isoformat(timespec="milliseconds"), **details}
        try:
            _write_all(self._fd, msgspec.json.encode(line) + b"\n")
            os.fsync(self._fd)
        except OSError as error:
            raise _lost(self.path, error, self._so_far) from None
        self.history.take(line)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"another ostiary is at work with {self.path}", todo="wait until it has ended") from None

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_NO_PLAN = Plan(pillar="", world="", claim="", stages=(), changes=())


def read_journal(path: Path) -> History:
    """What a journal says, without opening it for writing."""
    try:
        return _parse(path, path.read_bytes())[0]
    except OSError as error:
        raise BadInput(f"cannot read the journal {path}: {error.strerror}", todo="is it the right file?") from None


def is_journal(path: Path) -> bool:
    """Whether a file begins as a journal does; False for what cannot be read."""
    try:
        with path.open("rb") as file:
            return _parse_line(file.readline()).get("entry") == "plan"
    except OSError:
        return False


def _parse(path: Path, data: bytes) -> tuple[History, int]:
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].split(b"\n")[:-1]
    entries = [_parse_line(line) for line in lines]
    if not entries or entries[0].get("entry") != "plan":
        raise BadInput(f"{path} is not a journal of ostiary", todo="give the file that `ostiary apply` named")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry.get("entry"), str):
            raise BadInput(f"{path}, line {number}: damaged; a journal is never edited", todo="look at the objects by hand")
    return _history(path, entries), whole


def _parse_line(line: bytes) -> dict[str, Any]:
    try:
        entry = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _history(path: Path, entries: list[dict[str, Any]]) -> History:
    head = entries[0]
    if head.get("format") != FORMAT:
        found = f"{path} has the format {head.get('format')!r}; this ostiary reads {FORMAT!r}"
        raise BadInput(found, todo="use the ostiary that wrote it")
    plan = open_envelope(path, head.get("plan"))
    starts = [entry.get("stages") for entry in entries if entry["entry"] == "start"]
    stages = tuple(stage for stage in plan.stages if starts and stage in (starts[-1] or ()))
    history = History(plan, str(head.get("cluster", "")), stages, ended=entries[-1]["entry"] == "end")
    for entry in entries:
        history.take(entry)
    return history


def _exists(path: Path) -> Refused:
    todo = f"go on with it: ostiary apply {path} --continue; take it back: ostiary undo {path}; or give another --journal"
    return Refused(f"there is a journal already: {path}", todo=todo)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _lost(path: Path, error: OSError, state: str) -> JournalLost:
    todo = "make room or give another place with --journal FILE"
    return JournalLost(f"cannot write the journal {path}: {error.strerror}; {state}", todo=todo)
