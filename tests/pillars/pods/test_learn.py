"""The tightest level that everything still fits: never looser than what stands, never ``latest``."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.pods.worlds import (
    HOST_PID,
    ORDINARY,
    PRIVILEGED,
    TAME,
    TODAY,
    deployed,
    exception,
    namespace,
    pod,
    workload,
    world,
)
from tests.pillars.strategies import pods as any_pods

from ostiary.model.intent import PodIntent
from ostiary.model.levels import Level
from ostiary.model.pods import Pod
from ostiary.model.verdict import Proof, Refutation
from ostiary.pillars import pods
from ostiary.pillars.pods import LevelVersion


@pytest.mark.parametrize(("spec", "level"), [(TAME, "restricted"), (ORDINARY, "baseline")])
def test_the_tightest_level_pinned_to_what_server_and_ostiary_know(spec: object, level: str) -> None:
    made = deployed(spec)  # type: ignore[arg-type]
    assert {name: str(found) for name, found in pods.learn(made).levels.items()} == {"shop": f"{level}:v1.37"}


def test_an_older_server_gets_its_own_version() -> None:
    made = world(server="v1.30.9", namespaces=[namespace("shop")], pods=[pod("a", TAME)])
    assert str(pods.learn(made).levels["shop"]) == "restricted:v1.30"


def test_what_needs_privileged_is_left_alone_with_the_reason() -> None:
    policy = pods.learn(deployed(PRIVILEGED))
    assert policy.levels == {}
    assert "securityContext.privileged=true" in policy.left["shop"]


def test_a_tighter_label_than_what_runs_is_never_loosened() -> None:
    policy = pods.learn(deployed(ORDINARY, enforce="restricted", enforce_version="v1.37"))
    assert policy.levels == {}
    assert policy.left["shop"].startswith("it enforces restricted:v1.37, tighter than what runs")


def test_a_label_with_a_typo_is_for_people_to_correct() -> None:
    assert "correct it first" in pods.learn(deployed(TAME, enforce="restrcted")).left["shop"]


def test_a_pinned_version_is_kept_and_latest_becomes_what_it_means() -> None:
    assert str(pods.learn(deployed(TAME, enforce="baseline", enforce_version="v1.24")).levels["shop"]) == "restricted:v1.24"
    assert str(pods.learn(deployed(TAME, enforce="baseline", enforce_version="latest")).levels["shop"]) == "restricted:v1.37"
    assert str(pods.learn(deployed(TAME, enforce="baseline", enforce_version="v1.99")).levels["shop"]) == "restricted:v1.37"


def test_templates_count_without_pods_and_old_replica_sets_too() -> None:
    made = world(
        namespaces=[namespace("shop")],
        deployments=[workload("web", TAME)],
        replica_sets=[workload("web-old", ORDINARY, owner="Deployment/web")],
    )
    policy = pods.learn(made)
    assert policy.levels["shop"].level is Level.BASELINE
    assert policy.because["shop"].startswith("ReplicaSet shop/web-old: ")


def test_finished_pods_do_not_count() -> None:
    made = world(namespaces=[namespace("shop")], pods=[pod("debug", PRIVILEGED, phase="Failed"), pod("a", TAME)])
    assert pods.learn(made).levels["shop"].level is Level.RESTRICTED


def test_intent_is_a_floor_and_exceptions_lower_it_until_their_day() -> None:
    base = deployed(ORDINARY).cluster
    shown: dict[str, Any] = {"namespaces": base.namespaces, "deployments": base.deployments}
    asked = PodIntent(levels={"shop": Level.RESTRICTED})
    made = world(intent=asked, **shown)
    assert pods.intended(made).levels["shop"].level is Level.RESTRICTED
    assert isinstance(pods.prove(made, pods.intended(made)), Refutation)
    for expires, level in ((TODAY, Level.BASELINE), (TODAY - timedelta(days=1), Level.RESTRICTED)):
        loosened = PodIntent(levels={"shop": Level.RESTRICTED}, exceptions=(exception("shop", Level.PRIVILEGED, expires),))
        assert pods.intended(world(intent=loosened, **shown)).levels["shop"].level is level


def test_intent_never_asks_for_less_than_fits() -> None:
    base = deployed(TAME).cluster
    made = world(intent=PodIntent(default=Level.BASELINE), namespaces=base.namespaces, deployments=base.deployments)
    assert pods.intended(made) == pods.learn(made)


LABELS = st.sampled_from(
    [
        {},
        {"enforce": "baseline"},
        {"enforce": "restricted", "enforce_version": "v1.24"},
        {"enforce": "privileged", "warn": "restricted"},
    ]
)


@given(st.lists(any_pods(), max_size=4), LABELS, st.sampled_from(["", "v1.30.0", "v1.37.2"]))
def test_learn_then_prove_never_refutes(found: list[Pod], labels: dict[str, str], server: str) -> None:
    import msgspec

    renamed = [
        msgspec.structs.replace(one, metadata=msgspec.structs.replace(one.metadata, name=f"p{i}", namespace="shop"))
        for i, one in enumerate(found)
    ]
    made = world(server=server, namespaces=[namespace("shop", **labels)], pods=renamed)
    policy = pods.learn(made)
    verdict = pods.prove(made, policy)
    assert not isinstance(verdict, Refutation)
    assert isinstance(verdict, Proof) or pods.unseen(made)
    assert set(policy.levels) | set(policy.left) == {"shop"}


def test_rows_name_every_namespace_once() -> None:
    made = world(namespaces=[namespace("a"), namespace("b")], pods=[pod("x", HOST_PID, ns="a")])
    assert [row[:2] for row in pods.learn(made).rows()] == [("a", "as it is"), ("b", "restricted:v1.37")]


def test_a_level_that_nothing_speaks_for_is_named() -> None:
    policy = pods.learn(world(namespaces=[namespace("empty"), namespace("shop")], pods=[pod("x", TAME, ns="shop")]))
    assert policy.because["empty"].startswith("beware: no pod runs there")
    assert "shop" not in policy.because


def test_a_version_that_is_none_is_refused_when_asked_for() -> None:
    from ostiary.core.errors import BadInput

    with pytest.raises(BadInput, match="latest"):
        _ = LevelVersion(Level.BASELINE, "latest").parsed
