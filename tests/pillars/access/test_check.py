"""Findings of access: rights that no grant gave, names that others use, grants that were outlived; and none of what ostiary itself writes."""

from datetime import timedelta
from typing import Any

import pytest
from tests.paths.behind_gateway import GATEWAY, NOW, bind, group, user, world
from tests.pillars.access.grants import grant

from ostiary.model.access import Grant
from ostiary.model.finding import Severity
from ostiary.pillars.access.check import check
from ostiary.pillars.access.codes import CODES

ALICE = grant("alice", "edit", "shop", id="a")
GRANT_META = {"labels": {"ostiary.dev/grant": "x"}, "annotations": {"ostiary.dev/expires": "2026-11-25T00:00:00Z"}}


def codes(*grants: Grant, **how: Any) -> list[str]:
    return [found.code for found in check(world(*grants, **how))]


@pytest.mark.parametrize("asked", [True, False])
def test_what_ostiary_writes_is_no_finding(asked: bool) -> None:
    assert codes(ALICE, grant("bob", "view", id="b"), asked=asked) == []


@pytest.mark.parametrize(
    ("loose", "code"),
    [
        (bind(user("alice@example.com"), "view"), "ACCESS-001"),
        (bind(group("developers"), "edit", "shop"), "ACCESS-001"),
        (bind(user("ostiary:alice"), "view", "shop"), "ACCESS-002"),
        (bind(group("ostiary:access"), "view"), "ACCESS-002"),
        (bind(GATEWAY, "view", "shop"), "ACCESS-002"),
        (bind(user("system:serviceaccount:ostiary-system:ostiary-controller"), "cluster-admin"), "ACCESS-002"),
        (bind(group("system:serviceaccounts:ostiary-system"), "view"), "ACCESS-002"),
        (bind(user("ostiary:bob"), "view", "shop", name="ostiary:grant:x", **GRANT_META), "ACCESS-004"),
        (bind(user("ostiary:bob"), "view", "shop", name="renamed", **GRANT_META), "ACCESS-004"),
        (bind(user("x"), "view", "ostiary-system"), "ACCESS-005"),
    ],
)
def test_each_is_found(loose: dict[str, Any], code: str) -> None:
    assert code in codes(ALICE, more=[loose])


@pytest.mark.parametrize(
    "subject",
    [user("system:kube-scheduler"), group("system:masters"), {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}],
)
def test_kubernetes_own_identities_and_service_accounts_are_no_people(subject: dict[str, str]) -> None:
    assert codes(more=[bind(subject, "view")]) == []


def test_an_outlived_binding_is_found_by_its_own_word() -> None:
    later = NOW + timedelta(hours=1)
    assert "ACCESS-003" in codes(ALICE, at=later, asked=False)
    assert codes(ALICE, at=later - timedelta(seconds=1), asked=False) == []


def test_a_label_hides_nothing() -> None:
    hidden = bind(user("ostiary:bob"), "cluster-admin", name="ostiary:grant:a", labels={"ostiary.dev/grant": "a"})
    found = list(check(world(ALICE, more=[hidden])))
    assert [(one.code, str(one.subject)) for one in found] == [("ACCESS-004", "ClusterRoleBinding ostiary:grant:a")]


def test_a_standing_right_to_everything_is_worse_than_one_in_a_namespace() -> None:
    found = list(check(world(more=[bind(user("ann"), "cluster-admin"), bind(user("ann"), "view", "shop")])))
    assert [one.severity for one in found] == [Severity.HIGH, Severity.MEDIUM]


def test_a_server_that_does_not_limit_impersonation_is_told_of() -> None:
    assert codes(ALICE, constrained=False) == ["ACCESS-006"]


def test_codes_are_in_order_and_each_once() -> None:
    names = [one.code for one in CODES]
    assert names == sorted(set(names))
