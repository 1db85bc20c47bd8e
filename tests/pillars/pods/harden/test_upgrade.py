"""What an upgrade changes: exactly where evaluation differs, and only in modes that follow the cluster."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.pillars.pods.worlds import TAME, namespace, pod, world
from tests.pillars.strategies import pods as any_pods

from ostiary.model.levels import Level, Version
from ostiary.model.pods import Handler, HTTPGet, Pod, PodSpec
from ostiary.model.world import World
from ostiary.pillars.pods.harden.upgrade import control_changes, upgrade
from ostiary.pillars.pods.standards import evaluate

PROBING = replace(TAME, containers=(replace(TAME.containers[0], liveness_probe=Handler(http_get=HTTPGet(host="127.0.0.1"))),))
VERSIONS = st.integers(0, 37).map(Version)


def small(spec: PodSpec, **labels: str) -> World:
    return world(server="v1.33.1", namespaces=[namespace("shop", **labels)], pods=[pod("a", spec)])


def test_a_new_control_refuses_what_ran_and_names_the_field() -> None:
    (one,) = (found := upgrade(small(PROBING, enforce="baseline"), Version(33), Version(34))).changes
    assert found.refuses
    assert (one.verdict, one.fields) == ("refused then", ("spec.containers[0].livenessProbe.httpGet.host",))
    assert [(change.level.value, change.control, change.change) for change in found.controls] == [
        ("baseline", "hostProbesAndHostLifecycle", "appears"),
        ("restricted", "hostProbesAndHostLifecycle", "appears"),
    ]


def test_a_pinned_namespace_stays() -> None:
    found = upgrade(small(PROBING, enforce="baseline", enforce_version="v1.33"), Version(33), Version(37))
    assert (found.moves, found.changes, found.kept, found.refuses) == ((), (), ("shop",), False)


def test_a_version_that_the_server_did_not_know_comes_into_force() -> None:
    found = upgrade(small(PROBING, enforce="baseline", enforce_version="v1.35"), Version(33), Version(37))
    assert [(move.before, move.after) for move in found.moves] == [("v1.33", "v1.35")]


def test_a_warning_is_no_refusal() -> None:
    found = upgrade(small(PROBING, warn="restricted"), Version(33), Version(34))
    assert [one.mode for one in found.changes] == ["warn"]
    assert not found.refuses


def test_no_label_no_change() -> None:
    found = upgrade(small(PROBING), Version(33), Version(37))
    assert (found.moves, found.kept, found.changes) == ((), (), ())


@given(any_pods(), st.sampled_from([Level.BASELINE, Level.RESTRICTED]), VERSIONS, VERSIONS)
@settings(max_examples=200)
def test_reported_exactly_where_evaluation_differs(found: Pod, level: Level, one: Version, other: Version) -> None:
    named: Any = replace(found, metadata=replace(found.metadata, name="a", namespace="shop"))
    before, after = min(one, other), max(one, other)
    changes = upgrade(world(namespaces=[namespace("shop", enforce=str(level))], pods=[named]), before, after).changes
    then, later = evaluate(named, level, before), evaluate(named, level, after)
    assert bool(changes) == (then != later)
    for change in changes:
        refused = {"refused then": (False, True), "admitted then": (True, False), "still refused": (True, True)}[change.verdict]
        assert refused == (bool(then), bool(later))


@given(any_pods(), st.sampled_from([Level.BASELINE, Level.RESTRICTED]), VERSIONS, VERSIONS)
@settings(max_examples=200)
def test_where_no_control_changes_no_pod_is_judged_differently(found: Pod, level: Level, one: Version, other: Version) -> None:
    if not list(control_changes(level, one, other)):
        assert evaluate(found, level, one) == evaluate(found, level, other)
