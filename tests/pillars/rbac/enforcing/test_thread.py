"""The whole thread as a law: what is learned is proved, what is proved is enforced, and no request that was seen is denied but those put up for review."""

from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.rbac import clusters

from ostiary.model.evidence import Evidence, Stream, Usage
from ostiary.model.verdict import Proof
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.enforcing.afterwards import afterwards
from ostiary.pillars.rbac.enforcing.shadow import shadow
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.usage import request_of
from ostiary.pillars.rbac.verbs import enforce, intended, prove

DAYS = 40
START = date(2026, 10, 10)
STREAM = Stream(source="audit", since="2026-10-10T00:00:00Z", until="2026-11-18T23:00:00Z", records=1)


def drawn(seed: int, version: str) -> World:
    """A cluster or (without a version) manifests, and a month in which some of what is allowed happened: every day, now and then, or once."""
    random = Random(seed)
    objects = clusters.rbac(random, roles=6, bindings=8)
    cluster = clusters.typed(objects, server_version=version)
    now = Authorizer(cluster)
    rows = {}
    for who, request in clusters.questions(random, objects, 60):
        if now.decide(who, request).allowed and request.verb and (request.resource or request.path):
            rows[(who, request)] = _usage(random, who, request)
    usage = sorted(rows.values(), key=lambda row: (row.user, row.groups, str(request_of(row))))
    return World.of(cluster, today=date(2026, 11, 24), evidence=Evidence(streams=(STREAM,), usage=tuple(usage)))


def _usage(random: Random, who: Identity, request: Request) -> Usage:
    first, length = random.randrange(DAYS), random.choice((1, 1, 2, 7, DAYS))
    daily = tuple(random.choice((0, 1, 5)) for _ in range(min(length, DAYS - first) - 1))
    return Usage(
        user=who.user,
        groups=who.groups,
        verb=request.verb,
        api_group=request.api_group,
        resource=request.resource,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name,
        path=request.path,
        first=(START + timedelta(days=first)).isoformat(),
        daily=(1, *daily[:-1], *((1,) if daily else ())),
    )


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(("v1.37.2", "")))
def test_what_is_learned_is_proved_and_takes_nothing_that_was_seen(seed: int, version: str) -> None:
    world = drawn(seed, version)
    verdict = prove(world, intended(world))
    assert isinstance(verdict, Proof), verdict
    plan = enforce(verdict)
    doubtful = {(one.usage.user, str(request_of(one.usage))) for p in verdict.policy.policy.tightened for one in p.review}
    denied = {(one.user, one.request) for one in shadow(world, plan.changes).would_deny}
    assert denied <= doubtful


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(("v1.37.2", "")))
def test_enforced_once_there_is_nothing_left_to_enforce(seed: int, version: str) -> None:
    world = drawn(seed, version)
    verdict = prove(world, intended(world))
    assert isinstance(verdict, Proof), verdict
    after = afterwards(world.cluster, enforce(verdict).changes)
    again = World.of(after, today=world.today, evidence=world.evidence)
    second = prove(again, intended(again))
    assert isinstance(second, Proof), second
    assert [str(one.sentence) for one in enforce(second).changes] == []
