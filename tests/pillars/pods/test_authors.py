"""Who did it: only where the evidence shows it, and everybody who may have."""

from datetime import date

import pytest
from msgspec.structs import replace
from tests.pillars.pods.worlds import namespace, world

from ostiary.model.evidence import Evidence, Impersonator, Stream, Usage
from ostiary.model.world import World
from ostiary.pillars.pods.authors import Written, authors
from ostiary.pillars.pods.drift import drift

STREAM = Stream(source="audit", since="2026-10-01T00:00:00Z", until="2026-11-20T00:00:00Z", records=1)
PATCH = Usage(
    user="ann", verb="patch", resource="namespaces", namespace="shop", name="shop", first="2026-11-01", daily=(1, 0, 2)
)
SHOP = Written("namespaces", name="shop")


def seen(*usage: Usage) -> Evidence:
    return Evidence(streams=(STREAM,), usage=usage)


def test_the_latest_comes_first_with_what_they_did() -> None:
    bob = replace(PATCH, user="bob", verb="update", first="2026-11-09", daily=(1,), by=Impersonator(user="ci"))
    said = authors(seen(PATCH, bob), SHOP)
    assert said == "; written by bob impersonated by ci (update, last on 2026-11-09), ann (patch, last on 2026-11-03)"


@pytest.mark.parametrize(
    "other",
    [
        replace(PATCH, name="other", namespace="other"),
        replace(PATCH, verb="get"),
        replace(PATCH, daily=(), denied=3),
        replace(PATCH, subresource="status"),
        replace(PATCH, resource="pods"),
        replace(PATCH, api_group="apps"),
    ],
)
def test_what_did_not_write_it_is_not_named(other: Usage) -> None:
    assert authors(seen(other), SHOP) == "; the evidence since 2026-10-01 shows nobody who did it"


def test_without_evidence_nothing_is_said() -> None:
    assert authors(Evidence(), SHOP) == ""


def test_drift_says_who_wrote_the_namespace_and_who_made_new_ones() -> None:
    before = world(namespaces=[namespace("shop", enforce="restricted")])
    now = world(namespaces=[namespace("shop", enforce="baseline"), namespace("new")])
    create = replace(PATCH, user="eve", verb="create", name="", namespace="")
    now = World.of(now.cluster, today=date(2026, 11, 24), evidence=seen(PATCH, create))
    reasons = {found.subject.name: found.reason for found in drift(now, before)}
    assert reasons["shop"].endswith("; written by ann (patch, last on 2026-11-03)")
    assert reasons["new"].endswith("; written by eve (create, last on 2026-11-03)")
