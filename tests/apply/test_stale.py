"""Stale plans: news refuses, fewer facts do not, and what ostiary did itself is no news."""

from collections.abc import Mapping
from datetime import date

import msgspec
import pytest
from tests.apply.plans import PREFIX, every_action, staged

from ostiary.apply.stale import new_premises, refuse_stale, without
from ostiary.core.canonical import digest
from ostiary.core.errors import Refused
from ostiary.model.basics import Namespace
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta, Ref
from ostiary.model.plan import Plan
from ostiary.model.pods import Pod
from ostiary.model.rbac import Role
from ostiary.model.sealed import Annotations
from ostiary.model.world import World, encode


def premises(world: World) -> Mapping[str, Ref]:
    """As a pillar's: the labels of each namespace, the names of pods, the names of roles."""
    found = {}
    for space in world.cluster.namespaces:
        labels = {key: value for key, value in space.metadata.labels.items() if key.startswith(PREFIX)}
        found[f"labels {space.metadata.name} {digest(labels)}"] = Ref("Namespace", "", space.metadata.name)
    for pod in world.cluster.pods:
        found[f"posture {encode(pod.spec).decode()}"] = Ref("Pod", pod.metadata.namespace, pod.metadata.name)
    for role in world.cluster.roles:
        found[f"role {role.metadata.name}"] = Ref("Role", role.metadata.namespace, role.metadata.name)
    return found


def world(*names: str, pods: tuple[Pod, ...] = (), roles: tuple[str, ...] = (), labels: dict[str, str] | None = None) -> World:
    named = {PREFIX + "enforce": "privileged", **{PREFIX + key: value for key, value in (labels or {}).items()}}
    cluster = Cluster(
        namespaces=tuple(Namespace(metadata=Meta(name=name, labels=named)) for name in sorted(names)),
        pods=pods,
        roles=tuple(Role(metadata=Meta(name=name, namespace="shop")) for name in roles),
    )
    return World.of(cluster, today=date(2026, 1, 2))


def proved(at: World, plan: Plan) -> Plan:
    return msgspec.structs.replace(plan, premises=dict(premises(at)))


def pod(name: str) -> Pod:
    annotations = Annotations({"container.apparmor.security.beta.kubernetes.io/web": "unconfined"})
    made: Pod = msgspec.convert(
        {"metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": [{"name": name}]}}, Pod, strict=False
    )
    return msgspec.structs.replace(made, metadata=msgspec.structs.replace(made.metadata, annotations=annotations))


def test_the_same_world_is_not_stale() -> None:
    plan = proved(world("shop", pods=(pod("web"),)), staged("shop"))
    refuse_stale(plan, world("shop", pods=(pod("web"),)), premises)


def test_a_new_pod_is_named() -> None:
    plan = proved(world("shop"), staged("shop"))
    with pytest.raises(Refused) as caught:
        refuse_stale(plan, world("shop", pods=(pod("web-9"),)), premises)
    assert "Pod shop/web-9 is new or changed, and was never proved" in str(caught.value)
    assert "ostiary enforce pods" in str(caught.value)
    assert caught.value.exit_code == 1


def test_many_are_counted() -> None:
    plan = proved(world("shop"), staged("shop"))
    with pytest.raises(Refused, match="and 4 more"):
        refuse_stale(plan, world("shop", pods=tuple(pod(f"web-{n}") for n in range(9))), premises)


def test_fewer_facts_need_no_new_proof() -> None:
    plan = proved(world("shop", "pay", pods=(pod("web"),)), staged("shop"))
    refuse_stale(plan, world("shop"), premises)


@pytest.mark.parametrize("done", [{"warn": "baseline"}, {"warn": "baseline", "enforce": "baseline"}])
def test_what_the_plan_itself_did_is_no_news(done: dict[str, str]) -> None:
    plan = proved(world("shop", pods=(pod("web"),)), staged("shop"))
    refuse_stale(plan, world("shop", pods=(pod("web"),), labels=done), premises)


def test_what_somebody_else_did_to_the_same_object_is() -> None:
    plan = proved(world("shop"), staged("shop"))
    for other in ({"audit": "restricted"}, {"warn": "baseline", "audit": "restricted"}, {"warn": "restricted"}):
        assert [ref for _, ref in new_premises(plan, world("shop", labels=other), premises)] == [Ref("Namespace", "", "shop")]


def test_a_created_object_is_no_news_and_a_foreign_one_is() -> None:
    plan = proved(world("shop", roles=("writer",)), every_action())
    refuse_stale(plan, world("shop", roles=("reader", "writer")), premises)
    with pytest.raises(Refused, match="Role shop/other"):
        refuse_stale(plan, world("shop", roles=("other", "reader")), premises)


def test_without_is_the_world_before() -> None:
    before = world("shop", "pay", pods=(pod("web"),))
    after = world("shop", "pay", pods=(pod("web"),), labels={"warn": "baseline", "enforce": "baseline"})
    assert without(staged("shop", "pay").changes, after).digest == before.digest
    assert without(staged("shop", "pay").changes, before) is before
