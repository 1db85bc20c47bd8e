"""What became looser is found, what became stricter is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.pods.worlds import namespace, world

from ostiary.core.errors import BadInput
from ostiary.model.blind import Blind, Reason
from ostiary.model.world import World
from ostiary.pillars.pods.drift import drift

LEVELS = ("privileged", "baseline", "restricted")


def enforcing(**labels: str) -> World:
    return world(namespaces=[namespace("shop", **labels)])


def codes(now: World, before: World) -> list[str]:
    return [finding.code for finding in drift(now, before)]


def test_a_lowered_level_names_both() -> None:
    (found,) = drift(
        enforcing(enforce="baseline", enforce_version="v1.37"), enforcing(enforce="restricted", enforce_version="v1.37")
    )
    assert found.code == "POD-012"
    assert "enforces baseline:v1.37 and enforced restricted:v1.37" in found.reason


def test_a_label_taken_away_is_a_lowered_level() -> None:
    assert codes(enforcing(), enforcing(enforce="baseline")) == ["POD-012"]


@pytest.mark.parametrize("now", [{}, {"enforce_version": "latest"}, {"enforce_version": "v1.30"}])
def test_a_version_let_go(now: dict[str, str]) -> None:
    assert codes(enforcing(enforce="baseline", **now), enforcing(enforce="baseline", enforce_version="v1.37")) == ["POD-013"]


def test_a_namespace_that_came_without_a_level() -> None:
    assert codes(enforcing(), world()) == ["POD-014"]
    assert codes(enforcing(enforce="privileged"), world()) == []


def test_a_namespace_that_is_gone_is_no_drift() -> None:
    assert codes(world(), enforcing(enforce="restricted")) == []


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_it_is_drift_exactly_when_the_level_is_lower(now: str, before: str) -> None:
    found = codes(enforcing(enforce=now, enforce_version="v1.37"), enforcing(enforce=before, enforce_version="v1.37"))
    assert (found == ["POD-012"]) == (LEVELS.index(now) < LEVELS.index(before))
    assert found in ([], ["POD-012"])


def test_a_level_misspelt_counts_as_the_api_server_reads_it() -> None:
    assert codes(enforcing(enforce="restriced"), enforcing(enforce="restricted")) == []


def test_an_earlier_look_that_saw_no_namespaces_is_refused() -> None:
    with pytest.raises(BadInput, match="does not show every namespace"):
        list(drift(enforcing(), world(blind=(Blind(kind="Namespace", reason=Reason.FORBIDDEN),))))
