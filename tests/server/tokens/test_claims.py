"""Who gets a token, for how long, and what it says."""

from datetime import UTC, datetime, timedelta

import pytest

from ostiary.core.errors import Refused
from ostiary.model.access import Grant, GrantState
from ostiary.server.tokens.claims import claims, expiry

NOW = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)
HOUR = NOW + timedelta(hours=1)


def grant(**changes: object) -> Grant:
    fields = {
        "id": "g1",
        "person": "alice",
        "cluster": "prod",
        "role": "edit",
        "namespaces": ("shop",),
        "reason": "r",
        "seconds": 3600,
        "requested_at": NOW,
        "state": GrantState.ACTIVE,
        "ends_at": HOUR,
    }
    return Grant(**(fields | changes))  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize(
    "other",
    [
        {"person": "bob"},
        {"cluster": "dev"},
        {"state": GrantState.REVOKED},
        {"state": GrantState.REQUESTED},
        {"state": GrantState.EXPIRED},
        {"ends_at": NOW},
        {"ends_at": NOW - timedelta(seconds=1)},
        {"ends_at": None},
    ],
)
def test_a_grant_that_does_not_let_in_gives_no_token(other: dict[str, object]) -> None:
    with pytest.raises(Refused, match="no live grant on prod") as refused:
        expiry("alice", "prod", NOW, [grant(**other)], HOUR)
    assert "ostiary grant request --cluster prod" in refused.value.todo


def test_a_token_ends_after_fifteen_minutes_at_most() -> None:
    assert expiry("alice", "prod", NOW, [grant()], HOUR) == NOW.replace(microsecond=0) + timedelta(minutes=15)


def test_a_token_never_outlives_the_last_live_grant() -> None:
    soon, later = NOW + timedelta(seconds=30), NOW + timedelta(seconds=90)
    both = [grant(id="g1", ends_at=soon), grant(id="g2", ends_at=later), grant(id="g3", ends_at=HOUR, state=GrantState.REVOKED)]
    assert expiry("alice", "prod", NOW, both, HOUR) == later.replace(microsecond=0)


def test_a_token_never_outlives_its_session() -> None:
    soon = NOW + timedelta(seconds=10)
    assert expiry("alice", "prod", NOW, [grant()], soon) == soon.replace(microsecond=0)


def test_no_token_is_made_that_would_be_dead_on_arrival() -> None:
    with pytest.raises(Refused, match="ends this second"):
        expiry("alice", "prod", NOW, [grant(ends_at=NOW + timedelta(milliseconds=400))], HOUR)


def test_what_a_token_says() -> None:
    said = claims(
        issuer="https://i", person="alice", session="s1", cluster="prod", now=NOW, ends=NOW + timedelta(minutes=5), jti="j"
    )
    issued = int(NOW.timestamp())
    assert said == {
        "iss": "https://i",
        "aud": "prod",
        "sub": "ostiary:alice",
        "sid": "s1",
        "iat": issued,
        "nbf": issued,
        "exp": issued + 300,
        "jti": "j",
    }
