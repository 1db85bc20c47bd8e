"""Each control on both sides, the versions at which controls change, and laws.

What the API server says of the same pods: judges/test_pod_security.py.
"""

import dataclasses
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.pods.cases import CASES, SC, TAME, A, B, R, changed
from tests.pillars.strategies import SECCOMP, SECCOMP_POD, bulk, manifests, pods, typed, with_debugger

from ostiary.model.levels import NEWEST_MINOR, Level, Version
from ostiary.model.pods import Pod
from ostiary.model.world import posture
from ostiary.pillars.pods.standards import CONTROLS, evaluate, refusal
from ostiary.pillars.pods.standards.registry import in_force
from ostiary.verifier.levels import violated

MINORS = st.integers(0, NEWEST_MINOR)


@pytest.mark.parametrize(
    ("control", "level", "path", "value", "message"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES]
)
def test_one_control_and_only_it_refuses_and_says_so(control: str, level: Level, path: str, value: Any, message: str) -> None:
    found = [violation for violation in evaluate(typed(changed(path, value)), R) if violation.control == control]
    assert [violation.message for violation in found] == [message]
    assert found[0].fields, "a violation names the field to change"
    assert found[0].change
    if level is B:
        assert control in {violation.control for violation in evaluate(typed(changed(path, value)), B)}
    else:
        assert control not in {violation.control for violation in evaluate(typed(changed(path, value)), B)}


def test_the_tame_pod_is_admitted_by_every_level_at_every_version() -> None:
    for minor in range(NEWEST_MINOR + 1):
        for level in Level:
            assert evaluate(typed(TAME), level, Version(minor)) == ()


@pytest.mark.parametrize(
    ("path", "value", "level", "first_admitting"),
    [
        ("spec/securityContext/sysctls", [{"name": "net.ipv4.ip_local_reserved_ports"}], B, 27),
        ("spec/securityContext/sysctls", [{"name": "net.ipv4.tcp_fin_timeout"}], B, 29),
        ("spec/securityContext/sysctls", [{"name": "net.ipv4.tcp_rmem"}], B, 32),
        ("spec/securityContext/sysctls", [{"name": "net.ipv4.tcp_notsent_lowat"}], B, 37),
        (SC + "seLinuxOptions", {"type": "container_engine_t"}, B, 31),
        ("metadata/annotations", {SECCOMP_POD: "unconfined"}, B, 19),
        ("metadata/annotations", {SECCOMP + "a": "unconfined"}, B, 19),
    ],
)
def test_a_version_that_relaxes(path: str, value: Any, level: Level, first_admitting: int) -> None:
    made = typed(changed(path, value))
    assert [minor for minor in range(NEWEST_MINOR + 1) if not evaluate(made, level, Version(minor))] == list(
        range(first_admitting, NEWEST_MINOR + 1)
    )


@pytest.mark.parametrize(
    ("path", "value", "level", "first_refusing"),
    [
        (A + "readinessProbe", {"tcpSocket": {"host": "h"}}, B, 34),
        (SC + "seccompProfile", {"type": "Unconfined"}, B, 19),
        (SC + "allowPrivilegeEscalation", None, R, 8),
        (SC + "capabilities", {"drop": ["NET_RAW"]}, R, 22),
        (SC + "runAsUser", 0, R, 23),
        ("spec/securityContext/seccompProfile", None, R, 19),
    ],
)
def test_a_version_that_tightens(path: str, value: Any, level: Level, first_refusing: int) -> None:
    made = typed(changed(path, value))
    assert [minor for minor in range(NEWEST_MINOR + 1) if evaluate(made, level, Version(minor))] == list(
        range(first_refusing, NEWEST_MINOR + 1)
    )


