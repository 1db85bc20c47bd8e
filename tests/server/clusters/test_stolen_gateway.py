"""The proof against the real API server: what is proved is really refused, what is refuted is really possible, with the gateway's own token."""

import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.server.clusters.behind import Behind, a_grant
from tests.server.clusters.test_reconcile import SHOP, as_person, ask, bring, until

from ostiary.adapters.kubernetes.answers import Stored
from ostiary.adapters.kubernetes.live import read_live
from ostiary.model.access import Grant, LiveGrants
from ostiary.model.evidence import Evidence
from ostiary.model.plan import Target
from ostiary.model.verdict import Proof, Refutation
from ostiary.model.world import World
from ostiary.paths.access import check
from ostiary.paths.stolen_gateway import GatewayPower, intended, prove
from ostiary.pillars.access.objects import target

pytestmark = pytest.mark.judge("access-stolen-gateway", needs=("linux",))
RBAC = "rbac.authorization.k8s.io"
GATEWAY = {"kind": "ServiceAccount", "name": "ostiary-gateway", "namespace": "ostiary-system"}
NODES = "/api/v1/nodes"


async def world_of(behind: Behind, *grants: Grant) -> World:
    cluster = await read_live(behind.admin, bytes(32))
    word = LiveGrants(at=datetime.now(UTC), grants=grants)
    return World.of(cluster, today=date.today(), evidence=Evidence(access=word))


async def verdict_of(behind: Behind, *grants: Grant) -> Any:
    world = await world_of(behind, *grants)
    return prove(world, intended(world))


def bind(name: str, subject: dict[str, str], role: str, namespace: str = "") -> tuple[Target, dict[str, Any]]:
    address = target("RoleBinding" if namespace else "ClusterRoleBinding", name, namespace)
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return address, {
        "apiVersion": f"{RBAC}/v1", "kind": address.kind, "metadata": meta, "subjects": [subject],
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
    }  # fmt: skip


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "apiGroup": RBAC, "name": name}


def group(name: str) -> dict[str, str]:
    return {"kind": "Group", "apiGroup": RBAC, "name": name}


async def test_without_a_grant_nothing_is_reachable(behind: Behind) -> None:
    await bring(behind)
    proved = await verdict_of(behind)
    assert isinstance(proved, Proof)
    assert proved.policy.rows() == []


async def test_with_grants_it_is_those_grants(behind: Behind) -> None:
    grants = (
        a_grant("alice", "edit", "default", name="g1"),
        a_grant("bob", "view", name="g2"),
        a_grant("bob", "admin", "kube-public", name="g3"),
    )
    assert (await bring(behind, *grants)).problems == ()
    proved = await verdict_of(behind, *grants)
    assert isinstance(proved, Proof), proved
    assert [row[:3] for row in proved.policy.rows()] == [
        ("ostiary:alice", "ClusterRole edit", "default"),
        ("ostiary:bob", "ClusterRole view", "everywhere"),
        ("ostiary:bob", "ClusterRole admin", "kube-public"),
    ]
    told = await world_of(behind)
    told = World.of(told.cluster, today=told.today, evidence=Evidence(access=LiveGrants(at=datetime.now(UTC))))
    said = prove(told, intended(told))  # from the cluster's own objects, the same list
    assert isinstance(said, Proof)
    assert [row[:3] for row in said.policy.rows()] == [row[:3] for row in proved.policy.rows()]


LOOSE = {
    "cluster-admin to the gateway": (bind("loose", GATEWAY, "cluster-admin"), {}),
    "cluster-admin to the group of everybody's": (bind("loose", group("ostiary:access"), "cluster-admin"), as_person("alice")),
    "cluster-admin to every service account": (bind("loose", group("system:serviceaccounts"), "cluster-admin"), {}),
    "view to everybody who is signed in": (bind("loose", group("system:authenticated"), "view"), {}),
    "cluster-admin to a person": (bind("loose", user("ostiary:alice"), "cluster-admin"), as_person("alice")),
}


@pytest.mark.parametrize("case", list(LOOSE))
async def test_what_is_refuted_is_possible_and_what_is_proved_is_not(behind: Behind, case: str) -> None:
    """Each case binds something behind ostiary's back; the verdict and the server have to say the same about listing ConfigMaps elsewhere."""
    (address, body), headers = LOOSE[case]
    grants = (a_grant("alice", "edit", "default", name="g1"),)
    await bring(behind, *grants)
    elsewhere = "/api/v1/namespaces/kube-system/configmaps"
    assert await ask(behind.gateway, elsewhere, headers) == 403
    assert isinstance(await behind.admin.create(address, body), Stored)
    try:
        verdict = await verdict_of(behind, *grants)
        if isinstance(verdict, Refutation):
            assert any("loose" in str(witness.subject) for witness in verdict.witnesses)
            await until(behind.gateway, elsewhere, headers, 200)
        else:
            assert isinstance(verdict, Proof)
            assert behind.constrained
            assert await ask(behind.gateway, elsewhere, headers) == 403
            assert await ask(behind.gateway, NODES, headers) == 403
            assert any(found.code == "ACCESS-002" for found in check(await world_of(behind, *grants)))
    finally:
        await behind.admin.delete(address)
        await until(behind.gateway, elsewhere, headers, 403, within=2)


async def test_a_persons_standing_right_within_reach_is_refuted_also_where_impersonation_is_limited(behind: Behind) -> None:
    """Alice may edit default; bob may view kube-system; somebody bound alice to view in kube-system, where the gateway may view as somebody."""
    grants = (a_grant("alice", "edit", "default", name="g1"), a_grant("bob", "view", "kube-system", name="g2"))
    await bring(behind, *grants)
    address, body = bind("loose", user("ostiary:alice"), "view", "kube-system")
    assert isinstance(await behind.admin.create(address, body), Stored)
    try:
        verdict = await verdict_of(behind, *grants)
        assert isinstance(verdict, Refutation)
        assert "as ostiary:alice" in verdict.witnesses[0].reason
        await until(behind.gateway, "/api/v1/namespaces/kube-system/configmaps", as_person("alice"), 200)
    finally:
        await behind.admin.delete(address)


async def test_more_identities_than_the_live_grants_need_are_refuted(behind: Behind) -> None:
    await bring(behind)
    wide = {"rules": [{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users", "groups"]}]}
    assert isinstance(await behind.admin.patch(target("ClusterRole", "ostiary:gateway"), wide), Stored)
    verdict = await verdict_of(behind)
    assert isinstance(verdict, Refutation)
    assert "impersonate" in verdict.witnesses[0].reason
    await until(behind.gateway, NODES, {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}, 200)
    began = time.monotonic()
    await bring(behind)
    await until(behind.gateway, NODES, {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}, 403)
    assert time.monotonic() - began < 1
    assert isinstance(await verdict_of(behind), Proof)


async def test_an_ended_grant_that_is_still_bound_is_refuted(behind: Behind) -> None:
    grants = (a_grant("alice", "edit", "default", name="g1"), a_grant("bob", "view", "default", name="g2"))
    await bring(behind, *grants)
    verdict = await verdict_of(behind, grants[1])
    assert isinstance(verdict, Refutation)
    assert await ask(behind.gateway, SHOP, as_person("alice")) == 200
    assert {found.code for found in check(await world_of(behind, grants[1]))} >= {"ACCESS-004"}


def test_the_policy_is_what_is_printed() -> None:
    one = a_grant("alice", "view", "shop", "bank", name="g1")
    assert GatewayPower(datetime.now(UTC), (one,), True).rows()[0][:3] == ("ostiary:alice", "ClusterRole view", "bank, shop")
