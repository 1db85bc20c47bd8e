"""On real API servers: bindings follow the live grants, the gateway's power follows them too, and its real token can do nothing else."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.server.clusters.behind import Behind, a_grant

from ostiary.adapters.kubernetes.answers import Stored
from ostiary.adapters.kubernetes.client import Client
from ostiary.model.access import Grant
from ostiary.pillars.access.bindings import bindings
from ostiary.pillars.access.objects import target
from ostiary.server.clusters.reconcile import Reconciled, reconcile
from ostiary.server.clusters.standing import standing

pytestmark = pytest.mark.judge("access-clusters", needs=("linux",))

SHOP = "/api/v1/namespaces/default/configmaps"


def as_person(person: str, *, group: str = "ostiary:access", session: str = "s1") -> dict[str, str]:
    return {
        "Impersonate-User": f"ostiary:{person}",
        "Impersonate-Group": group,
        "Impersonate-Extra-ostiary.dev%2fsession": session,
    }


async def ask(client: Client, path: str, headers: Mapping[str, str], method: str = "GET", body: Any = None) -> int:
    """The status of one request with the headers that the gateway would add."""
    session, credential = await client._connected()
    sent = {**headers, "Authorization": credential.authorization, "Content-Type": "application/json"}
    data = msgspec.json.encode(body) if body is not None else None
    async with session.request(method, client.access.server + path, headers=sent, data=data) as response:
        await response.read()
        return response.status


async def bring(behind: Behind, *grants: Grant, thorough: bool = False) -> Reconciled:
    return await reconcile(behind.controller, behind.record, grants, datetime.now(UTC), thorough=thorough)


async def until(client: Client, path: str, headers: Mapping[str, str], wanted: int, within: float = 5.0) -> float:
    """How long it takes until the answer is the wanted one: caches of the API server follow the store by milliseconds."""
    began = time.monotonic()
    while (status := await ask(client, path, headers)) != wanted:
        assert time.monotonic() - began < within, f"still {status}, not {wanted}, after {within} s"
    return time.monotonic() - began


async def test_a_grant_lets_its_person_in_and_its_end_shuts_them_out_within_a_second(behind: Behind) -> None:
    alice = as_person("alice")
    assert await ask(behind.gateway, SHOP, alice) == 403
    done = await bring(behind, a_grant("alice", "view", "default", name="g1"))
    assert done.problems == ()
    assert "RoleBinding default/ostiary:grant:g1" in map(str, done.made)
    await until(behind.gateway, SHOP, alice, 200)
    assert await ask(behind.gateway, "/api/v1/namespaces/kube-system/configmaps", alice) == 403
    assert await ask(behind.gateway, SHOP, alice, "POST", {"metadata": {"name": "x"}}) == 403
    assert await ask(behind.gateway, "/apis", alice) == 200

    began = time.monotonic()
    ended = await bring(behind)
    assert ended.problems == ()
    await until(behind.gateway, SHOP, alice, 403)
    assert time.monotonic() - began < 1
    assert await standing(behind.admin, thorough=True) == {}


async def test_twice_is_once(behind: Behind) -> None:
    some = (a_grant("alice", "edit", "default", "kube-public", name="g1"), a_grant("bob", "view", name="g2"))
    assert (await bring(behind, *some)).problems == ()
    assert await bring(behind, *some) == Reconciled()
    assert (await bring(behind)).problems == ()
    assert await bring(behind) == Reconciled()


async def test_the_gateway_itself_may_do_nothing(behind: Behind) -> None:
    await bring(behind, a_grant("alice", "edit", "default", name="g1"), a_grant("bob", "view", "kube-public", name="g2"))
    await until(behind.gateway, SHOP, as_person("alice"), 200)
    for path in (
        SHOP,
        "/api/v1/nodes",
        "/api/v1/namespaces/ostiary-system/secrets",
        "/metrics",
        "/api/v1/namespaces/default/pods",
    ):
        assert await ask(behind.gateway, path, {}) == 403, path


async def test_the_gateway_may_be_nobody_but_the_people_of_live_grants(behind: Behind) -> None:
    await bring(behind, a_grant("alice", "edit", "default", name="g1"), a_grant("bob", "view", "kube-public", name="g2"))
    await until(behind.gateway, SHOP, as_person("alice"), 200)
    others: list[Mapping[str, str]] = [
        as_person("carol"),
        {"Impersonate-User": "kubernetes-admin"},
        {"Impersonate-User": "ostiary:alice", "Impersonate-Group": "system:masters"},
        as_person("alice", group="system:masters"),
        {"Impersonate-User": "system:serviceaccount:ostiary-system:ostiary-controller"},
        {"Impersonate-User": "system:node:n1", "Impersonate-Group": "system:nodes"},
        {"Impersonate-User": "system:node:n1"},
        {"Impersonate-User": "system:anonymous"},
        {**as_person("alice"), "Impersonate-Uid": "1"},
        {**as_person("alice"), "Impersonate-Extra-scopes": "everything"},
    ]
    for headers in others:
        assert await ask(behind.gateway, SHOP, headers) == 403, headers
    assert await ask(behind.gateway, SHOP, {"Impersonate-Group": "ostiary:access"}) in (400, 500)  # 500 in 1.30
    assert await ask(behind.gateway, "/api/v1/namespaces/kube-public/configmaps", as_person("bob")) == 200
    assert await ask(behind.gateway, "/api/v1/namespaces/kube-public/configmaps", as_person("alice")) == 403


async def test_a_standing_right_of_a_person_is_out_of_reach_where_impersonation_is_limited(behind: Behind) -> None:
    """The second layer: what somebody bound to alice behind ostiary's back is not in the gateway's power."""
    loose = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "loose"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ostiary:alice"}],
    }
    assert isinstance(await behind.admin.create(target("ClusterRoleBinding", "loose"), loose), Stored)
    try:
        await bring(behind, a_grant("alice", "view", "default", name="g1"))
        await until(behind.gateway, SHOP, as_person("alice"), 200)
        expected = 403 if behind.constrained else 200
        await until(behind.gateway, "/api/v1/nodes", as_person("alice"), expected)
        assert await ask(behind.gateway, "/api/v1/namespaces/kube-system/configmaps", as_person("alice")) == expected
        await bring(behind)
        await until(
            behind.gateway, "/api/v1/nodes", as_person("alice"), 403, within=12
        )  # a success is remembered for ten seconds
    finally:
        await behind.admin.delete(target("ClusterRoleBinding", "loose"))


async def test_what_no_live_grant_explains_is_swept_whatever_made_it(behind: Behind) -> None:
    over = a_grant("alice", "view", "default", name="over")
    for one in bindings(over):
        assert isinstance(await behind.admin.create(one.target, one.body), Stored)
    nameless = {**bindings(a_grant("bob", "view", name="bare"))[0].body}
    nameless["metadata"] = {"name": "ostiary:grant:bare"}
    assert isinstance(await behind.admin.create(target("ClusterRoleBinding", "ostiary:grant:bare"), nameless), Stored)
    ended = await bring(behind)
    assert set(map(str, ended.ended)) == {"RoleBinding default/ostiary:grant:over"}
    ended = await bring(behind, thorough=True)
    assert set(map(str, ended.ended)) == {"ClusterRoleBinding ostiary:grant:bare"}
    assert await standing(behind.admin, thorough=True) == {}


async def test_a_binding_that_was_tampered_with_is_made_anew(behind: Behind) -> None:
    one = a_grant("alice", "view", "default", name="g1")
    await bring(behind, one)
    address = target("RoleBinding", "ostiary:grant:g1", "default")
    mallory = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "mallory"}]
    assert isinstance(await behind.admin.patch(address, {"subjects": mallory}), Stored)
    assert (await bring(behind, one)).problems == ()
    answer = await behind.admin.get(address)
    assert isinstance(answer, Stored)
    assert [subject["name"] for subject in answer.object["subjects"]] == ["ostiary:alice"]


async def test_a_namespace_or_role_that_is_not_there_is_told_and_keeps_nobody_else_out(behind: Behind) -> None:
    done = await bring(
        behind,
        a_grant("alice", "view", "nowhere", name="g1"),
        a_grant("bob", "unheard-of", "default", name="g2"),
        a_grant("carol", "view", "default", name="g3"),
    )
    assert any("nowhere" in problem for problem in done.problems)
    assert any("unheard-of" in problem for problem in done.problems)
    await until(behind.gateway, SHOP, as_person("carol"), 200)
    await bring(behind)


async def test_a_role_that_learned_to_hand_out_rights_gives_nothing_any_more(behind: Behind) -> None:
    one = a_grant("alice", "view", "default", name="g1")
    await bring(behind, one)
    view = await behind.admin.get(target("ClusterRole", "system:aggregate-to-view"))
    assert isinstance(view, Stored)
    bind = {"verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"]}
    await behind.admin.patch(target("ClusterRole", "system:aggregate-to-view"), {"rules": [*view.object["rules"], bind]})
    try:
        done = await bring(behind, one)
        for _ in range(50):  # until the controller has aggregated it
            if done.problems:
                break
            await asyncio.sleep(0.1)
            done = await bring(behind, one)
        assert "it may bind any role" in done.problems[0]
        assert await standing(behind.admin, thorough=True) == {}
    finally:
        await behind.admin.patch(target("ClusterRole", "system:aggregate-to-view"), {"rules": view.object["rules"]})


async def test_edit_is_not_granted_everywhere(behind: Behind) -> None:
    done = await bring(behind, a_grant("alice", "edit", name="g1"))
    assert "impersonate serviceaccounts everywhere" in done.problems[0]
    assert await standing(behind.admin, thorough=True) == {}


async def test_the_controller_may_bind_no_role_but_those_that_were_named(behind: Behind) -> None:
    admin_grant = bindings(a_grant("alice", "cluster-admin", name="g9"))[0]
    answer = await behind.controller.create(admin_grant.target, admin_grant.body)
    assert not isinstance(answer, Stored)
    assert answer.code == 403
    wider = {"rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}
    refused = await behind.controller.patch(target("ClusterRole", "view"), wider)
    assert not isinstance(refused, Stored)
