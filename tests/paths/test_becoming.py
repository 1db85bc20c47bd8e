"""Who can act as the gateway past the gateway."""

from typing import Any

import pytest
from tests.paths.behind_gateway import RBAC, bind, user, world
from tests.pillars.access.grants import grant

from ostiary.model.finding import Finding, Severity
from ostiary.paths.access import check

ANN = user("ann")


def role(verbs: str, group: str, resources: str, *names: str) -> dict[str, Any]:
    rule = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), "resourceNames": list(names)}
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "made"}, "rules": [rule]}


def found(*more: dict[str, Any]) -> list[Finding]:
    return [one for one in check(world(grant("alice", "edit", "shop"), more=more)) if one.code == "ACCESS-007"]


def test_ostiary_itself_is_nobody_else() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "made",
    [
        role("create", "", "serviceaccounts/token"),
        role("create", "", "serviceaccounts/token", "ostiary-gateway"),
        role("create", "apps", "deployments"),
        role("impersonate", "", "serviceaccounts"),
        role("impersonate", "", "serviceaccounts", "ostiary-gateway"),
    ],
)
def test_whoever_holds_it_in_our_namespace_is_named(made: dict[str, Any]) -> None:
    one = next(one for one in found(made, bind(ANN, "made", "ostiary-system")) if one.subject.name == "ostiary-gateway")
    assert one.severity is Severity.HIGH
    assert "User ann" in one.reason


def test_elsewhere_or_of_another_account_it_is_no_finding() -> None:
    token = role("create", "", "serviceaccounts/token", "other")
    assert found(token, bind(ANN, "made", "ostiary-system")) == []
    assert found(role("create", "", "serviceaccounts/token"), bind(ANN, "made", "shop")) == []


def test_holding_it_everywhere_is_holding_it_here() -> None:
    names = {one.subject.name: one.severity for one in found(bind(ANN, "cluster-admin"))}
    assert names == {"ostiary-gateway": Severity.MEDIUM, "ostiary-controller": Severity.MEDIUM}
