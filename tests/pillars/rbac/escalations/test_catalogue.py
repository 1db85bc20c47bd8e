"""Every primitive with rights that reach it and rights that look like it: written out by hand, in words, not derived from the catalogue."""

import pytest
from tests.pillars.rbac.shapes import ANN, cluster, cluster_role

from ostiary.model.meta import Meta
from ostiary.model.rbac import Binding, PolicyRule, RoleRef
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.escalations import PRIMITIVES, facts
from ostiary.pillars.rbac.server import Server

RBAC, AUTHENTICATION = "rbac.authorization.k8s.io", "authentication.k8s.io"
CERTIFICATES, ADMISSION = "certificates.k8s.io", "admissionregistration.k8s.io"


def right(words: str) -> PolicyRule:
    """``create,update deployments.apps =web`` in words: verbs, resource and group, names."""
    verbs, resource, *names = words.split()
    plain, _, subresource = resource.partition("/")
    word, _, group = plain.partition(".")
    return PolicyRule(
        verbs=tuple(verbs.split(",")),
        api_groups=(group,),
        resources=(f"{word}/{subresource}" if subresource else word,),
        resource_names=tuple(name[1:] for name in names),
    )


def held(wide: list[str], narrow: list[str], minor: int = 37, namespace: str = "shop") -> set[tuple[str, str, tuple[str, ...]]]:
    """Which primitives ann holds with these rights cluster-wide and these in a namespace: key, scope, names."""
    roles = [cluster_role("wide", *map(right, wide)), cluster_role("narrow", *map(right, narrow))]
    bindings = [
        Binding(metadata=Meta(name="b", namespace=where), subjects=(ANN,), role_ref=RoleRef(kind="ClusterRole", name=name))
        for name, where in (("wide", ""), ("narrow", namespace))
    ]
    authorizer = Authorizer(cluster(*roles, *bindings), Server(minor=minor))
    return {(fact.primitive, fact.scope, fact.names) for fact in facts(authorizer)}


