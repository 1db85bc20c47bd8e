"""The fence around the controller, on a real API server: with the controller's own token, what RBAC alone would let it do."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from tests.server.clusters.behind import Behind, a_grant
from tests.server.clusters.test_reconcile import bring

from ostiary.adapters.kubernetes.answers import Answer, Rejected, Stored
from ostiary.model.plan import Target
from ostiary.pillars.access.bindings import bindings
from ostiary.pillars.access.objects import target

pytestmark = [
    pytest.mark.judge("access-fence", needs=("linux",)),
    pytest.mark.parametrize("real", ["1.37", "1.36"], indirect=True),
]
RBAC = "rbac.authorization.k8s.io"
GATEWAY = {"kind": "ServiceAccount", "name": "ostiary-gateway", "namespace": "ostiary-system"}


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "apiGroup": RBAC, "name": name}


def binding(name: str, role: str, subject: Mapping[str, str], **meta: Any) -> tuple[Target, dict[str, Any]]:
    address = target("ClusterRoleBinding", name)
    body = {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name, **meta},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}, "subjects": [dict(subject)],
    }  # fmt: skip
    return address, body


def grant_like(subject: Mapping[str, str], **other: Any) -> tuple[Target, dict[str, Any]]:
    meta = {"labels": {"ostiary.dev/grant": "x"}, "annotations": {"ostiary.dev/expires": "2099-01-01T00:00:00Z"}, **other}
    return binding("ostiary:grant:x", "view", subject, **meta)


def refused(answer: Answer) -> bool:
    return isinstance(answer, Rejected) and "ostiary-controller" in answer.message and "denied request" in answer.message


async def in_force(behind: Behind) -> None:
    """A new policy takes a moment until the API server knows it."""
    address, body = grant_like(user("mallory"))
    for _ in range(100):
        answer = await behind.controller.create(address, body)
        if refused(answer):
            return
        await behind.admin.delete(address)
        await asyncio.sleep(0.1)
    raise AssertionError("the policy is not in force after ten seconds")


async def test_what_a_stolen_controller_may_not_do(behind: Behind) -> None:
    await in_force(behind)
    made = [
        binding("loose", "view", user("mallory")),
        binding("loose", "view", user("ostiary:alice")),
        grant_like(user("mallory")),
        grant_like({"kind": "Group", "apiGroup": RBAC, "name": "ostiary:access"}),
        grant_like(user("ostiary:alice"), annotations={}),
        grant_like(user("ostiary:alice"), labels={}),
        grant_like(user("ostiary:alice"), labels={"ostiary.dev/grant": "another"}),
        grant_like(GATEWAY),
        binding("ostiary:on:view", "view", GATEWAY, annotations={"ostiary.dev/expires": "2099-01-01T00:00:00Z"}),
    ]
    for address, body in made:
        assert refused(await behind.controller.create(address, body)), body

    foreign, body = binding("theirs", "view", user("ann"))
    assert isinstance(await behind.admin.create(foreign, body), Stored)
    try:
        assert refused(await behind.controller.delete(foreign))
        assert refused(await behind.controller.patch(foreign, {"metadata": {"labels": {"ostiary.dev/grant": "x"}}}))
        assert refused(await behind.controller.delete(target("ClusterRoleBinding", "ostiary:controller")))
        assert refused(await behind.controller.delete(target("ClusterRoleBinding", "cluster-admin")))
    finally:
        await behind.admin.delete(foreign)


@pytest.mark.parametrize(
    "rule",
    [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["ostiary:alice", "admin"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["groups"], "resourceNames": ["system:masters"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users", "groups"], "resourceNames": ["ostiary:access"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts"]},
        {"verbs": ["impersonate:arbitrary-node"], "apiGroups": ["authentication.k8s.io"], "resources": ["nodes"]},
        {"verbs": ["impersonate:user-info", "get"], "apiGroups": ["*"], "resources": ["users"], "resourceNames": ["ostiary:a"]},
        {"verbs": ["get"], "nonResourceURLs": ["/metrics"]},
    ],
)
async def test_the_gateways_roles_hold_impersonation_and_nothing_else(behind: Behind, rule: dict[str, Any]) -> None:
    await in_force(behind)
    for name in ("ostiary:gateway", "ostiary:on:view"):
        assert refused(await behind.controller.patch(target("ClusterRole", name), {"rules": [rule]})), name


async def test_the_fence_is_no_hindrance_to_what_the_controller_is_for(behind: Behind) -> None:
    await in_force(behind)
    grants = (a_grant("alice", "edit", "default", name="g1"), a_grant("bob", "view", name="g2"))
    assert (await bring(behind, *grants)).problems == ()
    prolonged = (*grants, a_grant("carol", "edit", "default", name="g3", seconds=900))
    assert (await bring(behind, *prolonged)).problems == ()
    tampered = bindings(grants[0])[0]
    assert isinstance(await behind.admin.patch(tampered.target, {"subjects": [user("mallory")]}), Stored)
    assert (await bring(behind, *prolonged)).problems == ()
    assert (await bring(behind)).problems == ()
