"""What a token for a cluster claims, and who gets none.

One audience: the cluster. It ends after ``TOKEN_SECONDS``, with the person's last live grant on that cluster, or with the session, whichever comes first.
Nobody without a live grant gets one, and the refusal says what to ask for. A grant counts only when it is of this person, on this cluster, active and
not past its end: the caller's word for it is not taken. Source of the claims: ``model.access``.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ostiary.core.errors import Refused
from ostiary.model.access import TOKEN_SECONDS, USER_PREFIX, Grant, GrantState


def live_until(person: str, cluster: str, now: datetime, grants: Iterable[Grant]) -> datetime | None:
    """When the last live grant of the person on the cluster ends; None when there is none."""
    ends = [
        grant.ends_at
        for grant in grants
        if grant.person == person
        and grant.cluster == cluster
        and grant.state is GrantState.ACTIVE
        and grant.ends_at is not None
        and grant.ends_at > now
    ]
    return max(ends, default=None)


def expiry(person: str, cluster: str, now: datetime, grants: Iterable[Grant], session_ends: datetime) -> datetime:
    """When a token that is made now ends, in whole seconds. Refused when it would have no time to live."""
    granted = live_until(person, cluster, now, grants)
    if granted is None:
        raise Refused(
            f"{person} has no live grant on {cluster}",
            todo=f"ask for one: ostiary grant request --cluster {cluster} --role view -n NAMESPACE --for 1h --reason ...",
        )
    end = min(now + timedelta(seconds=TOKEN_SECONDS), granted, session_ends).replace(microsecond=0)
    if end <= now:
        raise Refused(f"{person}'s grant or session ends this second", todo="sign in, or ask for another grant")
    return end


def claims(*, issuer: str, person: str, session: str, cluster: str, now: datetime, ends: datetime, jti: str) -> dict[str, Any]:
    """The token's payload."""
    issued = int(now.timestamp())
    return {
        "iss": issuer,
        "aud": cluster,
        "sub": f"{USER_PREFIX}{person}",
        "sid": session,
        "iat": issued,
        "nbf": issued,
        "exp": int(ends.timestamp()),
        "jti": jti,
    }