def test_a_user_namespace_frees_users_and_proc_from_v1_35() -> None:
    made = changed("spec/hostUsers", False)
    made["spec"]["securityContext"] = {"runAsNonRoot": False, "runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}
    assert {found.control for found in evaluate(typed(made), R, Version(34))} == {"runAsNonRoot", "runAsUser"}
    assert evaluate(typed(made), R, Version(35)) == ()
    made["spec"]["containers"][0]["securityContext"]["procMount"] = "Unmasked"
    assert [found.control for found in evaluate(typed(made), B, Version(34))] == ["procMount"]
    assert evaluate(typed(made), B, Version(35)) == ()
    assert [found.control for found in evaluate(typed(made), R, Version(35))] == ["procMount_restricted"]


def test_a_windows_pod_is_let_off_what_only_linux_knows_from_v1_25() -> None:
    made = typed({"metadata": {}, "spec": {"os": {"name": "windows"}, "containers": [{"name": "a"}]}})
    assert {found.control for found in evaluate(made, R, Version(24))} == {
        "allowPrivilegeEscalation",
        "capabilities_restricted",
        "runAsNonRoot",
        "seccompProfile_restricted",
    }
    assert [found.control for found in evaluate(made, R, Version(25))] == ["runAsNonRoot"]


def test_a_container_overrides_its_pod_and_absent_is_not_false() -> None:
    made = changed(SC + "runAsNonRoot", True)
    made["spec"]["securityContext"]["runAsNonRoot"] = False
    assert [found.detail for found in evaluate(typed(made), R)] == ["pod must not set securityContext.runAsNonRoot=false"]
    del made["spec"]["securityContext"]["runAsNonRoot"]
    assert evaluate(typed(made), R) == ()


def test_host_network_takes_every_port_of_its_containers() -> None:
    made = changed("spec/hostNetwork", True)
    made["spec"]["containers"][0]["ports"] = [{"containerPort": 8080}]
    assert [found.message for found in evaluate(typed(made), B)] == [
        "host namespaces (hostNetwork=true)",
        'hostPort (container "a" uses hostPort 8080)',
    ]


def test_a_volume_that_names_no_source_is_an_empty_directory() -> None:
    assert evaluate(typed(changed("spec/volumes", [{"name": "v"}, {"name": "w", "hostPath": None}])), R) == ()


def test_init_and_ephemeral_containers_count_and_come_in_the_servers_order() -> None:
    bad = {"securityContext": {"privileged": True}}
    made = changed("spec/initContainers", [{"name": "i", **bad}])
    made["spec"]["ephemeralContainers"] = [{"name": "e", **bad}]
    made["spec"]["containers"][0] |= bad
    found = evaluate(typed(made), B)[0]
    assert found.detail == 'containers "i", "a", "e" must not set securityContext.privileged=true'
    assert found.fields == (
        "spec.initContainers[0].securityContext.privileged",
        "spec.containers[0].securityContext.privileged",
        "spec.ephemeralContainers[0].securityContext.privileged",
    )


def test_restricted_speaks_once_where_its_control_takes_the_place_of_baselines() -> None:
    for path, value, baseline, restricted in (
        ("spec/volumes", [{"name": "v", "hostPath": {"path": "/"}}], "hostPathVolumes", "restrictedVolumes"),
        (SC + "capabilities", {"add": ["SYS_ADMIN"], "drop": ["ALL"]}, "capabilities_baseline", "capabilities_restricted"),
        (SC + "seccompProfile", {"type": "Unconfined"}, "seccompProfile_baseline", "seccompProfile_restricted"),
        (SC + "procMount", "Unmasked", "procMount", "procMount_restricted"),
    ):
        made = typed(changed(path, value))
        assert [found.control for found in evaluate(made, B)] == [baseline]
        assert [found.control for found in evaluate(made, R)] == [restricted]


def test_controls_stand_in_the_servers_order() -> None:
    ids = [control.id for control in CONTROLS]
    baseline = [control.id for control in CONTROLS if control.level is B]
    assert ids == [*sorted(baseline), *sorted(set(ids) - set(baseline))]
    assert all(
        [variant.since for variant in control.variants] == sorted(variant.since for variant in control.variants)
        for control in CONTROLS
    )


@pytest.mark.parametrize("minor", range(NEWEST_MINOR + 1))
def test_restricted_overrides_only_what_it_repeats(minor: int) -> None:
    """Every control of baseline that restricted leaves out is replaced by one of its own."""
    baseline, restricted = in_force(B, minor), in_force(R, minor)
    left_out = {control.id for control, _ in baseline} - {control.id for control, _ in restricted}
    assert left_out == {name for _, variant in restricted for name in variant.overrides}


def test_the_refusal_reads_as_the_api_server_writes_it() -> None:
    text = refusal(B, Version(37), evaluate(typed(changed("spec/hostPID", True)), B))
    assert text == 'violates PodSecurity "baseline:v1.37": host namespaces (hostPID=true)'


def test_chance_reaches_every_control_on_both_sides() -> None:
    """The generator that the judges and the laws below stand on."""
    made = [typed(one) for one in bulk(1500, seed=7)]
    seen: set[str] = set()
    for minor in (0, 18, 24, 34, NEWEST_MINOR):
        for level in (B, R):
            results = [evaluate(pod, level, Version(minor)) for pod in made]
            seen |= {found.control for violations in results for found in violations}
            assert 0.2 < sum(not violations for violations in results) / len(results) < 0.9
    assert seen == {control.id for control in CONTROLS}


@given(pods(), MINORS)
def test_a_stricter_level_never_admits_more(pod: Pod, minor: int) -> None:
    admitted = [not evaluate(pod, level, Version(minor)) for level in (Level.PRIVILEGED, B, R)]
    assert admitted == sorted(admitted, reverse=True)


@given(pods(), MINORS, st.sampled_from(list(Level)))
def test_evaluation_depends_on_the_posture_only(pod: Pod, minor: int, level: Level) -> None:
    meta = msgspec.structs.replace(pod.metadata, name="other", labels={"a": "b"}, namespace="elsewhere")
    other = msgspec.structs.replace(pod, metadata=meta)
    assert evaluate(other, level, Version(minor)) == evaluate(pod, level, Version(minor))


@given(manifests(), st.randoms(use_true_random=False), MINORS, st.sampled_from([B, R]))
def test_a_further_container_never_turns_refused_into_admitted(
    made: dict[str, Any], random: Random, minor: int, level: Level
) -> None:
    before = evaluate(typed(made), level, Version(minor))
    after = evaluate(typed(with_debugger(random, made)), level, Version(minor))
    assert not before or after


@given(pods(), MINORS, st.sampled_from([B, R]))
@settings(max_examples=300)
def test_the_verifiers_own_reading_of_the_standards_agrees(pod: Pod, minor: int, level: Level) -> None:
    said = violated(msgspec.json.decode(posture(pod)), level.value, minor)
    assert bool(said) == bool(evaluate(pod, level, Version(minor)))


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
def test_the_verifier_agrees_about_every_case_at_every_version(case: tuple[str, Level, str, Any, str]) -> None:
    pod = typed(changed(case[2], case[3]))
    shown = msgspec.json.decode(posture(pod))
    for minor in range(NEWEST_MINOR + 1):
        for level in (B, R):
            assert bool(violated(shown, level.value, minor)) == bool(evaluate(pod, level, Version(minor))), (minor, level)


def test_every_control_says_where_it_comes_from() -> None:
    for control in CONTROLS:
        said = dataclasses.asdict(control)
        assert said["title"]
        assert said["source"].startswith("https://kubernetes.io/")
        assert said["file"].startswith("check_")
