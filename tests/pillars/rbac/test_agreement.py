"""Samples are drawn from the seed alone, and the bound is the textbook's."""

import pytest
from tests.pillars.rbac.shapes import PODS, bound, cluster, cluster_role

from ostiary.cli.rbac_agreement import compare
from ostiary.model.cluster import Cluster
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.pillars.rbac import agreement
from ostiary.pillars.rbac.authorizer import Authorizer

PATHS = PolicyRule(verbs=("get",), non_resource_urls=("/healthz/*",))
AUTHORIZER = Authorizer(
    cluster(
        cluster_role("right", PODS, PATHS),
        bound("right"),
        bound("right", Subject(kind="Group", name="dev"), Subject(kind="Robot", name="r2"), namespace="shop"),
        server_version="v1.37.2",
    )
)


@pytest.mark.parametrize(
    ("differing", "compared", "expected"),
    [(0, 299, 0.00997), (0, 2995, 0.0009998), (1, 100, 0.0466), (5, 100, 0.1023), (10, 10, 1.0), (0, 1, 0.95)],
)
def test_the_bound_is_that_of_clopper_and_pearson(differing: int, compared: int, expected: float) -> None:
    assert agreement.bound(differing, compared) == pytest.approx(expected, rel=2e-3)


def test_a_sample_is_the_seeds_and_has_both_answers() -> None:
    first, again = (list(agreement.sample(AUTHORIZER, 400, "a")) for _ in range(2))
    assert first == again != list(agreement.sample(AUTHORIZER, 400, "b"))
    allowed = sum(AUTHORIZER.decide(*question).allowed for question in first)
    assert 80 < allowed < 320
    assert {question[1].is_resource for question in first} == {True, False}


def test_nothing_bound_is_nothing_to_sample() -> None:
    assert list(agreement.sample(Authorizer(Cluster()), 10, "a")) == []


def test_every_difference_is_counted_and_named() -> None:
    asked = list(agreement.sample(AUTHORIZER, 50, "a"))
    truth = [str(AUTHORIZER.decide(*question).decision) for question in asked]
    assert compare(AUTHORIZER, asked, truth).differing == ()
    assert "50 of 50 answers agree" in compare(AUTHORIZER, asked, truth).sentence()
    wrong = ["deny", *truth[1:]]
    found = compare(AUTHORIZER, asked, wrong)
    assert len(found.differing) == 1
    assert "the API server says deny" in found.differing[0]
