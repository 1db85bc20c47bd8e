"""One entry an owner: its level now and after, its patch, its questions, and what a patch alone does not settle."""

from collections.abc import Iterator

from msgspec.structs import replace
from tests.pillars.pods.worlds import HOST_PID, ORDINARY, PRIVILEGED, TAME, deployed, namespace, pod, workload, world

from ostiary.model.pods import Container, PodSpec
from ostiary.pillars.pods.harden import Hardening, harden


def only(found: Iterator[Hardening]) -> Hardening:
    (one,) = found
    return one


def test_a_deployment_its_replica_set_and_its_pods_are_one() -> None:
    one = only(harden(deployed(ORDINARY)))
    assert (str(one.workload), str(one.now), str(one.after)) == ("Deployment shop/web", "baseline:v1.37", "restricted:v1.37")
    assert {change.field for change in one.fields} >= {"spec.template.spec.securityContext.runAsNonRoot"}
    assert one.patch["metadata"] == {"name": "web", "namespace": "shop"}
    assert one.patch["apiVersion"] == "apps/v1"
    assert one.decided


def test_what_is_right_has_no_patch_but_a_profile_to_try() -> None:
    one = only(harden(deployed(TAME)))
    assert (one.fields, one.patch, one.decide, one.notes) == ((), {}, (), ())
    assert one.profile.capabilities.answer == one.profile.seccomp.answer == "already"
    assert one.profile.read_only_root.answer == one.profile.user_namespace.answer == "untried"
    assert [bool(edits) for _, edits in one.steps()] == [False, True, True]


def test_the_namespaces_pinned_version_is_the_one_to_reach() -> None:
    one = only(harden(deployed(ORDINARY, enforce="baseline", enforce_version="v1.22")))
    assert str(one.after) == "restricted:v1.22"


def test_privilege_is_asked_about() -> None:
    one = only(harden(deployed(PRIVILEGED)))
    assert not one.decided
    assert one.decide[0].field == "spec.template.spec.containers[web].securityContext.privileged"


def test_an_old_replica_set_is_named() -> None:
    assert any("web-1" in note and "rollback" in note for note in only(harden(deployed(ORDINARY))).notes)


def test_a_pod_that_somebody_added_to_is_named() -> None:
    injected = replace(TAME, containers=(*TAME.containers, Container(name="proxy")))
    one = only(harden(deployed(TAME, shown=injected)))
    assert str(one.now) == "baseline:v1.37"
    assert any("who adds it" in note and '"proxy"' in note for note in one.notes)


def test_an_owner_that_is_not_seen_is_named() -> None:
    made = world(namespaces=[namespace("shop")], stateful_sets=[workload("db", ORDINARY, owner="Database/main")])
    assert any("Database main" in note for note in only(harden(made)).notes)


def test_a_bare_pod_has_to_be_made_anew() -> None:
    made = world(namespaces=[namespace("shop")], pods=[pod("a", ORDINARY), pod("done", ORDINARY, phase="Succeeded")])
    one = only(harden(made))
    assert one.patch["spec"]["containers"][0]["name"] == "web"
    assert any("create it anew" in note for note in one.notes)


def test_user_namespaces_are_ruled_out_by_the_nodes_own() -> None:
    one = only(harden(deployed(HOST_PID)))
    assert (one.profile.user_namespace.answer, one.profile.user_namespace.now) == ("no", "hostPID")


def test_a_pod_without_containers_is_no_trouble() -> None:
    assert str(only(harden(deployed(PodSpec()))).after) == "restricted:v1.37"
