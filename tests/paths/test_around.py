"""Who gets round a level: by each primitive, by chains of names, and who does not. The API server confirms the same in a judge."""

import pytest
from tests.pillars.pods.worlds import TAME, TODAY, namespace, pod

from ostiary.core.errors import BadInput
from ostiary.model.basics import Secret, ServiceAccount
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.intent import Intent, PodIntent, Relaxing
from ostiary.model.levels import Level
from ostiary.model.meta import Meta
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.model.rbac_intent import SubjectKind
from ostiary.model.sealed import Annotations
from ostiary.model.verdict import Refutation, Unknown
from ostiary.model.world import World
from ostiary.paths.around import around_pod_security, closed
from ostiary.paths.way import How, Way
from ostiary.pillars.pods import LevelVersion, PodPolicy

RBAC = "rbac.authorization.k8s.io"
POLICY = PodPolicy(levels={"shop": LevelVersion(Level.BASELINE, "v1.37")})
EDIT_SHOP = PolicyRule(verbs=("patch",), api_groups=("",), resources=("namespaces",))
MINT = PolicyRule(verbs=("create",), api_groups=("",), resources=("serviceaccounts/token",))
ANN = Subject(kind="User", name="ann")


def account(ns: str, name: str) -> Subject:
    return Subject(kind="ServiceAccount", namespace=ns, name=name)


class Scenario:
    """Roles bound, one after another."""

    def __init__(self) -> None:
        self.roles: list[Role] = []
        self.cluster_roles: list[Role] = []
        self.bindings: list[Binding] = []
        self.cluster_bindings: list[Binding] = []

    def grant(self, subject: Subject, *rules: PolicyRule, ns: str = "", labels: dict[str, str] | None = None) -> "Scenario":
        name = f"r{len(self.bindings) + len(self.cluster_bindings)}"
        meta = Meta(name=name, namespace=ns, labels=labels or {})
        ref = RoleRef(api_group=RBAC, kind="Role" if ns else "ClusterRole", name=name)
        (self.roles if ns else self.cluster_roles).append(Role(metadata=meta, rules=rules))
        (self.bindings if ns else self.cluster_bindings).append(Binding(metadata=meta, subjects=(subject,), role_ref=ref))
        return self

    def bind(self, subject: Subject, cluster_role: str) -> "Scenario":
        ref = RoleRef(api_group=RBAC, kind="ClusterRole", name=cluster_role)
        self.cluster_bindings.append(Binding(metadata=Meta(name=f"b-{cluster_role}"), subjects=(subject,), role_ref=ref))
        return self

    def world(self, *may: Relaxing, server: str = "v1.37.2", blind: tuple[Blind, ...] = ()) -> World:
        cluster = Cluster(
            namespaces=(
                namespace("kube-system"),
                namespace("ops", enforce="restricted"),
                namespace("other", enforce="restricted"),
                namespace("shop", enforce="baseline"),
            ),
            pods=(pod("deployer-1", TAME, ns="ops"),),
            service_accounts=tuple(
                ServiceAccount(metadata=Meta(name=name, namespace=ns)) for ns, name in (("ops", "deployer"), ("ops", "default"))
            ),
            secrets=(
                Secret(
                    metadata=Meta(
                        name="t", namespace="ops", annotations=Annotations({"kubernetes.io/service-account.name": "deployer"})
                    ),
                    type="kubernetes.io/service-account-token",
                ),
            ),
            roles=tuple(self.roles),
            cluster_roles=tuple(self.cluster_roles),
            role_bindings=tuple(self.bindings),
            cluster_role_bindings=tuple(self.cluster_bindings),
            server_version=server,
            blind=blind,
        )
        return World.of(cluster, today=TODAY, intent=Intent(pods=PodIntent(may_relax=may)))


def rule(verbs: str, group: str, resources: str, *names: str) -> PolicyRule:
    return PolicyRule(verbs=tuple(verbs.split()), api_groups=(group,), resources=tuple(resources.split()), resource_names=names)


def ways(scenario: Scenario) -> list[Way]:
    return list(around_pod_security(scenario.world(), POLICY))


ADMISSION = "admissionregistration.k8s.io"


@pytest.mark.parametrize(
    ("ns", "rules", "how"),
    [
        ("shop", [EDIT_SHOP], How.LABELS),
        ("", [EDIT_SHOP], How.LABELS),
        ("shop", [rule("update", "", "namespaces", "shop")], How.LABELS),
        ("", [rule("get", "", "nodes/proxy")], How.NODE),
        ("", [rule("create", "", "namespaces"), rule("create", "apps", "deployments")], How.NEW_NAMESPACE),
        ("kube-system", [rule("create", "", "pods")], How.LOOSE_NAMESPACE),
        ("", [rule("update", ADMISSION, "mutatingwebhookconfigurations")], How.MUTATION),
        ("", [rule("create", ADMISSION, "mutatingadmissionpolicies mutatingadmissionpolicybindings")], How.MUTATION),
        ("", [rule("create", "", "persistentvolumes persistentvolumeclaims pods")], How.HOST_VOLUME),
        ("shop", [rule("bind", RBAC, "clusterroles"), rule("create", RBAC, "rolebindings")], How.GRANT),
        ("", [rule("escalate update", RBAC, "clusterroles")], How.GRANT),
        ("", [rule("bind", RBAC, "clusterroles", "cluster-admin"), rule("create", RBAC, "clusterrolebindings")], How.GRANT),
        ("", [rule("impersonate", "", "users groups")], How.NAME),
    ],
)
def test_each_way_is_found_with_its_binding(ns: str, rules: list[PolicyRule], how: How) -> None:
    found = [way for way in ways(Scenario().grant(ANN, *rules, ns=ns)) if way.how is how]
    assert found
    assert {(way.subject.name, way.bindings[0].name) for way in found} == {("ann", "r0")}


