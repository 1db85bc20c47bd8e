"""A grant's life as a table: what may happen to it, in which state, and what it is then. No store, no clock: the moment is an argument.

    requested --approve (the last that is needed)--> active --time--> expired
        |  |------deny-----> denied                     |------revoke---> revoked
        |---------withdraw-> withdrawn
        '---------time-----> expired                    (nobody decided for a week)

Nothing leads back, and nothing leads out of an end. The requester never decides; nobody approves twice. An active grant lasts exactly the seconds that
were approved: its end is set once, at the approval. Whoever finds a clock that shows a time from before the approval cannot know how long the grant
has lasted, so it ends then, too; a clock that jumps ahead ends it early. Both err towards no access.

>>> approve(requested(ask, "g1", 1, now), "bob", now).state
<GrantState.ACTIVE: 'active'>
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from ostiary.core.errors import Refused
from ostiary.model.access import Grant, GrantState
from ostiary.pillars.access.asking import Asked

ENDS = frozenset({GrantState.DENIED, GrantState.WITHDRAWN, GrantState.REVOKED, GrantState.EXPIRED})
SKEW = timedelta(minutes=2)  # a clock that was set back by more than this since the approval ends a grant
OPEN_FOR = timedelta(days=7)  # a request that nobody decided is over then


def requested(ask: Asked, name: str, approvals: int, now: datetime) -> Grant:
    """A new request."""
    return Grant(
        id=name, person=ask.person, cluster=ask.cluster, role=ask.role, namespaces=ask.namespaces, everywhere=ask.everywhere,
        reason=ask.reason, seconds=ask.seconds, approvals=approvals, requested_at=now, state=GrantState.REQUESTED,
    )  # fmt: skip


def approve(grant: Grant, by: str, now: datetime) -> Grant:
    """With one more approval; active when it was the last that was needed."""
    _in(grant, "approved", GrantState.REQUESTED)
    _by_another(grant, by, "approve")
    if by in grant.decided_by:
        raise Refused(f"{by} has approved {grant.id} already", todo=f"it needs {grant.approvals} people; ask another")
    decided_by = (*grant.decided_by, by)
    if len(decided_by) < grant.approvals:
        return replace(grant, decided_by=decided_by)
    ends_at = now + timedelta(seconds=grant.seconds)
    return replace(grant, decided_by=decided_by, decided_at=now, ends_at=ends_at, state=GrantState.ACTIVE)


def deny(grant: Grant, by: str, now: datetime) -> Grant:
    """Refused by one who may approve."""
    _in(grant, "denied", GrantState.REQUESTED)
    _by_another(grant, by, "deny")
    return replace(
        grant, decided_by=(*(one for one in grant.decided_by if one != by), by), decided_at=now, state=GrantState.DENIED
    )


def withdraw(grant: Grant, by: str, now: datetime) -> Grant:
    """Taken back by who asked, before it was decided."""
    _in(grant, "withdrawn", GrantState.REQUESTED)
    if by != grant.person:
        raise Refused(f"{grant.id} is the request of somebody else", todo="only who asked withdraws; who approves can deny it")
    return replace(grant, decided_at=now, state=GrantState.WITHDRAWN)


def revoke(grant: Grant, now: datetime) -> Grant:
    """Ended before its time. Giving a right back needs no second person: who may do it is for the caller to say."""
    _in(grant, "revoked", GrantState.ACTIVE)
    return replace(grant, ends_at=min(now, grant.ends_at or now), state=GrantState.REVOKED)


def due(grant: Grant, now: datetime) -> bool:
    """Whether time ends the grant at this moment."""
    if grant.state is GrantState.REQUESTED:
        return now >= grant.requested_at + OPEN_FOR
    if grant.state is not GrantState.ACTIVE:
        return False
    if grant.ends_at is None or grant.decided_at is None:
        return True
    return not grant.decided_at - SKEW <= now < grant.ends_at


def expire(grant: Grant, now: datetime) -> Grant:
    """Ended by time; the same grant when it is not due."""
    if not due(grant, now):
        return grant
    return replace(grant, state=GrantState.EXPIRED, ends_at=grant.ends_at and min(grant.ends_at, max(now, grant.requested_at)))


def _in(grant: Grant, done: str, state: GrantState) -> None:
    if grant.state is not state:
        raise Refused(f"{grant.id} is {grant.state}; it cannot be {done}", todo="see: ostiary grant list")


def _by_another(grant: Grant, by: str, verb: str) -> None:
    if by == grant.person:
        raise Refused(f"{by} asked for {grant.id} and cannot {verb} it", todo="somebody else has to decide")
