"""The gateway's power: nothing without a live grant, by name with one, and never a wildcard."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.access.grants import NOW, grant

from ostiary.model.access import Grant
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.access.impersonation import DOING, Power, bound, on, power, roles
from ostiary.pillars.access.installation import controller_rules, installation

VIEW = (PolicyRule(verbs=("get", "list", "watch"), api_groups=("",), resources=("pods",)),)
ADMIN = (
    PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",)),
    PolicyRule(verbs=("*",), non_resource_urls=("*",)),
)
ROLES = {"view": VIEW, "cluster-admin": ADMIN, "edit": ()}

some_grants = st.lists(
    st.builds(
        grant,
        st.sampled_from(["alice", "bob", "carol"]),
        st.sampled_from(sorted(ROLES)),
        id=st.uuids().map(str),
        minutes=st.integers(1, 60),
    ),
    max_size=6,
)


@pytest.mark.parametrize("constrained", [True, False])
def test_without_a_live_grant_the_gateway_may_do_nothing(constrained: bool) -> None:
    nothing = power((), ROLES, constrained=constrained)
    assert nothing == Power()
    assert bound(nothing) == ()
    assert [one.body["rules"] for one in roles(nothing)] == [[]]


@given(some_grants, st.booleans())
def test_every_identity_is_limited_by_name(grants: list[Grant], constrained: bool) -> None:
    made = power(grants, ROLES, constrained=constrained)
    people = {f"ostiary:{one.person}" for one in grants}
    for rule in made.own:
        if rule.resources == ("users",):
            assert set(rule.resource_names) == people
        if rule.resources == ("groups",):
            assert rule.resource_names == ("ostiary:access",)
        assert "*" not in (*rule.verbs, *rule.api_groups, *rule.resources)


@given(some_grants)
def test_constrained_power_never_holds_the_old_verb(grants: list[Grant]) -> None:
    made = power(grants, ROLES, constrained=True)
    verbs = {verb for rule in (*made.own, *(rule for some in (made.on or {}).values() for rule in some)) for verb in rule.verbs}
    assert not verbs & {"impersonate", "*"}
    assert all(verb.startswith(("impersonate:user-info", DOING)) for verb in verbs)


def test_the_wildcard_verb_is_spelled_out_for_resources_and_for_paths() -> None:
    resources, paths = on(*ADMIN)
    assert resources.verbs == tuple(
        DOING + verb for verb in ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
    )
    assert (resources.api_groups, resources.resources, resources.non_resource_urls) == (("*",), ("*",), ())
    assert DOING + "head" in paths.verbs
    assert paths.non_resource_urls == ("*",)


def test_names_stay_and_verbs_that_no_request_has_go() -> None:
    rule = PolicyRule(verbs=("use", "update"), api_groups=("policy",), resources=("x",), resource_names=("one",))
    assert on(rule) == (
        PolicyRule(verbs=(DOING + "update",), api_groups=("policy",), resources=("x",), resource_names=("one",)),
    )
    assert on(PolicyRule(verbs=("escalate",), api_groups=("",), resources=("roles",))) == ()


def test_the_power_of_a_namespace_lasts_as_long_as_the_last_grant_that_needs_it() -> None:
    grants = [grant("alice", "view", "shop", id="1", minutes=5), grant("bob", "view", "shop", "bank", id="2", minutes=9)]
    made = power(grants, ROLES, constrained=True)
    assert made.bound == (
        ("view", "bank", NOW + timedelta(minutes=9)),
        ("view", "shop", NOW + timedelta(minutes=9)),
    )
    assert [str(one.ref) for one in bound(made)] == ["RoleBinding bank/ostiary:on:view", "RoleBinding shop/ostiary:on:view"]
    assert made.rules("shop") == on(*VIEW)
    assert made.rules("other") == ()


def test_the_old_way_needs_no_further_roles() -> None:
    made = power([grant("alice", "view", "shop")], ROLES, constrained=False)
    assert [(rule.verbs, rule.api_groups, rule.resources) for rule in made.own] == [
        (("impersonate",), ("",), ("users",)),
        (("impersonate",), ("",), ("groups",)),
        (("impersonate",), ("authentication.k8s.io",), ("userextras/ostiary.dev/session",)),
    ]
    assert bound(made) == ()


def test_the_controller_may_bind_and_rewrite_by_name_only() -> None:
    for rule in controller_rules(("edit", "view")):
        if {"bind", "escalate"} & set(rule.verbs):
            assert rule.resource_names
            assert "*" not in (*rule.verbs, *rule.resources, *rule.resource_names)


def test_every_object_says_whose_it_is() -> None:
    for one in installation(("view", "edit")):
        labels = one.body["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "ostiary"
        assert labels["ostiary.dev/part"] == "installation"
