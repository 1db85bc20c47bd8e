"""Grants as bindings: exactly those that are live, never one that hands out rights."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.pillars.access.grants import NOW, grant

from ostiary.model.access import GrantState
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.access.bindings import bindings, is_live, live, never
from ostiary.pillars.access.objects import moment

RBAC = "rbac.authorization.k8s.io"


def rule(verbs: str, group: str, resources: str, *names: str) -> PolicyRule:
    return PolicyRule(verbs=tuple(verbs.split()), api_groups=(group,), resources=tuple(resources.split()), resource_names=names)


def test_a_grant_binds_its_role_in_each_of_its_namespaces_and_nowhere_else() -> None:
    made = bindings(grant("alice", "edit", "shop", "bank", "shop"))
    assert [str(one.ref) for one in made] == ["RoleBinding bank/ostiary:grant:g1", "RoleBinding shop/ostiary:grant:g1"]
    for one in made:
        assert one.body["roleRef"] == {"apiGroup": RBAC, "kind": "ClusterRole", "name": "edit"}
        assert one.body["subjects"] == [{"kind": "User", "apiGroup": RBAC, "name": "ostiary:alice"}]
        assert one.body["metadata"]["labels"]["ostiary.dev/grant"] == "g1"
        assert one.body["metadata"]["annotations"] == {"ostiary.dev/expires": "2026-11-24T13:00:00Z"}


def test_only_a_grant_for_everywhere_binds_everywhere() -> None:
    assert [str(one.ref) for one in bindings(grant())] == ["ClusterRoleBinding ostiary:grant:g1"]
    assert bindings(replace(grant(), everywhere=False)) == ()  # no namespace never means all of them


def test_a_binding_never_says_that_it_ends_later_than_its_grant() -> None:
    late = replace(grant(), ends_at=NOW + timedelta(seconds=1, milliseconds=900))
    said = moment(bindings(late)[0].body["metadata"]["annotations"]["ostiary.dev/expires"])
    assert said is not None
    assert late.ends_at is not None
    assert said <= late.ends_at


@pytest.mark.parametrize("state", [one for one in GrantState if one is not GrantState.ACTIVE])
def test_no_other_state_than_active_is_live(state: GrantState) -> None:
    assert not is_live(grant(state=state), NOW)


def test_an_active_grant_whose_end_is_past_is_not_live() -> None:
    assert is_live(grant(minutes=1), NOW + timedelta(seconds=59))
    assert not is_live(grant(minutes=1), NOW + timedelta(seconds=60))
    assert not is_live(replace(grant(), ends_at=None), NOW)


def test_live_grants_are_those_of_the_cluster() -> None:
    every = [grant(id="b"), grant(id="a"), grant(id="c", cluster="test")]
    assert [one.id for one in live(every, NOW, cluster="prod")] == ["a", "b"]


@pytest.mark.parametrize(
    ("one", "everywhere"),
    [
        (rule("*", "*", "*"), False),
        (rule("escalate", RBAC, "roles"), False),
        (rule("escalate", RBAC, "clusterroles", "view"), False),
        (rule("bind", RBAC, "clusterroles"), False),
        (rule("*", RBAC, "roles"), False),
        (rule("get bind", "*", "*"), False),
        (rule("impersonate", "", "users"), False),
        (rule("impersonate", "", "groups", "admins"), False),
        (rule("impersonate", "*", "*"), False),
        (rule("impersonate:user-info", "authentication.k8s.io", "users"), False),
        (rule("impersonate:arbitrary-node", "authentication.k8s.io", "nodes"), False),
        (rule("impersonate", "authentication.k8s.io", "userextras/scopes"), False),
        (rule("impersonate", "", "serviceaccounts"), True),
        (rule("get", "", "nodes/proxy"), True),
        (rule("get", "", "*/proxy"), True),
    ],
)
def test_a_role_that_hands_out_rights_is_never_granted(one: PolicyRule, everywhere: bool) -> None:
    assert never((one,), everywhere=everywhere)


@pytest.mark.parametrize(
    "one",
    [
        rule("get list watch", "", "pods pods/log"),
        rule("create delete", RBAC, "rolebindings roles"),
        rule("impersonate", "", "serviceaccounts"),
        rule("bind", "apps", "roles"),
        rule("*", "apps", "*"),
    ],
)
def test_other_roles_may_be_granted_in_a_namespace(one: PolicyRule) -> None:
    assert never((one,), everywhere=False) == ()
