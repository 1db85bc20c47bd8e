"""Every control on both sides, one finding for one owner, and a page that says what the table says."""

import re
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.pods.controls.examples import EXAMPLES, NOTHING, TODAY, Around, Manifest, good_pod, named, typed, world
from tests.pillars.strategies import pods

from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Ref
from ostiary.model.pods import Container, Pod
from ostiary.model.workloads import CronJob, Workload
from ostiary.model.world import World
from ostiary.pillars.pods.controls import BY_CODE, CONTROLS, Settings, found, unseen
from ostiary.pillars.pods.controls.host_paths import shows
from ostiary.pillars.pods.controls.images import DIGEST as DIGEST_PATTERN
from ostiary.pillars.pods.controls.images import FLOATING, REGISTRY
from ostiary.pillars.pods.controls.resources import is_zero


def codes(manifest: Manifest, around: Around = NOTHING) -> set[str]:
    return {one.code for one in found(world(manifest, around=around), Settings(around.registries)) if one.subject.kind == "Pod"}


def test_no_control_has_anything_against_the_good_pod() -> None:
    assert codes(good_pod()) == set()


def test_codes_are_the_order() -> None:
    assert [control.code for control in CONTROLS] == [f"POD-{number}" for number in range(101, 101 + len(CONTROLS))]
    assert len(BY_CODE) == len(CONTROLS) >= 40


def test_every_control_has_an_example_on_both_sides() -> None:
    assert set(EXAMPLES) == set(BY_CODE)


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_a_bad_pod_is_found(code: str) -> None:
    example = EXAMPLES[code]
    assert code in codes(example.bad, example.around)


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_a_good_pod_is_not(code: str) -> None:
    example = EXAMPLES[code]
    assert code not in codes(example.good, example.around)


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_the_two_sides_differ_in_little_else(code: str) -> None:
    """A control that fires because of something else entirely would pass the tests above."""
    example = EXAMPLES[code]
    both = codes(example.bad, example.around) ^ codes(example.good, example.around)
    assert code in both
    assert len(both) <= 5


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.code)
def test_a_control_says_why_where_from_and_what_to_do(control: Any) -> None:
    assert control.title
    assert control.title[-1] != "."
    assert control.sources
    assert control.rationale.endswith(".")
    assert control.fix


def test_an_administrators_tricks_with_paths_do_not_help() -> None:
    pattern = re.compile(shows("/etc/kubernetes"))
    inside = ("/etc", "/etc/", "//etc", "/./etc/./kubernetes", "/etc/kubernetes/", "/etc//kubernetes/pki/ca.key", "/etc/.")
    beside = ("/", "/etc/kubernetes2", "/etcd", "/data/etc/kubernetes", "/.etc", "/etc/.kubernetes")
    assert [path for path in inside if not pattern.search(path)] == []
    assert [path for path in beside if pattern.search(path)] == []


@pytest.mark.parametrize(
    ("image", "floating", "registry", "pinned"),
    [
        ("nginx", True, False, False),
        ("nginx:latest", True, False, False),
        ("nginx:1.27", False, False, False),
        ("library/nginx", True, False, False),
        ("localhost:5000/app", True, True, False),
        ("localhost/app:v1", False, True, False),
        ("ghcr.io/a/b:latest", True, True, False),
        ("ghcr.io/a/b@sha256:" + "0" * 64, False, True, True),
        ("a:latest@sha256:" + "f" * 64, False, False, True),
        ("a:latest-alpine", False, False, False),
    ],
)
def test_images_are_read_as_runtimes_read_them(image: str, floating: bool, registry: bool, pinned: bool) -> None:
    assert bool(DIGEST_PATTERN.search(image)) is pinned
    assert bool(REGISTRY.search(image)) is registry
    assert (bool(FLOATING.search(image)) and not pinned) is floating


@given(st.integers(0, 10**6), st.sampled_from(["", "m", "Ki", "Mi", "k", "M", "e3"]))
def test_a_quantity_is_zero_when_its_number_is(number: int, suffix: str) -> None:
    assert is_zero(f"{number}{suffix}") is (number == 0)
    assert is_zero(f"0.{number}{suffix}") is (number == 0)


def test_a_windows_pod_is_not_asked_for_what_only_linux_has() -> None:
    manifest = good_pod()
    manifest["spec"] |= {"os": {"name": "windows"}, "securityContext": {}}
    del manifest["spec"]["containers"][0]["securityContext"], manifest["spec"]["hostUsers"]
    assert codes(manifest) == set()


def owner(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "v1", "kind": kind, "name": name, "controller": True}]


