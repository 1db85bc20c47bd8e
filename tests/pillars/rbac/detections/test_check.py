"""Each finding with a cluster that has it and one that nearly does."""

from collections.abc import Iterable
from datetime import date
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.rbac import clusters
from tests.pillars.rbac.escalations.test_catalogue import right
from tests.pillars.rbac.shapes import ANN, GROUP, cluster, cluster_role

from ostiary.model.basics import ServiceAccount
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Meta
from ostiary.model.pods import Pod, PodSpec, PodStatus
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.model.world import World
from ostiary.pillars.rbac.check import check, unseen
from ostiary.pillars.rbac.codes import CODES
from ostiary.pillars.rbac.detections.loose_ends import never
from ostiary.pillars.rbac.holders import BOOTSTRAP

LIVE = "v1.37.2"
ALL = PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",))
WEB = Subject(kind="ServiceAccount", name="web", namespace="shop")
ACCOUNT = ServiceAccount(metadata=Meta(name="web", namespace="shop"))
OWN = dict([BOOTSTRAP])


def role(*rights: str, name: str = "right", **more: str) -> Role:
    return cluster_role(name, *map(right, rights), labels=dict(more))


def binding(name: str, *subjects: Subject, namespace: str = "", kind: str = "ClusterRole", own: bool = False) -> Binding:
    meta = Meta(name=f"{name}-holders", namespace=namespace, labels=OWN if own else {})
    return Binding(metadata=meta, subjects=subjects, role_ref=RoleRef(api_group=GROUP, kind=kind, name=name))


def found(world: Cluster) -> list[Finding]:
    return list(check(World.of(world, today=date(2026, 11, 24))))


def live(*objects: Role | Binding, accounts: Iterable[ServiceAccount] = (ACCOUNT,), pods: Iterable[Pod] = ()) -> Cluster:
    made = cluster(*objects, server_version=LIVE)
    return msgspec.structs.replace(made, service_accounts=tuple(accounts), pods=tuple(pods))


def codes(world: Cluster) -> set[str]:
    return {one.code for one in found(world)} - {"RBAC-011"}


def group(name: str) -> Subject:
    return Subject(kind="Group", name=name)


def admin(subject: Subject, *, own: bool, namespace: str = "") -> Cluster:
    return live(cluster_role("cluster-admin", ALL), binding("cluster-admin", subject, own=own, namespace=namespace))


@pytest.mark.parametrize(
    ("world", "severity"),
    [
        (admin(ANN, own=False), Severity.CRITICAL),
        (admin(ANN, own=True), Severity.CRITICAL),  # somebody added a subject to the server's own binding
        (admin(group("system:masters"), own=False), Severity.CRITICAL),
        (admin(WEB, own=False, namespace="shop"), Severity.HIGH),
        (admin(group("system:masters"), own=True), None),
        (live(cluster_role("cluster-admin", ALL), binding("cluster-admin", own=False)), None),
        (cluster(binding("cluster-admin", ANN)), Severity.CRITICAL),  # manifests: every server has that role
    ],
)
def test_everything(world: Cluster, severity: Severity | None) -> None:
    hits = [one for one in found(world) if one.code == "RBAC-001"]
    assert [one.severity for one in hits] == ([severity] if severity else [])
    assert "RBAC-002" not in codes(world)


def test_one_loose_role_is_one_finding_with_all_who_hold_it_and_their_pods() -> None:
    pods = [Pod(metadata=Meta(name=f"w{n}", namespace="shop"), spec=PodSpec(service_account_name="web")) for n in range(3)]
    done = Pod(
        metadata=Meta(name="j", namespace="shop"), spec=PodSpec(service_account_name="web"), status=PodStatus(phase="Succeeded")
    )
    world = live(
        role("get secrets"),
        binding("right", ANN, namespace="shop"),
        msgspec.structs.replace(binding("right", WEB, group("dev")), metadata=Meta(name="other")),
        pods=[*pods, done],
    )
    hits = [one for one in found(world) if one.code == "RBAC-002"]
    assert len(hits) == 1
    assert hits[0].severity is Severity.CRITICAL
    assert "User ann" in hits[0].reason
    assert "Group dev" in hits[0].reason
    assert "ServiceAccount shop/web (3 pods)" in hits[0].reason


@pytest.mark.parametrize(
    ("rights", "namespace", "severity"),
    [
        ("get secrets", "", Severity.CRITICAL),
        ("get secrets", "shop", Severity.HIGH),
        ("get secrets =db", "shop", Severity.MEDIUM),
        ("create pods/portforward", "", Severity.MEDIUM),
        ("get pods", "", None),
    ],
)
def test_how_bad_an_escalation_is(rights: str, namespace: str, severity: Severity | None) -> None:
    hits = [one for one in found(live(role(rights), binding("right", ANN, namespace=namespace))) if one.code == "RBAC-002"]
    assert [one.severity for one in hits] == ([severity] if severity else [])