CSR = f"certificatesigningrequests.{CERTIFICATES}"
# key: (rights that reach it, in a namespace where that is enough, else cluster-wide after "!"), (rights that do not)
POSITIVE: dict[str, list[list[str]]] = {
    "create-workloads": [["create pods"], ["create deployments.apps"], ["create cronjobs.batch"], ["* replicationcontrollers"]],
    "change-workloads": [["patch daemonsets.apps"], ["update pods =web"]],
    "ephemeral-containers": [["patch pods/ephemeralcontainers"]],
    "exec": [["create pods/exec"], ["create pods/attach =web"], ["create */exec"]],
    "reach-pods": [["create pods/portforward"], ["get pods/proxy"], ["get services/proxy =web"]],
    "read-secrets": [["get secrets"], ["list secrets =db"], ["watch secrets"]],
    "legacy-tokens": [["create,get secrets"], ["create secrets", "list secrets"]],
    "mint-tokens": [["create serviceaccounts/token"], ["create serviceaccounts/token =web"]],
    "impersonate-users": [["!impersonate users"], ["!impersonate users =bob"]],
    "impersonate-accounts": [["impersonate serviceaccounts"]],
    "impersonate-groups": [
        ["!impersonate groups", "!impersonate users =bob"],
        ["!impersonate groups =dev", "impersonate serviceaccounts"],
    ],
    "constrained-users": [[f"!impersonate:user-info users.{AUTHENTICATION}", "impersonate-on:user-info:list pods"]],
    "constrained-accounts": [
        [f"impersonate:serviceaccount serviceaccounts.{AUTHENTICATION} =web", "impersonate-on:serviceaccount:get pods"]
    ],
    "constrained-nodes": [[f"!impersonate:arbitrary-node nodes.{AUTHENTICATION}", "!impersonate-on:arbitrary-node:list pods"]],
    "bind-roles": [[f"bind roles.{RBAC}", f"create rolebindings.{RBAC}"]],
    "bind-clusterroles": [[f"bind clusterroles.{RBAC} =admin", f"patch rolebindings.{RBAC}"]],
    "bind-clusterroles-everywhere": [[f"!bind clusterroles.{RBAC}", f"!create clusterrolebindings.{RBAC}"]],
    "escalate-roles": [[f"escalate,update roles.{RBAC}"], [f"escalate roles.{RBAC} =mine", f"patch roles.{RBAC}"]],
    "escalate-clusterroles": [[f"!escalate clusterroles.{RBAC}", f"!patch clusterroles.{RBAC} =mine"]],
    "sign-in-by-certificate": [
        [f"!create {CSR}", f"!update {CSR}/approval", f"!approve signers.{CERTIFICATES} =kubernetes.io/kube-apiserver-client"],
        [f"!create {CSR}", f"!patch {CSR}/approval", f"!approve signers.{CERTIFICATES} =kubernetes.io/*"],
        [f"!create {CSR}", f"!patch {CSR}/approval", f"!approve signers.{CERTIFICATES}"],
    ],
    "sign-certificates": [[f"!update {CSR}/status", f"!sign signers.{CERTIFICATES} =example.com/web"]],
    "nodes-proxy": [["!get nodes/proxy"], ["!create nodes/proxy =n1"]],
    "change-namespaces": [["patch namespaces"], ["update namespaces =shop"]],
    "host-volumes": [["!create persistentvolumes", "create persistentvolumeclaims", "create jobs.batch"]],
    "mutating-webhooks": [[f"!patch mutatingwebhookconfigurations.{ADMISSION}"]],
    "mutating-policies": [
        [f"!create mutatingadmissionpolicies.{ADMISSION}", f"!create mutatingadmissionpolicybindings.{ADMISSION}"]
    ],
    "validating-webhooks": [[f"!create validatingwebhookconfigurations.{ADMISSION}"]],
    "api-services": [["!create apiservices.apiregistration.k8s.io"]],
    "conversion-webhooks": [["!patch customresourcedefinitions.apiextensions.k8s.io"]],
    "endpoints": [["update endpoints"], ["create endpointslices.discovery.k8s.io"]],
    "external-addresses": [["create services"], ["patch services/status"]],
    "steal-pods": [["delete pods", "!update nodes"], ["create pods/eviction", "!patch nodes/status =n1"]],
    "place-pods": [["create pods/binding"], ["create bindings"]],
    "operators": [["create applications.argoproj.io"], ["patch kustomizations.kustomize.toolkit.fluxcd.io"]],
    "aggregated-roles": [[f"!create clusterroles.{RBAC}"]],
}
NEGATIVE: dict[str, list[list[str]]] = {
    "create-workloads": [
        ["create pods =web"],
        ["create pods/exec"],
        ["create deployments"],
        ["get pods"],
        ["create serviceaccounts"],
    ],
    "change-workloads": [["patch pods/status"], ["patch deployments"], ["create pods"]],
    "ephemeral-containers": [["patch pods"], ["create pods/ephemeralcontainers"]],
    "exec": [["get pods/exec"], ["create pods"], ["* pods/*"], ["create exec"]],
    "reach-pods": [["get pods"], ["create pods/exec"], ["get nodes/proxy"]],
    "read-secrets": [["create secrets"], ["get secrets.example.com"], ["get configmaps"], ["deletecollection secrets"]],
    "legacy-tokens": [["create secrets"], ["get secrets"], ["create secrets", "get secrets =db"], ["create,get configmaps"]],
    "mint-tokens": [["create serviceaccounts"], ["get serviceaccounts/token"]],
    "impersonate-users": [["impersonate users"], [f"!impersonate users.{AUTHENTICATION}"], ["!impersonate groups"]],
    "impersonate-accounts": [["!impersonate users"], [f"impersonate serviceaccounts.{AUTHENTICATION}"]],
    "impersonate-groups": [["!impersonate groups"], ["!impersonate users"], ["impersonate groups", "!impersonate users"]],
    "constrained-users": [
        [f"!impersonate:user-info users.{AUTHENTICATION}"],
        ["impersonate-on:user-info:list pods"],
        ["!impersonate:user-info users", "impersonate-on:user-info:list pods"],
        [f"!impersonate:user-info users.{AUTHENTICATION}", "impersonate-on:serviceaccount:list pods"],
    ],
    "constrained-accounts": [
        [f"!impersonate:user-info serviceaccounts.{AUTHENTICATION}", "!impersonate-on:user-info:list pods"]
    ],
    "constrained-nodes": [
        [f"!impersonate:associated-node nodes.{AUTHENTICATION}", "!impersonate-on:associated-node:list pods"]
    ],
    "bind-roles": [[f"bind roles.{RBAC}"], [f"create rolebindings.{RBAC}"], [f"bind roles.{RBAC}", f"get rolebindings.{RBAC}"]],
    "bind-clusterroles": [
        [f"bind clusterroles.{RBAC}", f"create clusterrolebindings.{RBAC}"],
        ["bind clusterroles", f"create rolebindings.{RBAC}"],
    ],
    "bind-clusterroles-everywhere": [[f"bind clusterroles.{RBAC}", f"create clusterrolebindings.{RBAC}"]],
    "escalate-roles": [
        [f"escalate roles.{RBAC}"],
        [f"update roles.{RBAC}"],
        [f"escalate roles.{RBAC} =mine", f"update roles.{RBAC} =yours"],
    ],
    "escalate-clusterroles": [[f"escalate,update clusterroles.{RBAC}"], [f"!escalate,create clusterroles.{RBAC}"]],
    "sign-in-by-certificate": [
        [f"!create {CSR}", f"!update {CSR}/approval"],
        [f"!create {CSR}", f"!approve signers.{CERTIFICATES}"],
        [f"!create {CSR}", f"!update {CSR}/approval", f"!approve signers.{CERTIFICATES} =kubernetes.io/kubelet-serving"],
        [f"!create {CSR}", f"!update {CSR}/approval", f"!approve signers.{CERTIFICATES} =*/*"],
    ],
    "sign-certificates": [[f"!update {CSR}/status"], [f"!sign signers.{CERTIFICATES}"]],
    "nodes-proxy": [["get nodes/proxy"], ["!get nodes"], ["!get nodes/metrics"], ["!list nodes/proxy"]],
    "change-namespaces": [["get namespaces"], ["create namespaces"], ["patch namespaces/status"]],
    "host-volumes": [
        ["!create persistentvolumes", "create jobs.batch"],
        ["create persistentvolumes,persistentvolumeclaims", "create pods"],
    ],
    "mutating-webhooks": [
        [f"patch mutatingwebhookconfigurations.{ADMISSION}"],
        [f"!get mutatingwebhookconfigurations.{ADMISSION}"],
    ],
    "mutating-policies": [[f"!create mutatingadmissionpolicies.{ADMISSION}"]],
    "validating-webhooks": [[f"!delete validatingwebhookconfigurations.{ADMISSION}"]],
    "api-services": [["create apiservices.apiregistration.k8s.io"]],
    "conversion-webhooks": [["!get customresourcedefinitions.apiextensions.k8s.io"]],
    "endpoints": [["get endpoints"], ["create endpointslices"]],
    "external-addresses": [["get services"], ["create services/proxy"]],
    "steal-pods": [["delete pods"], ["!update nodes"], ["delete pods", "update nodes"]],
    "place-pods": [["create pods"], ["get pods/binding"]],
    "operators": [["get applications.argoproj.io"], ["create applications"]],
    "aggregated-roles": [[f"create clusterroles.{RBAC}"], [f"!get clusterroles.{RBAC}"]],
}
ELSEWHERE = {"exec-by-get", "cluster-names", "cluster-settings"}  # their own tests are below


