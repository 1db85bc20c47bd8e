"""Unused and spare bindings: what the evidence has to show before anything is said, and that duplicates are not told apart by chance."""

from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.pillars.rbac import clusters
from tests.pillars.rbac.detections.test_check import binding, live, role
from tests.pillars.rbac.shapes import ANN

from ostiary.model.cluster import Cluster
from ostiary.model.evidence import Evidence, Gap, Lack, Stream, Usage
from ostiary.model.finding import Finding
from ostiary.model.meta import Meta, Ref
from ostiary.model.rbac import Subject
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.check import check
from ostiary.pillars.rbac.usage import identity_of, request_of

MONTH = Stream(source="audit", since="2026-10-20T00:00:00Z", until="2026-11-23T10:00:00Z", records=9)
GETS = Usage(user="ann", verb="get", resource="pods", namespace="shop", first="2026-11-01", daily=(1,))
BOB = Subject(kind="User", name="bob")


def found(cluster: Cluster, *usage: Usage, stream: Stream = MONTH) -> list[Finding]:
    world = World.of(cluster, today=date(2026, 11, 24), evidence=Evidence(streams=(stream,), usage=usage))
    return [one for one in check(world) if one.code in ("RBAC-017", "RBAC-018")]


PODS = live(role("get pods"), binding("right", ANN))


def test_what_is_used_is_no_finding_and_what_is_not_is_one() -> None:
    assert found(PODS, GETS) == []
    (one,) = found(PODS)
    assert (one.code, one.subject) == ("RBAC-017", Ref("ClusterRoleBinding", "", "right-holders"))
    assert "in 35 days nobody made a request that it allows" in one.reason
    assert "User ann" in one.reason


@pytest.mark.parametrize(
    "usage",
    [
        replace(GETS, user="bob"),
        replace(GETS, verb="list"),
        replace(GETS, daily=(), denied=4),
        replace(GETS, resource="secrets"),
    ],
)
def test_what_somebody_else_did_or_was_denied_is_no_use(usage: Usage) -> None:
    assert [one.code for one in found(PODS, usage)] == ["RBAC-017"]


@pytest.mark.parametrize(
    "stream",
    [
        replace(MONTH, since="2026-11-01T00:00:00Z"),
        replace(MONTH, gaps=(Gap(lack=Lack.SILENT),)),
        replace(MONTH, since="", until=""),
    ],
)
def test_little_evidence_says_nothing(stream: Stream) -> None:
    assert found(PODS, stream=stream) == []


def test_of_two_that_allow_the_same_both_are_spare_and_neither_unused() -> None:
    other = replace(binding("right", ANN), metadata=Meta(name="other"))
    both = live(role("get pods"), binding("right", ANN), other)
    assert [(one.code, one.subject.name) for one in found(both, GETS)] == [("RBAC-018", "other"), ("RBAC-018", "right-holders")]


def test_a_role_that_no_binding_was_used_for_is_one_finding() -> None:
    other = replace(binding("right", BOB, namespace="shop"), metadata=Meta(name="other", namespace="shop"))
    (one,) = found(live(role("get secrets"), binding("right", ANN), other))
    assert one.subject == Ref("ClusterRole", "", "right")
    assert str(one.severity) == "medium"
    assert "ClusterRoleBinding right-holders" in one.witness
    assert "RoleBinding shop/other" in one.witness


def test_kubernetes_own_bindings_are_left_aside() -> None:
    assert found(live(role("get pods"), binding("right", Subject(kind="Group", name="system:masters"), own=True))) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_taking_an_unused_or_one_spare_binding_away_denies_nothing_that_happened(seed: int) -> None:
    random = Random(seed)
    objects = clusters.rbac(random)
    cluster = clusters.typed(objects, server_version="v1.37.2")
    before = Authorizer(cluster)
    rows = tuple(
        Usage(
            user=who.user, groups=who.groups, verb=asked.verb, api_group=asked.api_group, resource=asked.resource,
            subresource=asked.subresource, namespace=asked.namespace, name=asked.name, path=asked.path, first="2026-11-01", daily=(1,),
        )
        for who, asked in clusters.questions(random, objects, 30)
        if before.decide(who, asked).allowed
    )  # fmt: skip
    hits = found(cluster, *rows)
    bindings = [one for one in hits if one.subject.kind.endswith("Binding")]
    gone = {one.subject for one in bindings if one.code == "RBAC-017"}
    gone |= {one.subject for one in [spare for spare in bindings if spare.code == "RBAC-018"][:1]}
    after = Authorizer(
        replace(
            cluster,
            role_bindings=tuple(
                one
                for one in cluster.role_bindings
                if Ref("RoleBinding", one.metadata.namespace, one.metadata.name) not in gone
            ),
            cluster_role_bindings=tuple(
                one for one in cluster.cluster_role_bindings if Ref("ClusterRoleBinding", "", one.metadata.name) not in gone
            ),
        )
    )
    assert all(after.decide(identity_of(row), request_of(row)).allowed for row in rows)