def test_default_roles_in_manifests_lead_where_they_lead_on_a_server() -> None:
    for name, expected in (
        ("edit", {"RBAC-002"}),
        ("admin", {"RBAC-002"}),
        ("view", set()),
        ("system:node", set()),
        ("mine", {"RBAC-007"}),
    ):
        assert codes(cluster(binding(name, ANN, namespace="shop"))) == expected, name
    assert codes(live(binding("edit", ANN, namespace="shop"))) == {"RBAC-007"}  # a server without it has deleted it


def test_roles_that_lead_further_only_together() -> None:
    parts = (
        role("bind clusterroles.rbac.authorization.k8s.io", name="b"),
        role("create clusterrolebindings.rbac.authorization.k8s.io", name="w"),
    )
    both = live(*parts, binding("b", WEB), binding("w", WEB))
    hits = [one for one in found(both) if one.code == "RBAC-003"]
    assert [str(one.subject) for one in hits] == ["ServiceAccount shop/web"]
    assert "ClusterRole b, ClusterRole w together" in hits[0].reason
    assert "RBAC-003" not in codes(live(*parts, binding("b", WEB), binding("w", ANN)))


@pytest.mark.parametrize(
    ("subject", "rights", "severity"),
    [
        (group("system:authenticated"), "get configmaps", Severity.MEDIUM),
        (group("system:serviceaccounts"), "get secrets", Severity.CRITICAL),
        (group("system:unauthenticated"), "get configmaps", Severity.HIGH),
        (Subject(kind="User", name="system:anonymous"), "get configmaps", Severity.HIGH),
        (group("system:serviceaccounts:shop"), "get configmaps", None),
        (group("dev"), "get configmaps", None),
    ],
)
def test_everybody(subject: Subject, rights: str, severity: Severity | None) -> None:
    hits = [one for one in found(live(role(rights), binding("right", subject))) if one.code == "RBAC-004"]
    assert [one.severity for one in hits] == ([severity] if severity else [])


def test_the_servers_own_bindings_of_everybody_are_none() -> None:
    everybody = group("system:authenticated")
    assert (
        codes(live(role("get configmaps", name="system:discovery"), binding("system:discovery", everybody, own=True))) == set()
    )
    assert "RBAC-004" in codes(live(role("get configmaps", name="mine"), binding("mine", everybody, own=True)))


@pytest.mark.parametrize(
    ("rights", "hit"), [("* pods", True), ("get *", True), ("get pods", False), ("create */exec", False)], ids=str
)
def test_wildcards(rights: str, hit: bool) -> None:
    assert ("RBAC-005" in codes(live(role(rights), binding("right", ANN)))) == hit
    assert "RBAC-005" not in codes(live(role(rights)))  # nobody holds it


@pytest.mark.parametrize(
    ("rights", "hit"),
    [
        (("get,list,watch pods", "create pods/exec"), True),
        (("get pods", "get nodes/proxy"), True),
        (("get,delete pods", "create pods/exec"), False),
        (("create pods/exec",), False),
        (("get pods", "get pods/log"), False),
    ],
)
def test_exec_hidden_in_a_role_that_reads(rights: tuple[str, ...], hit: bool) -> None:
    assert ("RBAC-006" in codes(live(role(*rights), binding("right", ANN)))) == hit


def test_dangling_bindings() -> None:
    assert codes(live(binding("gone", ANN))) == {"RBAC-007"}
    blind = (Blind(kind="ClusterRole", group=GROUP, reason=Reason.FORBIDDEN),)
    assert codes(msgspec.structs.replace(live(binding("gone", ANN)), blind=blind)) == set()


def test_bindings_that_wait_for_an_account() -> None:
    roles = (role("get configmaps"), role("create serviceaccounts", name="accounts"))
    waits, takes = binding("right", WEB), binding("accounts", ANN, namespace="shop")
    assert "RBAC-008" in codes(live(*roles, waits, takes, accounts=()))
    assert codes(live(*roles, waits, accounts=())) == {"RBAC-009"}
    assert not {"RBAC-008", "RBAC-009"} & codes(live(*roles, waits, takes))
    default = Subject(kind="ServiceAccount", name="default", namespace="shop")
    assert not {"RBAC-008", "RBAC-009"} & codes(live(*roles, binding("right", default), takes, accounts=()))


def test_accounts_of_another_namespace() -> None:
    assert codes(live(role("get configmaps"), binding("right", WEB, namespace="bank"))) == {"RBAC-010"}
    assert codes(live(role("get configmaps"), binding("right", WEB, namespace="shop"))) == set()


