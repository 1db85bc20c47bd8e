"""What no API server can be asked about aggregation: circles, refused parts, parts that are not seen."""

import pytest
from tests.pillars.rbac.shapes import PODS, SECRETS, cluster_role

from ostiary.model.rbac import PolicyRule, Role
from ostiary.pillars.rbac.aggregation import RoleRules, aggregated
from ostiary.pillars.rbac.doubt import Doubt
from ostiary.pillars.rbac.rule import EVERYTHING

UNSEEN = Doubt("ClusterRole: forbidden", "ask for it")
NODES = PolicyRule(verbs=("get",), api_groups=("",), resources=("nodes",))
REFUSED = PolicyRule(api_groups=("",), resources=("pods",))


def rules(name: str, *roles: Role, unseen: tuple[Doubt, ...] = ()) -> RoleRules:
    return aggregated(roles, unseen)[name]


def test_rules_of_their_own_in_a_circle_are_not_sure() -> None:
    circle = (cluster_role("a", PODS, labels={"to": "b"}, sums="a"), cluster_role("b", SECRETS, labels={"to": "a"}, sums="b"))
    for name in ("a", "b"):
        found = rules(name, *circle)
        assert found.sure == ()
        assert set(found.maybe) == {PODS, SECRETS}
        assert "circle" in str(found.doubts[0])


def test_what_comes_into_a_circle_from_outside_is_sure() -> None:
    circle = (
        cluster_role("a", PODS, labels={"to": "b"}, sums="a"),
        cluster_role("b", labels={"to": "a"}, sums="b"),
        cluster_role("c", NODES, labels={"to": "a"}),
    )
    found = rules("b", *circle)
    assert found.sure == (NODES,)
    assert PODS in found.maybe


def test_a_circle_without_rules_of_its_own_leaves_no_doubt() -> None:
    circle = (
        cluster_role("a", labels={"to": "b"}, sums="a"),
        cluster_role("b", labels={"to": "a"}, sums="b"),
        cluster_role("c", NODES, labels={"to": "a"}),
    )
    assert rules("a", *circle) == rules("b", *circle) == RoleRules((NODES,))


def test_a_refused_part_is_perhaps_there() -> None:
    refused = cluster_role("part", SECRETS, REFUSED, labels={"to": "sum"})
    found = rules("sum", cluster_role("sum", NODES, sums="sum"), refused)
    assert found.sure == ()
    assert set(found.maybe) == {NODES, SECRETS, REFUSED}
    assert "rules[1]: verbs are missing" in str(found.doubts[0])


def test_a_part_that_is_not_seen_may_bring_anything_and_replace_what_stands_there() -> None:
    found = rules("sum", cluster_role("sum", NODES, sums="sum"), unseen=(UNSEEN,))
    assert found.sure == ()
    assert set(found.maybe) == {NODES, EVERYTHING}
    with_part = rules(
        "sum", cluster_role("sum", NODES, sums="sum"), cluster_role("p", PODS, labels={"to": "sum"}), unseen=(UNSEEN,)
    )
    assert with_part.sure == (PODS,)
    assert with_part.maybe == (EVERYTHING,)


def test_roles_that_do_not_aggregate_have_what_they_say_whatever_is_unseen() -> None:
    assert rules("plain", cluster_role("plain", PODS), unseen=(UNSEEN,)) == RoleRules((PODS,))


@pytest.mark.parametrize("depth", [1, 5, 40])
def test_a_chain_of_any_depth(depth: int) -> None:
    chain = [cluster_role("r0", PODS, labels={"to": "r1"})]
    chain += [cluster_role(f"r{n}", labels={"to": f"r{n + 1}"}, sums=f"r{n}") for n in range(1, depth + 1)]
    assert rules(f"r{depth}", *reversed(chain)).sure == (PODS,)