def test_pods_of_one_owner_are_one_finding_that_names_the_owners_field() -> None:
    template = {"spec": {**good_pod()["spec"], "hostPID": True, "hostUsers": None}}
    deployment = typed(
        Workload, {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": _without_null(template)}}
    )
    replica_set = typed(
        Workload,
        {
            "metadata": {"name": "web-1", "namespace": "shop", "ownerReferences": owner("Deployment", "web")},
            "spec": {"template": _without_null(template)},
        },
    )
    pods = tuple(typed(Pod, _without_null(named({**good_pod(), "spec": template["spec"]}, f"web-1-{i}"))) for i in range(3))
    cluster = Cluster(deployments=(deployment,), replica_sets=(replica_set,), pods=pods)
    findings = [one for one in found(World.of(cluster, today=TODAY)) if one.code == "POD-148"]
    assert [one.subject for one in findings] == [Ref("Deployment", "shop", "web")]
    assert findings[0].witness == "spec.template.spec.hostPID"


def test_what_only_a_pod_shows_names_the_pod() -> None:
    clean = typed(
        Workload, {"metadata": {"name": "web-1", "namespace": "shop"}, "spec": {"template": {"spec": good_pod()["spec"]}}}
    )
    pod = typed(Pod, named(EXAMPLES["POD-191"].bad, "web-1-a"))
    cluster = Cluster(replica_sets=(clean,), pods=(pod,))
    findings = list(found(World.of(cluster, today=TODAY)))
    assert [(one.code, one.subject) for one in findings] == [("POD-191", Ref("ReplicaSet", "shop", "web-1"))]
    assert findings[0].witness == "Pod shop/web-1-a: spec.ephemeralContainers[0]"


def test_a_cron_jobs_field_is_named_in_full() -> None:
    spec = {"spec": {"jobTemplate": {"spec": {"template": {"spec": EXAMPLES["POD-101"].bad["spec"]}}}}}
    cluster = Cluster(cron_jobs=(typed(CronJob, {"metadata": {"name": "nightly", "namespace": "shop"}, **spec}),))
    finding = next(one for one in found(World.of(cluster, today=TODAY)) if one.code == "POD-101")
    assert finding.witness == "spec.jobTemplate.spec.template.spec.containers[0].image"


def test_a_leaky_config_map_that_nobody_uses_is_found_once() -> None:
    around = EXAMPLES["POD-119"].around
    alone = [one for one in found(world(good_pod(), around=around)) if one.code == "POD-119"]
    used = [one for one in found(world(EXAMPLES["POD-119"].bad, around=around)) if one.code == "POD-119"]
    assert [one.subject.kind for one in alone] == ["ConfigMap"]
    assert [one.subject.kind for one in used] == ["Pod"]


@given(pods())
def test_no_pod_breaks_a_control_and_one_container_more_mends_nothing(pod: Pod) -> None:
    first = {one.code for one in found(World.of(Cluster(pods=(pod,)), today=TODAY))}
    more = msgspec.structs.replace(pod.spec, containers=(*pod.spec.containers, Container(name="more", image="x")))
    second = {one.code for one in found(World.of(Cluster(pods=(msgspec.structs.replace(pod, spec=more),)), today=TODAY))}
    assert first <= second


def test_a_word_that_stands_everywhere_is_no_secret() -> None:
    """A Secret with the value ``true``, and switches that are on in several places."""
    manifest = EXAMPLES["POD-117"].bad
    switches = {"metadata": {"name": "switches", "namespace": "shop"}, "data": {"p": "hunter2", "q": "hunter2", "r": "hunter2"}}
    secrets = EXAMPLES["POD-117"].around.sections["secrets"]
    assert "POD-117" not in codes(manifest, Around({"secrets": secrets, "config_maps": (switches,)}))
    del switches["data"]["q"]
    assert "POD-117" in codes(manifest, Around({"secrets": secrets, "config_maps": (switches,)}))


def test_what_could_not_be_read_is_said() -> None:
    blind = (Blind(kind="Secret", reason=Reason.FORBIDDEN), Blind(kind="Ingress", reason=Reason.FORBIDDEN))
    missing = unseen(World.of(Cluster(blind=blind), today=TODAY))
    assert [one.what.kind for one in missing] == ["Secret"]


def test_the_same_world_gives_the_same_findings() -> None:
    pods = [named(example.bad, f"p{i}") for i, example in enumerate(EXAMPLES.values())]
    assert list(found(world(*pods))) == list(found(world(*reversed(pods))))


def test_ten_thousand_distinct_pods_take_seconds() -> None:
    """A ceiling far above what it takes (about a second and a half on one core), so that it fails only when something went quadratic."""
    base = typed(Pod, EXAMPLES["POD-162"].bad)
    pods = tuple(_renamed(base, i) for i in range(10_000))
    cluster = World.of(Cluster(pods=pods), today=TODAY)
    start = time.process_time()
    assert sum(1 for _ in found(cluster)) >= 10_000
    assert time.process_time() - start < 15


def _renamed(base: Pod, i: int) -> Pod:
    meta = msgspec.structs.replace(base.metadata, name=f"p{i}", owner_references=())
    return msgspec.structs.replace(base, metadata=meta)


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(one) for key, one in value.items() if one is not None}
    return [_without_null(one) for one in value] if isinstance(value, list) else value