def split(rights: list[str]) -> tuple[list[str], list[str]]:
    return [one[1:] for one in rights if one.startswith("!")], [one for one in rights if not one.startswith("!")]


@pytest.mark.parametrize(("key", "rights"), [(key, rights) for key, every in POSITIVE.items() for rights in every], ids=str)
def test_rights_that_reach_it(key: str, rights: list[str]) -> None:
    assert key in {found[0] for found in held(*split(rights))}


@pytest.mark.parametrize(("key", "rights"), [(key, rights) for key, every in NEGATIVE.items() for rights in every], ids=str)
def test_rights_that_only_look_like_it(key: str, rights: list[str]) -> None:
    assert key not in {found[0] for found in held(*split(rights))}


def test_every_primitive_has_both() -> None:
    keys = [primitive.key for primitive in PRIMITIVES]
    assert len(set(keys)) == len(keys)
    assert set(keys) - ELSEWHERE == set(POSITIVE) == set(NEGATIVE)


def test_rows_of_the_catalogue_are_all_there() -> None:
    assert {primitive.row for primitive in PRIMITIVES} == {*range(1, 21), 26}


@pytest.mark.parametrize(("minor", "holds"), [(34, True), (35, False)])
def test_exec_by_get_ends_with_1_35(minor: int, holds: bool) -> None:
    assert ("exec-by-get" in {found[0] for found in held([], ["get pods/exec"], minor)}) == holds