def test_roles_that_nobody_holds() -> None:
    def unbound(*objects: Role | Binding) -> list[str]:
        return [one.subject.name for one in found(live(*objects)) if one.code == "RBAC-011"]

    assert unbound(role("get pods")) == ["right"]
    assert unbound(role("get pods"), binding("right", ANN)) == []
    assert unbound(role("get pods", to="sum"), cluster_role("sum", sums="sum"), binding("sum", ANN)) == []
    assert unbound(cluster_role("right", labels={"rbac.authorization.k8s.io/aggregate-to-view": "true"})) == []
    assert unbound(cluster_role("right", labels=OWN)) == []


@pytest.mark.parametrize(
    ("objects", "hit"),
    [
        ((role("get pods"), binding("right")), True),
        ((role(), binding("right", ANN)), True),
        ((role("get pods"), binding("right", Subject(kind="ServiceAccount", name="web"))), True),
        (
            (
                cluster_role("right", PolicyRule(verbs=("get",), non_resource_urls=("/x",))),
                binding("right", ANN, namespace="shop"),
            ),
            True,
        ),
        ((cluster_role("right", PolicyRule(verbs=("get",), non_resource_urls=("/x",))), binding("right", ANN)), False),
        ((role("get pods"), binding("right", ANN)), False),
    ],
)
def test_bindings_without_effect(objects: tuple[Role | Binding, ...], hit: bool) -> None:
    assert ("RBAC-012" in codes(live(*objects))) == hit


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        (right("create secrets =db"), True),
        (right("create,deletecollection secrets =db"), True),
        (right("create pods/exec =web"), False),
        (right("create,get secrets =db"), False),
        (right("get pods/*"), True),
        (right("get pod*"), True),
        (right("get */log"), False),
        (right("get *"), False),
        (PolicyRule(verbs=("get",), non_resource_urls=("/x?verbose",)), True),
        (PolicyRule(verbs=("get",), non_resource_urls=("/x?verbose", "/x")), False),
    ],
)
def test_rules_that_match_nothing(rule: PolicyRule, hit: bool) -> None:
    assert bool(never(rule)) == hit
    assert ("RBAC-013" in codes(live(cluster_role("right", rule), binding("right", ANN)))) == hit


def test_parts_that_bring_rights_into_an_aggregated_role() -> None:
    total, part = cluster_role("sum", right("get secrets"), sums="sum"), role("get secrets", name="part", to="sum")
    assert "RBAC-014" in codes(live(total, part, binding("sum", ANN)))
    assert "RBAC-014" not in codes(live(total, part))
    harmless = cluster_role("sum", right("get configmaps"), sums="sum")
    assert "RBAC-014" not in codes(live(harmless, role("get configmaps", name="part", to="sum"), binding("sum", ANN)))


def test_circles() -> None:
    one, two = cluster_role("a", labels={"to": "b"}, sums="a"), cluster_role("b", labels={"to": "a"}, sums="b")
    assert "RBAC-015" in codes(live(one, two))
    assert "RBAC-015" not in codes(live(one, cluster_role("b", sums="b")))


def test_objects_that_a_server_would_refuse_count_in_manifests_only() -> None:
    wrong = (
        cluster_role("right", PolicyRule(api_groups=("",), resources=("pods",))),
        binding("right", Subject(kind="Robot", name="r2")),
    )
    hits = [one for one in found(cluster(*wrong)) if one.code == "RBAC-016"]
    assert {one.witness for one in hits} == {"rules[0]", "subjects[0]"}
    assert "RBAC-016" not in codes(live(*wrong))


def test_what_could_not_be_seen_is_said() -> None:
    kinds = ("ClusterRole", "RoleBinding", "ServiceAccount", "Pod", "")
    blind = tuple(Blind(kind=kind, group=GROUP if "Role" in kind else "", reason=Reason.FORBIDDEN) for kind in kinds)
    world = World.of(msgspec.structs.replace(Cluster(), blind=blind), today=date(2026, 11, 24))
    assert {one.what.kind for one in unseen(world)} == {"ClusterRole", "RoleBinding", "ServiceAccount", ""}
    assert all(one.todo for one in unseen(world))


def test_nothing_is_nothing() -> None:
    assert found(Cluster()) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_cluster_has_findings_of_known_codes_in_one_order(seed: int) -> None:
    random = Random(seed)
    objects = clusters.rbac(random)
    first = found(clusters.typed(objects))
    assert {one.code for one in first} <= {code.code for code in CODES}
    assert all(one.reason and one.fix and one.references for one in first)
    random.shuffle(objects)
    again = found(clusters.typed(objects))
    assert {(one.code, one.subject, one.severity) for one in first} == {(one.code, one.subject, one.severity) for one in again}
