"""Audit events are counted once each, or are a gap: nothing is dropped in silence, and no order, repetition or split of the log changes what it shows."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.events import Event, event, lines, on, user

from ostiary.evidence.rows import evidence, usages
from ostiary.evidence.tally import NAMES_KEPT, Tally
from ostiary.model.evidence import Evidence, Gap, Lack, Usage


def tallied(*events: Event, limit: int = 1000) -> Tally:
    tally = Tally(limit)
    tally.take(lines(*events), "audit.log", 1)
    return tally


def one(*events: Event) -> Usage:
    (usage,) = usages(tallied(*events))
    return usage


def gaps(tally: Tally) -> list[Lack]:
    return [gap.lack for gap in tally.gaps()]


def test_an_allowed_request_is_a_usage() -> None:
    usage = one(event())
    assert (usage.verb, usage.resource, usage.namespace, usage.name) == ("get", "pods", "shop", "web")
    assert (usage.user, usage.pods, usage.first, usage.daily) == (
        "system:serviceaccount:shop:web",
        ("pod-1",),
        "2026-11-01",
        (1,),
    )


def test_groups_count_as_they_are_in_any_order() -> None:
    first, second = event(1, user=user(groups=("a", "b"))), event(2, user=user(groups=("b", "a", "b")))
    assert one(first, second).groups == ("a", "b")


FORBID = {"annotations": {"authorization.k8s.io/decision": "forbid"}, "responseStatus": {"code": 403}}
REFUSED_LATER = {"responseStatus": {"code": 403}}  # admission, escalation: allowed, and then did nothing
NO_IMPERSONATION = {"annotations": {}, "responseStatus": {"code": 403}}


@pytest.mark.parametrize("denied", [FORBID, REFUSED_LATER, NO_IMPERSONATION])
def test_what_was_denied_is_no_usage_but_is_kept(denied: Event) -> None:
    usage = one(event(1, **denied), event(2, **denied))
    assert (usage.allowed, usage.denied) == (0, 2)


@pytest.mark.parametrize("code", [404, 409, 422, 500, 101])
def test_what_was_allowed_and_failed_was_needed(code: int) -> None:
    assert one(event(responseStatus={"code": code})).allowed == 1


@pytest.mark.parametrize("code", [400, 401, 429])
def test_what_never_reached_the_authorizer_is_neither(code: int) -> None:
    tally = tallied(event(annotations=None, responseStatus={"code": code}))
    assert (usages(tally), gaps(tally), tally.records) == ((), [], 1)


def test_a_success_without_a_decision_is_a_gap() -> None:
    tally = tallied(event(1, annotations=None), event(2, annotations={"other": "x"}))
    assert usages(tally) == ()
    (gap,) = tally.gaps()
    assert (gap.lack, gap.count) == (Lack.UNDECIDED, 2)


def test_create_has_no_name_but_on_a_subresource() -> None:
    created = one(event(**on("create", "pods", namespace="shop", name="web-7")))
    assert created.name == ""
    executed = one(event(**on("create", "pods", namespace="shop", name="web-7", subresource="exec")))
    assert (executed.name, executed.subresource) == ("web-7", "exec")


def test_a_list_of_one_name_keeps_it() -> None:
    named = event(
        **on("list", "secrets", namespace="shop", name="db")
        | {"requestURI": "/api/v1/secrets?fieldSelector=metadata.name%3Ddb"}
    )
    assert one(named).name == "db"


def test_a_query_is_no_part_of_a_path() -> None:
    paths = [event(n, objectRef=None, requestURI=uri) for n, uri in enumerate(("/healthz?verbose", "/healthz", "/he%61lthz"))]
    usage = one(*paths)
    assert (usage.path, usage.allowed, usage.resource) == ("/healthz", 3, "")


def test_a_patch_that_made_the_object_was_asked_create_by_name() -> None:
    made = usages(tallied(event(**on("patch", "configmaps", namespace="shop", name="a"), responseStatus={"code": 201})))
    assert {(usage.verb, usage.name) for usage in made} == {("patch", "a"), ("create", "a")}
    assert one(event(**on("patch", "configmaps", namespace="shop", name="a"))).verb == "patch"


def test_the_impersonated_user_counts_and_the_impersonator_is_kept() -> None:
    usage = one(
        event(
            user=user("ann", ("dev",), pod=""),
            impersonatedUser={"username": "bob", "groups": ["ops", "system:authenticated"], "extra": {"scopes": ["a"]}},
            authenticationMetadata={"impersonationConstraint": "impersonate:user-info"},
        )
    )
    assert (usage.user, usage.groups) == ("bob", ("ops", "system:authenticated"))
    assert usage.by is not None
    assert (usage.by.user, usage.by.groups, usage.by.constraint, usage.by.extra) == (
        "ann",
        ("dev",),
        "impersonate:user-info",
        (("scopes", ("a",)),),
    )


def test_a_null_is_nobody() -> None:
    assert one(event(impersonatedUser=None) | {"impersonatedUser": None}).by is None


def test_the_stages_of_one_request_are_one_request() -> None:
    stages = [event(1, stage=stage) for stage in ("RequestReceived", "ResponseStarted", "ResponseComplete")]
    assert one(*stages).allowed == 1


def test_a_request_that_is_still_under_way_is_seen() -> None:
    assert one(event(stage="ResponseStarted", **on("watch", "pods"))).allowed == 1
    assert usages(tallied(event(stage="RequestReceived"))) == ()


def test_a_log_given_twice_makes_no_second_sighting() -> None:
    log = [event(1), event(2, **on("list", "pods"))]
    tally = tallied(*log, *log)
    assert sorted(usage.allowed for usage in usages(tally)) == [1, 1]
    assert tally.repeated == 2


def test_days_are_those_of_the_request_in_any_order() -> None:
    days = ("2026-11-04", "2026-11-01", "2026-11-04", "2026-11-02")
    usage = one(*(event(n, when=f"{day}T23:59:59.999999Z") for n, day in enumerate(days)))
    assert (usage.first, usage.daily, usage.days, usage.last) == ("2026-11-01", (1, 1, 0, 2), 3, "2026-11-04")


@pytest.mark.parametrize(
    ("changes", "lack", "said"),
    [
        ({"apiVersion": "audit.k8s.io/v1beta1"}, Lack.UNKNOWN_VERSION, "v1beta1"),
        ({"apiVersion": "v1"}, Lack.UNREADABLE, "apiVersion"),
        ({"kind": "Pod"}, Lack.UNREADABLE, "kind"),
        ({"level": "None"}, Lack.UNREADABLE, "$.level"),
        ({"stage": "Later"}, Lack.UNREADABLE, "$.stage"),
        ({"verb": 7}, Lack.UNREADABLE, "$.verb"),
        ({"verb": None}, Lack.UNREADABLE, "verb"),
        ({"auditID": None}, Lack.UNREADABLE, "auditID"),
        ({"user": None}, Lack.UNREADABLE, "user"),
        ({"user": {"username": ""}}, Lack.UNREADABLE, "user.username"),
        ({"user": {"username": 5}}, Lack.UNREADABLE, "username"),
        (
            {"objectRef": {"namespace": "shop"}, "requestURI": "/api/v1/namespaces/shop/pods"},
            Lack.UNREADABLE,
            "objectRef.resource",
        ),
        ({"objectRef": None, "requestURI": ""}, Lack.UNREADABLE, "requestURI"),
        ({"requestReceivedTimestamp": "yesterday"}, Lack.UNREADABLE, "requestReceivedTimestamp"),
        ({"requestReceivedTimestamp": ""}, Lack.UNREADABLE, "requestReceivedTimestamp"),
        ({"requestReceivedTimestamp": "2026-13-01T10:00:00Z"}, Lack.UNREADABLE, "requestReceivedTimestamp"),
        ({"requestReceivedTimestamp": "2026-11-01T10:00:00+09:00"}, Lack.UNREADABLE, "requestReceivedTimestamp"),
    ],
)
def test_what_cannot_be_read_is_a_gap_with_line_and_field(changes: Event, lack: Lack, said: str) -> None:
    tally = Tally()
    tally.take(lines(event(1), event(2, **changes), event(3)), "audit.log", 40)
    (gap,) = tally.gaps()
    assert (gap.lack, gap.where, gap.count) == (lack, "audit.log:41", 1)
    assert said in gap.detail
    assert usages(tally)[0].allowed == 2


def test_a_value_of_a_broken_event_is_in_no_message() -> None:
    tally = tallied(event(user={"username": ["hunter2"]}), event(2, verb={"token": "hunter2"}))
    assert gaps(tally) == [Lack.UNREADABLE] * 2
    assert "hunter2" not in "".join(map(str, tally.gaps()))


def test_equal_gaps_are_one_with_a_count() -> None:
    tally = tallied(*(event(n, apiVersion="audit.k8s.io/v1alpha1") for n in range(50)))
    (gap,) = tally.gaps()
    assert (gap.count, gap.where) == (50, "audit.log:1")


def test_a_batch_of_a_webhook_is_its_events() -> None:
    batch = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [event(1), event(2), event(3, level="None")]}
    tally = Tally()
    tally.take(json.dumps(batch).encode(), "batch.json", 1)
    assert usages(tally)[0].allowed == 2
    assert gaps(tally) == [Lack.UNREADABLE]


def test_silence_of_more_than_a_day_is_a_gap() -> None:
    quiet = tallied(
        event(1, when="2026-11-01T10:59:59Z"), event(2, when="2026-11-02T10:00:00Z"), event(3, when="2026-11-04T11:00:00Z")
    )
    (gap,) = quiet.gaps()
    assert (gap.lack, gap.since, gap.until) == (Lack.SILENT, "2026-11-02T10:59:59Z", "2026-11-04T11:00:00Z")


def test_too_many_names_are_any_name_and_no_name_is_lost() -> None:
    tally = tallied(*(event(n, **on("get", "pods", namespace="shop", name=f"web-{n}")) for n in range(NAMES_KEPT + 50)))
    rows = usages(tally)
    (rest,) = [usage for usage in rows if usage.many]
    assert (len(rows), rest.name, rest.allowed) == (NAMES_KEPT + 1, "", 50)
    assert sum(usage.allowed for usage in rows) == NAMES_KEPT + 50


def test_more_than_is_kept_is_a_gap_and_takes_no_memory() -> None:
    tally = tallied(*(event(n, **on("list", f"kind{n}")) for n in range(500)), limit=102)
    assert len(tally.cells) == 102
    (gap,) = tally.gaps()
    assert (gap.lack, gap.count) == (Lack.TOO_MUCH, 400)


def shown(*chunks: bytes) -> Evidence:
    tally = Tally()
    for number, chunk in enumerate(chunks, 1):
        tally.take(chunk, "audit.log", number)
    return evidence(tally, "audit")


VERBS = st.sampled_from(["get", "list", "create", "patch"])
EVENTS = st.lists(
    st.builds(
        lambda verb, name, day, code, who, pod: (verb, name, day, code, who, pod),
        VERBS,
        st.sampled_from(["", "a", "b"]),
        st.integers(1, 5),
        st.sampled_from([200, 201, 403, 404]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["", "p1", "p2"]),
    ),
    min_size=1,
    max_size=20,
)


@given(EVENTS, st.randoms(use_true_random=False), st.integers(1, 20))
def test_order_and_pieces_change_nothing(made: list[tuple[Any, ...]], random: Any, cut: int) -> None:
    log = [
        lines(
            event(
                n,
                when=f"2026-11-0{day}T10:00:00Z",
                user=user(who, pod=pod),
                responseStatus={"code": code},
                **on(verb, "pods", name=name),
            )
        )
        for n, (verb, name, day, code, who, pod) in enumerate(made)
    ]
    mixed = log[:]
    random.shuffle(mixed)
    whole, pieces = shown(b"".join(log)), shown(b"".join(mixed[:cut]), b"".join(mixed[cut:]))
    assert whole.usage == pieces.usage
    assert whole.digest == pieces.digest


@given(st.lists(st.binary(max_size=60).filter(lambda text: b"\n" not in text) | st.just(lines(event()).strip()), max_size=12))
def test_every_line_is_counted_or_is_a_gap(log: list[bytes]) -> None:
    """Whatever the bytes: nothing raises, and nothing is dropped."""
    tally = Tally()
    tally.take(b"\n".join(log), "audit.log", 1)
    said = sum(gap.count for gap in tally.gaps() if gap.lack is not Lack.SILENT)
    assert tally.records + said == sum(1 for line in log if line.strip())


def test_words_for_people_are_not_in_the_digest_and_all_else_is() -> None:
    tally = tallied(event())
    base = evidence(tally, "audit", "one.log")
    assert base.digest == evidence(tally, "audit", "two.log").digest
    assert base.digest != evidence(tally, "flows").digest
    gap = Gap(lack=Lack.TRUNCATED, where="a", detail="b")
    stream = msgspec.structs.replace(base.streams[0], gaps=(gap,))
    gapped = msgspec.structs.replace(base, streams=(stream,))
    assert gapped.digest != base.digest
    assert msgspec.structs.replace(base, usage=()).digest != base.digest
