"""Laws of the smallest patch: it reaches the level, nothing of it can be left out, nothing right is touched; what it cannot do, people are asked."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.pods.cases import CASES, changed
from tests.pillars.strategies import pods as any_pods
from tests.pillars.strategies import typed

from ostiary.model.levels import NEWEST, Level, Version
from ostiary.model.pods import Pod
from ostiary.pillars.pods.harden.decision import CODES
from ostiary.pillars.pods.harden.edit import Edit, merged, patch, value_at
from ostiary.pillars.pods.harden.search import edited, search
from ostiary.pillars.pods.harden.tree import pod_of, tree_of
from ostiary.pillars.pods.standards import evaluate

R = Level.RESTRICTED
VERSIONS = st.sampled_from([37, 36, 35, 34, 30, 25, 24, 22, 19, 8, 0]).map(Version)


def one(**spec: Any) -> Pod:
    """A pod of one container that says nothing, and what is given."""
    return typed({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "i"}], **spec}})


@given(any_pods(), VERSIONS)
@settings(max_examples=150)
def test_what_the_patch_leaves_is_what_people_are_asked(pod: Pod, version: Version) -> None:
    found = search(pod, version)
    assert evaluate(edited(pod, found.edits), R, version) == found.left
    assert not found.left or any(not ask.patched for ask in found.decide)
    assert {ask.code for ask in found.decide} <= CODES


@given(any_pods(), VERSIONS)
@settings(max_examples=150)
def test_no_edit_can_be_left_out_and_none_stood_before(pod: Pod, version: Version) -> None:
    found, tree = search(pod, version), tree_of(pod)
    for edit in found.edits:
        others = [other for other in found.edits if other is not edit]
        assert evaluate(edited(pod, others), R, version) != found.left
        assert value_at(tree, edit.path) != edit.value


@given(any_pods(), VERSIONS)
@settings(max_examples=100)
def test_patched_pods_need_no_patch_and_admitted_ones_neither(pod: Pod, version: Version) -> None:
    found = search(pod, version)
    assert not search(edited(pod, found.edits), version).edits
    assert bool(found.edits or found.left) == bool(evaluate(pod, R, version))


@given(any_pods())
@settings(max_examples=100)
def test_a_pod_survives_its_way_as_plain_json(pod: Pod) -> None:
    assert evaluate(pod_of(tree_of(pod)), R) == evaluate(pod, R)
    assert pod_of(tree_of(pod)).spec == pod.spec


@pytest.mark.parametrize(("control", "level", "path", "value", "message"), CASES)
def test_one_fault_gets_one_remedy_or_a_question(control: str, level: Level, path: str, value: Any, message: str) -> None:
    found = search(typed(changed(path, value)), NEWEST)
    assert found.edits or found.decide
    assert {left.control for left in found.left} <= {control}
    assert found.left == () or control == "restrictedVolumes"


def test_a_silent_manifest_is_filled_in_and_nobody_is_asked() -> None:
    found = search(one(), NEWEST)
    assert [edit.field for edit in found.edits] == [
        "spec.containers[a].securityContext.allowPrivilegeEscalation",
        "spec.containers[a].securityContext.capabilities.drop",
        "spec.securityContext.runAsNonRoot",
        "spec.securityContext.seccompProfile.type",
    ]
    assert found.decide == ()


def test_root_gets_a_user_namespace_where_that_takes_fewer_fields_and_people_are_asked_for_the_user() -> None:
    pod = one(securityContext={"runAsUser": 0})
    newest, older = search(pod, NEWEST), search(pod, Version(34))
    assert Edit(("spec", "hostUsers"), False) in newest.edits
    assert Edit(("spec", "securityContext", "runAsUser"), None) in older.edits
    for found in (newest, older):
        assert [(ask.code, ask.field) for ask in found.decide] == [("root", "spec.securityContext.runAsUser")]


def test_no_user_namespace_where_the_kubelet_would_refuse_root_all_the_same() -> None:
    found = search(one(securityContext={"runAsUser": 0, "runAsNonRoot": True}), NEWEST)
    assert Edit(("spec", "hostUsers"), False) not in found.edits


def test_volumes_with_data_are_left_to_people() -> None:
    found = search(one(volumes=[{"name": "data", "hostPath": {"path": "/srv"}}]), NEWEST)
    assert [left.control for left in found.left] == ["restrictedVolumes"]
    assert [(ask.code, ask.field, ask.patched) for ask in found.decide] == [("volume", "spec.volumes[data].hostPath", False)]
    assert not any("volumes" in edit.path for edit in found.edits)


def test_a_capability_that_restricted_admits_stays() -> None:
    context = {"capabilities": {"add": ["NET_BIND_SERVICE", "SYS_TIME"]}}
    found = search(one(containers=[{"name": "a", "securityContext": context}]), NEWEST)
    assert Edit(("spec", "containers", "a", "securityContext", "capabilities", "add"), ("NET_BIND_SERVICE",)) in found.edits
    assert [ask.code for ask in found.decide] == ["capabilities"]


def test_two_containers_of_one_name_are_for_hands() -> None:
    twins = [{"name": "a", "securityContext": {"privileged": True}}, {"name": "a"}]
    found = search(one(containers=twins), NEWEST)
    assert {ask.code for ask in found.decide} == {"by-hand"}


def test_kernel_parameters_are_taken_away_whole_or_not_at_all() -> None:
    bad, good = {"name": "kernel.msgmax", "value": "1"}, {"name": "net.ipv4.tcp_syncookies", "value": "1"}
    alone = search(one(securityContext={"sysctls": [bad]}), NEWEST)
    mixed = search(one(securityContext={"sysctls": [bad, good]}), NEWEST)
    assert Edit(("spec", "securityContext", "sysctls"), None) in alone.edits
    assert [left.control for left in mixed.left] == ["sysctls"]
    assert [(ask.code, ask.patched) for ask in mixed.decide] == [("sysctls", False)]


def test_a_patch_names_elements_and_merges_by_name() -> None:
    edits = [Edit(("spec", "containers", "b", "ports", "80", "hostPort"), None), Edit(("spec", "hostPID"), None)]
    tree = {
        "spec": {
            "hostPID": True,
            "containers": [{"name": "a"}, {"name": "b", "ports": [{"containerPort": 80, "hostPort": 80}]}],
        }
    }
    before = msgspec.json.encode(tree)
    made = merged(tree, patch(edits))
    assert made == {"spec": {"containers": [{"name": "a"}, {"name": "b", "ports": [{"containerPort": 80}]}]}}
    assert msgspec.json.encode(tree) == before


def test_an_annotation_that_would_disagree_goes_along_with_the_field() -> None:
    """Validation refuses the two side by side, at levels that read the field alone; found by the API server."""
    key = "seccomp.security.alpha.kubernetes.io/pod"
    for value, along in (("unconfined", (Edit(("metadata", "annotations", key), None),)), ("docker/default", ())):
        pod = typed({"metadata": {"name": "p", "annotations": {key: value}}, "spec": {"containers": [{"name": "a"}]}})
        assert search(pod, NEWEST).along == along
