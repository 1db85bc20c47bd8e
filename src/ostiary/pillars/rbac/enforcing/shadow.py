"""What a plan would have denied, asked of the evidence: nothing is changed, and nobody is refused anything.

Every request that was allowed is decided once more, by the cluster as it is and as the plan would leave it. Best asked with evidence that is newer than what
the roles were learned from: the requests that a plan was learned from were proved to pass, but for those that went to review.

Not seen: what the evidence does not show, and what admission would say.
"""

from collections.abc import Sequence

from ostiary.model.evidence import Usage
from ostiary.model.plan import Change
from ostiary.model.value import Value
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.enforcing.afterwards import afterwards
from ostiary.pillars.rbac.usage import identity_of, request_of


class WouldDeny(Value, frozen=True, kw_only=True):
    """A request that happened and would no longer be allowed."""

    user: str
    request: str
    times: int
    days: int
    last: str


class Shadow(Value, frozen=True, kw_only=True):
    """What was asked, and what would have been denied. ``denied_already``: kinds of requests that the cluster as it is would deny, too: they say
    nothing about the plan.
    """

    kinds: int
    requests: int
    denied_already: int
    would_deny: tuple[WouldDeny, ...]


def shadow(world: World, changes: Sequence[Change]) -> Shadow:
    """Decide everything that was allowed; some microseconds for each kind of request."""
    now, then = Authorizer(world.cluster), Authorizer(afterwards(world.cluster, changes))
    rows = [row for row in world.evidence.usage if row.allowed]
    denied, already = list[WouldDeny](), 0
    for row in rows:
        who, request = identity_of(row), request_of(row)
        if then.decide(who, request).allowed:
            continue
        if now.decide(who, request).allowed:
            denied.append(_told(row))
        else:
            already += 1
    denied.sort(key=lambda one: (-one.times, one.user, one.request))
    return Shadow(kinds=len(rows), requests=sum(row.allowed for row in rows), denied_already=already, would_deny=tuple(denied))


def _told(row: Usage) -> WouldDeny:
    return WouldDeny(user=row.user, request=str(request_of(row)), times=row.allowed, days=row.days, last=row.last)
