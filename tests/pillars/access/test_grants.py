"""A grant's life holds its laws whatever people do, in whatever order, and whatever the clock does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import BadInput, Refused
from ostiary.model.access import Grant, GrantState
from ostiary.pillars.access import grants
from ostiary.pillars.access.asking import LONGEST, SHORTEST, asked

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
PEOPLE = ["alice", "bob", "carol", "dave"]
ORDER = {GrantState.REQUESTED: 0, GrantState.ACTIVE: 1, **dict.fromkeys(grants.ENDS, 2)}


def make(seconds: int = 3600, approvals: int = 1) -> Grant:
    ask = asked("alice", "prod", "edit", namespaces=["shop"], everywhere=False, reason="why", seconds=seconds)
    return grants.requested(ask, "g1", approvals, NOW)


Step = Callable[[Grant, datetime], Grant]


def _steps() -> st.SearchStrategy[list[tuple[Step, timedelta]]]:
    by = st.sampled_from(PEOPLE)
    step: st.SearchStrategy[Step] = st.one_of(
        by.map(lambda who: lambda grant, now: grants.approve(grant, who, now)),
        by.map(lambda who: lambda grant, now: grants.deny(grant, who, now)),
        by.map(lambda who: lambda grant, now: grants.withdraw(grant, who, now)),
        st.just(grants.revoke),
        st.just(grants.expire),
    )
    jump = st.integers(min_value=-2 * 86_400, max_value=2 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
    return st.lists(st.tuples(step, jump), max_size=12)


@given(steps=_steps(), seconds=st.integers(SHORTEST, LONGEST), approvals=st.integers(1, 3))
def test_laws_of_a_life(steps: list[tuple[Step, timedelta]], seconds: int, approvals: int) -> None:
    """Nothing leads back; the requester is never among the deciders; a right never lasts longer than was approved."""
    grant, now = make(seconds, approvals), NOW
    for step, jump in steps:
        now += jump
        before = grant
        try:
            grant = step(before, now)
        except Refused:
            continue
        assert ORDER[grant.state] >= ORDER[before.state]
        assert before.state not in grants.ENDS or grant == before
        assert grant.person not in grant.decided_by
        assert len(set(grant.decided_by)) == len(grant.decided_by)
        if grant.state is GrantState.ACTIVE:
            assert len(grant.decided_by) == approvals
            assert grant.decided_at is not None
            assert grant.ends_at == grant.decided_at + timedelta(seconds=seconds)
        if before.ends_at is not None:
            assert grant.ends_at is not None
            assert grant.ends_at <= before.ends_at
        same = (grant.id, grant.person, grant.cluster, grant.role, grant.namespaces, grant.everywhere, grant.seconds)
        assert same == (
            before.id,
            before.person,
            before.cluster,
            before.role,
            before.namespaces,
            before.everywhere,
            before.seconds,
        )


@given(seconds=st.integers(SHORTEST, LONGEST), after=st.integers(0, 2 * LONGEST))
def test_due_exactly_from_the_end_on(seconds: int, after: int) -> None:
    grant = grants.approve(make(seconds), "bob", NOW)
    assert grants.due(grant, NOW + timedelta(seconds=after)) is (after >= seconds)


@given(back=st.integers(0, 400 * 86_400))
def test_a_clock_that_was_set_back_prolongs_nothing(back: int) -> None:
    grant = grants.approve(make(), "bob", NOW)
    then = NOW - timedelta(seconds=back)
    assert grants.due(grant, then) is (timedelta(seconds=back) > grants.SKEW)
    assert grants.expire(grant, then).state is (GrantState.EXPIRED if grants.due(grant, then) else GrantState.ACTIVE)


def test_the_requester_neither_approves_nor_denies() -> None:
    for verb in (grants.approve, grants.deny):
        with pytest.raises(Refused, match="alice asked for g1"):
            verb(make(), "alice", NOW)


def test_one_person_does_not_count_twice() -> None:
    once = grants.approve(make(approvals=2), "bob", NOW)
    assert once.state is GrantState.REQUESTED
    with pytest.raises(Refused, match="bob has approved g1 already"):
        grants.approve(once, "bob", NOW)
    assert grants.approve(once, "carol", NOW).state is GrantState.ACTIVE


def test_one_who_approved_may_still_deny() -> None:
    once = grants.approve(make(approvals=2), "bob", NOW)
    denied = grants.deny(once, "bob", NOW)
    assert (denied.state, denied.decided_by) == (GrantState.DENIED, ("bob",))


def test_only_who_asked_withdraws() -> None:
    with pytest.raises(Refused, match="somebody else"):
        grants.withdraw(make(), "bob", NOW)
    assert grants.withdraw(make(), "alice", NOW).state is GrantState.WITHDRAWN


def test_a_request_that_nobody_decided_ends() -> None:
    assert not grants.due(make(), NOW + grants.OPEN_FOR - timedelta(seconds=1))
    assert grants.expire(make(), NOW + grants.OPEN_FOR).state is GrantState.EXPIRED


@pytest.mark.parametrize("wrong", [
    {"namespaces": [], "everywhere": False}, {"namespaces": ["shop"], "everywhere": True}, {"namespaces": ["Shop"]}, {"namespaces": ["a/b"]},
    {"namespaces": [f"n{i}" for i in range(51)]}, {"cluster": "../x"}, {"cluster": "prod\n"}, {"role": "system:node"}, {"role": "a/b"},
    {"role": ""}, {"role": "view\n"}, {"reason": " "}, {"reason": "a\x1b[2J"}, {"reason": "two\nlines"}, {"reason": "x" * 501},
    {"reason": "left \u202e right"}, {"seconds": SHORTEST - 1}, {"seconds": LONGEST + 1}, {"seconds": -5},
])  # fmt: skip
def test_what_cannot_be_asked_for(wrong: dict[str, object]) -> None:
    right = {"cluster": "prod", "role": "edit", "namespaces": ["shop"], "everywhere": False, "reason": "why", "seconds": 60}
    asked("alice", **right)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        asked("alice", **{**right, **wrong})  # type: ignore[arg-type]