@pytest.mark.parametrize(
    ("ns", "rules"),
    [
        ("other", [EDIT_SHOP]),
        ("shop", [rule("patch", "", "namespaces", "other")]),
        ("shop", [rule("get list watch create", "", "namespaces")]),
        ("", [rule("create", "", "namespaces")]),
        ("shop", [rule("create", "", "pods")]),
        ("shop", [rule("bind", RBAC, "clusterroles")]),
        ("shop", [rule("bind", RBAC, "clusterroles", "view"), rule("create", RBAC, "rolebindings")]),
        ("", [rule("update", ADMISSION, "validatingwebhookconfigurations")]),
        ("", [rule("impersonate", "", "users", "bob")]),
        ("", [rule("get", "", "secrets nodes")]),
    ],
)
def test_who_has_no_way(ns: str, rules: list[PolicyRule]) -> None:
    assert ways(Scenario().grant(ANN, *rules, ns=ns)) == []
    assert closed(Scenario().grant(ANN, *rules, ns=ns).world(), POLICY) is None


@pytest.mark.parametrize(
    "rules",
    [
        [MINT],
        [rule("create", "", "serviceaccounts/token", "deployer")],
        [rule("impersonate", "", "serviceaccounts")],
        [rule("create", "batch", "jobs")],
        [rule("get", "", "secrets", "t")],
    ],
)
def test_a_way_through_an_account_and_through_several(rules: list[PolicyRule]) -> None:
    made = Scenario().grant(account("ops", "deployer"), EDIT_SHOP, ns="shop").grant(ANN, *rules, ns="ops")
    made.grant(Subject(kind="User", name="bob"), rule("impersonate", "", "users", "ann"))
    ends = {way.subject.name: [key.name for key in way.through] for way in ways(made)}
    deployer = "system:serviceaccount:ops:deployer"
    assert ends == {deployer: [], "ann": [deployer], "bob": ["ann", deployer]}
    verdict = closed(made.world(), POLICY)
    assert isinstance(verdict, Refutation)
    assert "r0" in str(verdict.witnesses[0].subject)


def test_another_account_is_no_way() -> None:
    made = Scenario().grant(account("ops", "deployer"), EDIT_SHOP, ns="shop")
    made.grant(ANN, rule("create", "", "serviceaccounts/token", "default"), ns="ops").grant(
        Subject(kind="User", name="bob"), MINT, ns="other"
    )
    assert {way.subject.name for way in ways(made)} == {"system:serviceaccount:ops:deployer"}


def test_who_may_relax_is_not_a_witness_and_who_may_take_their_name_is() -> None:
    made = Scenario().grant(account("ops", "deployer"), EDIT_SHOP, ns="shop")
    may = Relaxing(kind=SubjectKind.SERVICE_ACCOUNT, namespace="ops", name="deployer")
    assert isinstance(closed(made.world(), POLICY), Refutation)
    assert closed(made.world(may), POLICY) is None
    made.grant(ANN, MINT, ns="ops")
    verdict = closed(made.world(may), POLICY)
    assert isinstance(verdict, Refutation)
    assert [witness.subject.name for witness in verdict.witnesses] == ["r1"]


@pytest.mark.parametrize(("kind", "ns"), [(SubjectKind.SERVICE_ACCOUNT, ""), (SubjectKind.USER, "ops")])
def test_who_may_relax_is_never_silently_nobody(kind: SubjectKind, ns: str) -> None:
    with pytest.raises(BadInput, match="namespace"):
        closed(Scenario().world(Relaxing(kind=kind, name="x", namespace=ns)), POLICY)


def test_kubernetes_own_are_told_apart_and_a_stranger_in_their_binding_is_not() -> None:
    own = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    made = Scenario().grant(account("kube-system", "namespace-controller"), EDIT_SHOP, labels=own)
    assert [way.own for way in ways(made)] == [True]
    assert closed(made.world(), POLICY) is None
    assert isinstance(closed(Scenario().grant(ANN, EDIT_SHOP, labels=own).world(), POLICY), Refutation)


def test_what_is_not_seen_of_rbac_makes_it_unknown_and_a_witness_stands_all_the_same() -> None:
    blind = (Blind(kind="ClusterRoleBinding", group=RBAC, reason=Reason.FORBIDDEN),)
    assert isinstance(closed(Scenario().world(blind=blind), POLICY), Unknown)
    assert isinstance(closed(Scenario().grant(ANN, EDIT_SHOP).world(blind=blind), POLICY), Refutation)


def test_manifests_that_bind_what_every_server_has() -> None:
    assert isinstance(closed(Scenario().bind(ANN, "cluster-admin").world(server=""), POLICY), Refutation)
    assert closed(Scenario().bind(ANN, "view").world(server=""), POLICY) is None