@pytest.mark.parametrize(("minor", "holds"), [(35, False), (36, True)])
def test_constrained_impersonation_begins_with_1_36(minor: int, holds: bool) -> None:
    rights = [f"impersonate:user-info users.{AUTHENTICATION}", "impersonate-on:user-info:list pods"]
    assert ("constrained-users" in {found[0] for found in held(rights, [], minor)}) == holds


@pytest.mark.parametrize(
    ("key", "rights", "namespace", "holds"),
    [
        ("cluster-settings", "patch configmaps =aws-auth", "kube-system", True),
        ("cluster-settings", "patch configmaps", "kube-system", True),
        ("cluster-settings", "patch configmaps =aws-auth", "shop", False),
        ("cluster-settings", "patch configmaps =settings", "kube-system", False),
        ("cluster-settings", "get configmaps", "kube-system", False),
        ("cluster-names", "update configmaps =coredns", "kube-system", True),
        ("cluster-names", "update configmaps =coredns", "default", False),
    ],
)
def test_settings_of_the_cluster_count_in_their_namespace(key: str, rights: str, namespace: str, holds: bool) -> None:
    assert (key in {found[0] for found in held([], [rights], namespace=namespace)}) == holds
    assert key in {found[0] for found in held(["patch configmaps"], [])}


def test_names_limit_what_is_gained() -> None:
    assert ("read-secrets", "shop", ("cache", "db")) in held([], ["get secrets =db =cache"])
    assert ("read-secrets", "shop", ()) in held([], ["get secrets =db", "list secrets"])
    assert ("bind-clusterroles", "shop", ("admin",)) in held(
        [], [f"bind clusterroles.{RBAC} =admin", f"create rolebindings.{RBAC}"]
    )
    assert ("impersonate-groups", "", ("dev",)) in held(["impersonate groups =dev", "impersonate users =bob"], [])
    assert ("escalate-roles", "shop", ("mine",)) in held(
        [], [f"escalate roles.{RBAC} =mine =yours", f"update roles.{RBAC} =mine"]
    )


def test_what_is_held_cluster_wide_is_one_fact_and_not_one_a_namespace() -> None:
    found = held(["get secrets"], ["get secrets"])
    assert [one for one in found if one[0] == "read-secrets"] == [("read-secrets", "", ())]


def test_a_need_cluster_wide_and_one_in_a_namespace_meet_in_the_namespace() -> None:
    found = held([f"bind clusterroles.{RBAC}"], [f"create rolebindings.{RBAC}"])
    assert {one for one in found if one[0].startswith("bind")} == {("bind-clusterroles", "shop", ())}
