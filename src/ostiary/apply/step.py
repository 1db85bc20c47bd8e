"""One Change on one object: does its precondition hold, is it done already, and doing it so that nothing slips between read and write.

An undo is a Change too (``inverse``), so applying and taking back are one machinery: compare, write, compare again on conflict.

Does not decide which changes are due (``perform``, ``undo``) and writes no journal: ``intend`` is called before the first byte of a write leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from ostiary.apply.api import CONFLICT, FIELD_MANAGER, GONE, SERVER_ERROR, Answer, Api, Rejected, Stored
from ostiary.apply.fields import Object, differences, holds, stacked
from ostiary.apply.managers import authors
from ostiary.core.canonical import digest
from ostiary.model.plan import Action, Change, Target

ATTEMPTS = 5  # of a write that meets a conflict: each time the object is read and compared anew

_SERVERS = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink", "deletionTimestamp")


class Standing(Enum):
    """How an object stands to a change."""

    READY = "ready"  # as the precondition says
    DONE = "done"  # already as the change would leave it
    STALE = "stale"  # neither: somebody changed it


@dataclass(frozen=True, slots=True)
class Judged:
    """How an object stands, and why when it is stale."""

    standing: Standing
    why: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a change: how the object stood when it was last read, and the server's answer when the change was sent."""

    judged: Judged
    live: Object | None = None
    answer: Answer | None = None
    tries: int = 0  # how often it was sent


Judge = Callable[[Change, Object | None], Judged]


async def read(api: Api, target: Target) -> Object | Rejected | None:
    """The object as it stands; None when there is none."""
    answer = await api.get(target)
    if isinstance(answer, Stored):
        return answer.object
    return None if answer.code == GONE else answer


def judge(change: Change, live: Object | None) -> Judged:
    """How the object stands to the change."""
    match change.action:
        case Action.PATCH:
            return _judge_patch(change, live)
        case Action.CREATE:
            return _judge_create(change, live)
        case Action.DELETE:
            return _judge_delete(change, live)


def _judge_patch(change: Change, live: Object | None) -> Judged:
    if live is None:
        return Judged(Standing.STALE, "it is gone: it was deleted since the plan was made")
    if _terminating(live):
        return Judged(Standing.STALE, "it is being deleted")
    if holds(live, change.after):
        return Judged(Standing.DONE)
    return _as_before(change, live)


def _judge_create(change: Change, live: Object | None) -> Judged:
    if live is None:
        return Judged(Standing.READY)
    if _terminating(live):
        return Judged(Standing.STALE, "an object of this name is being deleted")
    differing = differences(live, change.after)
    if differing:
        return Judged(Standing.STALE, f"an object of this name exists: {'; '.join(map(str, differing))}")
    if content(live) == content(change.after) or authors(live) == {FIELD_MANAGER}:
        return Judged(Standing.DONE)
    writers = ", ".join(sorted(authors(live))) or "unknown"
    return Judged(Standing.STALE, f"an object of this name exists, and ostiary is not its only writer: {writers}")


def _judge_delete(change: Change, live: Object | None) -> Judged:
    if live is None or _terminating(live):
        return Judged(Standing.DONE)
    return _as_before(change, live)


def _as_before(change: Change, live: Object) -> Judged:
    differing = differences(live, change.before)
    return (
        Judged(Standing.STALE, f"somebody changed it: {'; '.join(map(str, differing))}")
        if differing
        else Judged(Standing.READY)
    )


def _terminating(live: Object) -> bool:
    return bool(live.get("metadata", {}).get("deletionTimestamp"))


def inverse(change: Change) -> Change:
    """The change that takes this one back."""
    action, after = _BACK[change.action], change.before
    if change.action is Action.DELETE:
        after = content(change.before)
    before = change.after
    return msgspec.structs.replace(change, action=action, before=before, after=after, sentence=f"take back: {change.sentence}")


_BACK = {Action.PATCH: Action.PATCH, Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}


async def send(api: Api, change: Change, live: Object | None, *, dry_run: bool) -> Answer:
    """Send a change that was compared with ``live``; the server refuses it with a conflict if the object is no longer that one."""
    meta = (live or {}).get("metadata", {})
    uid, version = meta.get("uid", ""), meta.get("resourceVersion", "")
    match change.action:
        case Action.CREATE:
            return await api.create(change.target, change.after, dry_run=dry_run)
        case Action.PATCH:
            body = stacked(change.after, {"metadata": {"resourceVersion": version}})
            return await api.patch(change.target, body, dry_run=dry_run)
        case Action.DELETE:
            return await api.delete(change.target, uid=uid, resource_version=version, dry_run=dry_run)


async def write(api: Api, change: Change, *, intend: Callable[[Object | None], None], judged_by: Judge = judge) -> Written:
    """Do one change: read, compare, ``intend``, write. On a conflict, or an error in the server that leaves open whether it was done, all of it
    again, a few times.
    """
    written = Written(Judged(Standing.READY))
    for tries in range(1, ATTEMPTS + 1):
        live = await read(api, change.target)
        if isinstance(live, Rejected):
            return Written(Judged(Standing.READY), None, live, tries - 1)
        judged = judged_by(change, live)
        if judged.standing is not Standing.READY:
            return Written(judged, live, None, tries - 1)
        intend(live)
        answer = await send(api, change, live, dry_run=False)
        written = Written(judged, live, answer, tries)
        if isinstance(answer, Stored) or (answer.code != CONFLICT and answer.code < SERVER_ERROR):
            break
    return written


def left_open(answer: Answer | None) -> bool:
    """Whether an answer leaves open if the change was made: an error inside the server."""
    return isinstance(answer, Rejected) and answer.code >= SERVER_ERROR


def content(live: Object) -> dict[str, Any]:
    """An object without what the API server adds of its own: what could be created again."""
    kept = {key: value for key, value in live.items() if key != "status"}
    return {**kept, "metadata": {key: value for key, value in live.get("metadata", {}).items() if key not in _SERVERS}}


def fingerprint(live: Object) -> str:
    """The digest of an object's content: equal as long as nobody changed it, whatever its status does."""
    return digest(content(live))
