"""Roles and bindings that an API server refuses:

In manifests they leave a doubt, in a running server they count as they stand.
"""

from dataclasses import replace

import msgspec
import pytest
from tests.pillars.rbac.shapes import ANN, GROUP, PODS, bound, cluster, cluster_role

from ostiary.model.meta import Meta
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Decision
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.validity import wrong_binding, wrong_role

GET = Request("get", "pods", namespace="shop")
WHO = Identity("ann")
WRONG_RULES = {
    "verbs are missing": PolicyRule(api_groups=("",), resources=("pods",)),
    "apiGroups are missing": PolicyRule(verbs=("get",), resources=("pods",)),
    "resources are missing": PolicyRule(verbs=("get",), api_groups=("",)),
    "both resources and nonResourceURLs": PolicyRule(verbs=("get",), resources=("pods",), non_resource_urls=("/x",)),
}
WRONG_SUBJECTS = {
    "kind 'Robot'": Subject(kind="Robot", name="r2"),
    "name is missing": Subject(kind="User"),
    "namespace is missing": Subject(kind="ServiceAccount", name="web"),
    "cannot be the name": Subject(kind="ServiceAccount", name="Web_1", namespace="shop"),
    "apiGroup 'apps'": Subject(kind="User", name="bob", api_group="apps"),
}


@pytest.mark.parametrize("reason", WRONG_RULES)
def test_a_refused_role_leaves_a_doubt_only_about_what_it_says(reason: str) -> None:
    role = cluster_role("right", PODS, WRONG_RULES[reason])
    assert reason in wrong_role(role, namespaced=False)
    files = Authorizer(cluster(role, bound("right")))
    assert files.decide(WHO, GET).decision is Decision.UNKNOWN
    assert files.decide(WHO, replace(GET, verb="delete")).decision is Decision.NO_OPINION
    assert Authorizer(cluster(role, bound("right"), server_version="v1.37.2")).decide(WHO, GET).allowed


@pytest.mark.parametrize("reason", WRONG_SUBJECTS)
def test_a_refused_binding_leaves_a_doubt_about_its_other_subjects(reason: str) -> None:
    binding = bound("right", ANN, WRONG_SUBJECTS[reason])
    assert wrong_binding(binding, namespaced=False).startswith("subjects[1]: ")
    assert reason in wrong_binding(binding, namespaced=False)
    answer = Authorizer(cluster(cluster_role("right", PODS), binding)).decide(WHO, GET)
    assert answer.decision is Decision.UNKNOWN
    assert reason in answer.reason


def test_a_service_account_without_namespace_in_a_clusterrolebinding_means_nobody() -> None:
    binding = bound("right", Subject(kind="ServiceAccount", name="web"))
    for version in ("", "v1.37.2"):
        authorizer = Authorizer(cluster(cluster_role("right", PODS), binding, server_version=version))
        for user in ("system:serviceaccount:shop:web", "system:serviceaccount::web", "web"):
            assert authorizer.decide(Identity(user), GET).decision is Decision.NO_OPINION


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        (RoleRef(api_group=GROUP, kind="Role", name="right"), "roleRef.kind"),
        (RoleRef(api_group=GROUP, kind="", name="right"), "roleRef.kind"),
        (RoleRef(api_group="apps", kind="ClusterRole", name="right"), "roleRef.apiGroup"),
        (RoleRef(api_group=GROUP, kind="ClusterRole", name="a/b"), "roleRef.name"),
        (RoleRef(api_group=GROUP, kind="ClusterRole"), "roleRef.name"),
    ],
)
def test_references_that_are_refused(ref: RoleRef, reason: str) -> None:
    binding: Binding = msgspec.structs.replace(bound("right"), role_ref=ref)
    assert wrong_binding(binding, namespaced=False).startswith(reason)


def test_an_absent_api_group_is_the_default() -> None:
    binding = msgspec.structs.replace(bound("right"), role_ref=RoleRef(kind="ClusterRole", name="right"))
    assert wrong_binding(binding, namespaced=False) == ""
    assert Authorizer(cluster(cluster_role("right", PODS), binding)).decide(WHO, GET).allowed


def test_paths_in_a_namespaced_role_are_refused() -> None:
    role = Role(metadata=Meta(name="right", namespace="shop"), rules=(PolicyRule(verbs=("get",), non_resource_urls=("/x",)),))
    assert "namespaced" in wrong_role(role, namespaced=True)
    assert wrong_role(role, namespaced=False) == ""
