"""What a service account holds beside its manifests."""

from datetime import date

import pytest
from msgspec.structs import replace
from tests.pillars.rbac.detections.test_check import ALL, WEB, binding, live, role
from tests.pillars.rbac.shapes import ANN, cluster, cluster_role

from ostiary.model.cluster import Cluster
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Meta, Ref
from ostiary.model.rbac import Binding, Role
from ostiary.model.world import World
from ostiary.pillars.rbac.detections.beyond import beyond


def found(there: Cluster, declared: Cluster) -> list[Finding]:
    return list(beyond(*(World.of(one, today=date(2026, 11, 24)) for one in (there, declared))))


def chart(*objects: Role | Binding) -> Cluster:
    return cluster(*objects)


READS = (role("get pods", "list pods"), binding("right", WEB, namespace="shop"))


def test_what_the_chart_declares_is_no_finding() -> None:
    assert found(live(*READS), chart(*READS)) == []
    assert found(live(role("get pods"), binding("right", WEB, namespace="shop")), chart(*READS)) == []
    everywhere = chart(role("get pods", "list pods"), binding("right", WEB))
    assert found(live(*READS), everywhere) == []


def test_a_wider_scope_is_more_than_declared() -> None:
    (one,) = found(live(role("get pods"), binding("right", WEB)), chart(*READS))
    assert one.subject == Ref("ServiceAccount", "shop", "web")
    assert one.severity is Severity.MEDIUM
    assert "get pods cluster-wide" in one.reason
    assert "ClusterRoleBinding right-holders" in one.witness


def test_a_second_binding_beside_the_chart_is_found_and_leads_further() -> None:
    admin = replace(binding("cluster-admin", WEB), metadata=Meta(name="quick-start"))
    (one,) = found(live(*READS, cluster_role("cluster-admin", ALL), admin), chart(*READS))
    assert one.severity is Severity.HIGH
    assert one.witness == "ClusterRoleBinding quick-start"


def test_a_chart_that_binds_a_role_of_every_server_declares_it() -> None:
    admin = binding("cluster-admin", WEB)
    assert found(live(cluster_role("cluster-admin", ALL), admin), chart(admin)) == []


@pytest.mark.parametrize("other", [binding("right", ANN), binding("right", replace(WEB, name="db"))])
def test_who_is_in_no_manifest_is_not_asked_about(other: Binding) -> None:
    assert found(live(role("get secrets"), other), chart(*READS)) == []
