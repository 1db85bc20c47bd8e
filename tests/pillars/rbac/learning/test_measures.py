"""Sizes of rules: stars count as what they mean, names as less, and nothing twice."""

from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.rbac.learning.scenes import rule, used

from ostiary.model.basics import CRDNames, CRDSpec, CustomResourceDefinition, Namespace
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.learning.measures import FURTHER, FURTHER_BY_NAME, Yardstick, ratio, unseen
from ostiary.pillars.rbac.learning.sightings import sightings
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows

TWO = Cluster(namespaces=tuple(Namespace(metadata=Meta(name=name)) for name in ("a", "b")))


def plain(*rules: PolicyRule, **namespaced: tuple[PolicyRule, ...]) -> int:
    return Yardstick(TWO).size(rules, namespaced).plain


def test_cluster_wide_is_every_namespace_and_what_is_in_none() -> None:
    assert plain(rule("get", "pods")) == 3
    assert plain(rule("get", "nodes")) == 1
    assert plain(a=(rule("get", "pods"),)) == 1


def test_nothing_counts_twice() -> None:
    pods = rule("get list", "pods")
    assert plain(pods, rule("get", "pods"), a=(pods, pods), b=(rule("list", "pods"),)) == plain(pods)


def test_what_is_wider_in_a_namespace_counts_there() -> None:
    assert plain(rule("get", "pods", names="x"), a=(rule("get", "pods"),)) == 3 + 1


def test_names_count_less_where_it_matters() -> None:
    def risk(one: PolicyRule) -> int:
        return Yardstick(TWO).size((), {"a": (one,)}).risk

    assert risk(rule("get", "secrets")) == FURTHER
    assert risk(rule("get", "secrets", names="db")) == FURTHER_BY_NAME
    assert risk(rule("get", "configmaps")) == 1


def test_a_group_that_has_no_such_resource_adds_nothing() -> None:
    both = PolicyRule(verbs=("get",), api_groups=("", "apps"), resources=("pods", "deployments"))
    assert plain(a=(both,)) == 2
    assert plain(a=(rule("get", "widgets", "shop.example"),)) == 1, "what nobody knows counts as it stands"


def test_a_star_means_custom_resources_too() -> None:
    crd = CustomResourceDefinition(
        metadata=Meta(name="w"),
        spec=CRDSpec(group="shop.example", scope="Namespaced", names=CRDNames(plural="widgets", kind="W")),
    )
    star = PolicyRule(verbs=("get",), api_groups=("shop.example",), resources=("*",))
    assert Yardstick(TWO).size((), {"a": (star,)}).plain == 0
    more = Cluster(namespaces=TWO.namespaces, custom_resource_definitions=(crd,))
    assert Yardstick(more).size((), {"a": (star,)}).plain == 3, "itself, status, finalizers"


WORDS = st.sets(st.sampled_from(("*", "get", "create", "list")), min_size=1)
RESOURCES = st.sets(st.sampled_from(("*", "pods", "secrets", "pods/exec", "*/exec", "*/status", "nodes")), min_size=1)


@given(WORDS, st.sets(st.sampled_from(("*", "", "apps")), min_size=1), RESOURCES)
def test_an_action_is_counted_when_the_rule_allows_it(verbs: set[str], groups: set[str], resources: set[str]) -> None:
    one = PolicyRule(verbs=tuple(verbs), api_groups=tuple(groups), resources=tuple(resources))
    yardstick = Yardstick(TWO)
    for request in (
        Request("get", "pods"),
        Request("create", "pods", subresource="exec"),
        Request("list", "deployments", "apps"),
    ):
        alone = PolicyRule(verbs=(request.verb,), api_groups=(request.api_group,), resources=(request.combined,))
        adds = yardstick.size((one, alone), {}).plain > yardstick.size((one,), {}).plain
        assert adds is not allows(one, request)


def test_ratios_and_the_chance_of_something_new() -> None:
    assert ratio(1, 4) == 0.75
    assert ratio(0, 0) is None
    assert ratio(5, 4) == 0.0
    seen = sightings((used("get", "pods", "a", "shop", days=(1, 2, 3)), used("list", "pods", days=(1,))))
    assert unseen(seen) == 0.25
