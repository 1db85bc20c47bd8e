"""Why a request was allowed: grants by time, by place and by person, and an honest sentence where none held."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ostiary.model.access import Grant, GrantState
from ostiary.pillars.access import grants as life
from ostiary.pillars.access.asking import asked
from ostiary.pillars.access.records import Outcome, Record, Stage
from ostiary.pillars.access.why import EVERYBODY, NO_MOMENT, NONE, Allowed, allowed, covers

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def grant(name: str = "g1", *spaces: str, person: str = "alice", cluster: str = "prod", everywhere: bool = False) -> Grant:
    """Live from noon, for an hour; made as the engine makes it."""
    where = list(spaces) or ([] if everywhere else ["shop"])
    ask = asked(person, cluster, "edit", namespaces=where, everywhere=everywhere, reason="why", seconds=3600)
    return life.approve(life.requested(ask, name, 1, NOON - HOUR), "bob", NOON)


def record(at: datetime = NOON + HOUR / 2, namespace: str = "shop", **fields: object) -> Record:
    made = Record(
        stage=Stage.ENDED, id="r", at=f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", person="alice", cluster="prod", verb="get", resource="pods",
        version="v1", namespace=namespace, outcome=Outcome.DONE, by="api server",
    )  # fmt: skip
    return replace(made, **fields)


def test_the_grant_of_that_moment_is_named() -> None:
    assert allowed(record(), [grant()]) == Allowed(("g1",), "g1: edit in shop, agreed to by bob")


@pytest.mark.parametrize(
    ("after", "held"), [(-SECOND / 1_000_000, False), (timedelta(0), True), (HOUR - SECOND / 1_000_000, True), (HOUR, False)]
)
def test_it_holds_from_its_approval_until_its_end_and_not_at_it(after: timedelta, held: bool) -> None:
    assert bool(allowed(record(NOON + after), [grant()]).grants) is held


def test_one_that_ended_a_second_before_is_not_why_but_is_mentioned() -> None:
    found = allowed(record(NOON + HOUR + SECOND), [life.expire(grant(), NOON + HOUR)])
    assert found == Allowed((), f"{NONE}; g1 ended 1.0 s before")
    assert allowed(record(NOON + HOUR + 3 * SECOND), [grant()]) == Allowed((), NONE)


def test_one_that_was_revoked_counts_until_then_and_not_until_its_first_end() -> None:
    revoked = life.revoke(grant(), NOON + HOUR / 4)
    assert allowed(record(NOON + HOUR / 4 - SECOND), [revoked]).grants == ("g1",)
    assert allowed(record(NOON + HOUR / 2), [revoked]) == Allowed((), NONE)


def test_ended_late_by_a_control_plane_that_was_away_it_still_ended_at_its_end() -> None:
    late = life.expire(grant(), NOON + 5 * HOUR)
    assert allowed(record(NOON + 2 * HOUR), [late]) == Allowed((), NONE)


def test_a_clock_that_is_behind_is_said_and_not_smoothed_over() -> None:
    assert allowed(record(NOON - SECOND), [grant()]) == Allowed((), f"{NONE}; g1 began 1.0 s after")


def test_a_clock_that_was_set_back_leaves_it_unknown() -> None:
    ended = life.expire(grant(), NOON - HOUR / 2)
    assert ended.state is GrantState.EXPIRED
    assert allowed(record(), [ended]) == Allowed((), f"{NONE}; g1 may have held: it ended when a clock was set back")
    assert allowed(record(NOON + 2 * HOUR), [ended]) == Allowed((), NONE)


def test_all_that_held_are_named_in_order() -> None:
    both = [grant("g2", everywhere=True), grant("g1", "bank", "shop"), grant("g3", "bank")]
    assert allowed(record(), both).grants == ("g1", "g2")
    assert "g2: edit everywhere" in allowed(record(), both).why


@pytest.mark.parametrize("other", [grant(person="alice2"), grant(person="Alice"), grant(cluster="prod2"), grant("g1", "shop2")])
def test_those_of_others_elsewhere_and_in_other_namespaces_say_nothing(other: Grant) -> None:
    assert allowed(record(), [other]) == Allowed((), NONE)


def test_what_is_in_no_namespace_takes_a_grant_for_everywhere() -> None:
    nodes = record(namespace="", resource="nodes")
    assert allowed(nodes, [grant()]) == Allowed((), NONE)
    assert allowed(nodes, [grant(everywhere=True)]).grants == ("g1",)


@pytest.mark.parametrize("path", ["/api", "/apis/apps/v1", "/version", "/openapi/v3", "/readyz"])
def test_what_everybody_may_is_said_to_be_so(path: str) -> None:
    asks = record(namespace="", resource="", path=path)
    assert allowed(asks, [grant()]) == Allowed((), f"{NONE}; {EVERYBODY}")


@pytest.mark.parametrize(
    "asks",
    [
        record(namespace="", resource="", path="/metrics"),
        record(namespace="", resource="", path="/healthz/etcd"),
        record(namespace="", resource="", path="/apiserver"),
        record(namespace="", resource="", path="/api", verb="head"),
        record(namespace="", resource="selfsubjectaccessreviews", group="authorization.k8s.io", verb="list"),
        record(namespace="", resource="subjectaccessreviews", group="authorization.k8s.io", verb="create"),
    ],
)
def test_and_nothing_else_is(asks: Record) -> None:
    assert allowed(asks, []) == Allowed((), NONE)


def test_asking_about_oneself_is_for_everybody() -> None:
    asks = record(namespace="", resource="selfsubjectaccessreviews", group="authorization.k8s.io", verb="create")
    assert allowed(asks, []) == Allowed((), f"{NONE}; {EVERYBODY}")


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": Outcome.REFUSED},
        {"outcome": Outcome.REFUSED, "by": "gateway"},
        {"outcome": Outcome.FAILED, "by": "gateway"},
        {"person": ""},
    ],
)
def test_what_nobody_allowed_has_no_why(fields: dict[str, object]) -> None:
    assert allowed(replace(record(), **fields), [grant()]) == Allowed()


def test_what_the_api_server_let_in_and_then_failed_has_one() -> None:
    assert allowed(record(outcome=Outcome.FAILED, status=404), [grant()]).grants == ("g1",)


@pytest.mark.parametrize("at", ["", "noon", "2026-11-24T12:30:00"])
def test_a_record_without_a_moment_says_so(at: str) -> None:
    assert allowed(replace(record(), at=at), [grant()]) == Allowed((), NO_MOMENT)


@pytest.mark.parametrize("state", [GrantState.REQUESTED, GrantState.DENIED, GrantState.WITHDRAWN, GrantState.EXPIRED])
def test_one_that_never_began_never_held(state: GrantState) -> None:
    never = replace(grant(), state=state, ends_at=None)
    assert allowed(record(), [never]) == Allowed((), NONE)


def test_break_glass_is_called_that() -> None:
    glass = replace(grant("breakglassx", everywhere=True), break_glass=True)
    assert allowed(record(), [glass]).why == "breakglassx: BREAK-GLASS, edit everywhere, agreed to by bob"


@given(st.integers(-8000, 8000), st.integers(0, 3600), st.sampled_from(["", "shop", "bank"]), st.booleans())
def test_what_is_named_held_and_covers(moment: int, revoked_after: int, namespace: str, everywhere: bool) -> None:
    at, ended = NOON + moment * SECOND, NOON + revoked_after * SECOND
    one = life.revoke(grant(everywhere=everywhere), ended)
    named = bool(allowed(record(at, namespace), [one]).grants)
    assert named is (NOON <= at < ended and (everywhere or namespace == "shop"))
    assert not named or covers(one, namespace)
