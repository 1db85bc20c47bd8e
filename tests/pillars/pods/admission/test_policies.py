"""Compiled policies: what they look like, what they cannot be made to mean, and that a World that has them needs no change."""

import json
import re
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.pods.controls.examples import TODAY, context, good_pod, typed

from ostiary.core.errors import BadInput
from ostiary.model.admission import AdmissionPolicy as Held
from ostiary.model.admission import AdmissionPolicyBinding
from ostiary.model.basics import Namespace
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta, OwnerReference, Ref
from ostiary.model.plan import Action
from ostiary.model.pods import Pod
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.workloads import Workload
from ostiary.model.world import World
from ostiary.pillars.pods.admission import (
    AdmissionPolicy,
    WorkloadException,
    changes,
    defaulting,
    enforce,
    policies,
    prove,
    static_files,
    trials,
    violated,
    would_refuse,
)
from ostiary.pillars.pods.admission.exceptions import controller_names, ends, excepted
from ostiary.pillars.pods.admission.policy import LEFT_OUT, WORST, checked
from ostiary.pillars.pods.admission.scope import covers
from ostiary.pillars.pods.admission.trials import CONTEXT, SPEC, good, violating
from ostiary.pillars.pods.controls import BY_CODE, CONTROLS
from ostiary.pillars.pods.makers import Maker

ADMISSIBLE = tuple(control.code for control in CONTROLS if control.applies_at_admission)


def exception(**patch: Any) -> WorkloadException:
    made = {
        "namespace": "shop",
        "kind": "Deployment",
        "name": "web",
        "controls": ("POD-127",),
        "owner": "ops",
        "reason": "agent",
        "expires": TODAY,
    }
    return WorkloadException(**{**made, **patch})


def policy(*exceptions: WorkloadException, **patch: Any) -> AdmissionPolicy:
    made = {"controls": ("POD-127", "POD-148"), "namespaces": ("shop",), "exceptions": exceptions}
    return AdmissionPolicy(**{**made, **patch})


def test_every_control_that_applies_compiles() -> None:
    objects = policies(AdmissionPolicy(controls=ADMISSIBLE, everywhere=True, registries=("r.example.com/",)))
    assert len(objects) == 2 * len(ADMISSIBLE) >= 80
    for rule, binding in zip(objects[::2], objects[1::2], strict=True):
        assert rule["spec"]["failurePolicy"] == "Fail"
        assert binding["spec"]["policyName"] == rule["metadata"]["name"] == binding["metadata"]["name"]
        assert rule["spec"]["validations"][0]["message"].startswith(rule["metadata"]["name"].removeprefix("ostiary-").upper())
        assert "$" + "registries" not in json.dumps(rule)


def test_what_the_worst_are_is_admissible() -> None:
    assert set(WORST) <= set(ADMISSIBLE)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (policy(namespaces=()), "not said"),
        (policy(namespaces=("kube-system",)), "keeps the cluster alive"),
        (policy(everywhere=True), "namespaces and everywhere"),
        (policy(controls=("POD-999",)), "no control POD-999"),
        (policy(controls=("POD-109",)), "cannot be decided"),
        (policy(controls=("POD-105",)), "needs the registries"),
        (policy(exception(), exception(expires=TODAY + timedelta(days=1))), "different days"),
        (policy(exception(owner="")), "lacks an owner"),
        (policy(exception(reason="")), "lacks an owner"),
        (policy(exception(controls=())), "lacks an owner"),
        (policy(exception(controls=("POD-131",))), "does not hold"),
        (policy(exception(namespace="other")), "not about"),
        (policy(exception(kind="Rollout")), "cannot be told apart"),
        (policy(exception(name="web' || true || 'x")), "no name"),
        (policy(exception(name="")), "no name"),
        (policy(exception(name=".*")), "no name"),
    ],
)
def test_a_policy_that_cannot_mean_what_it_says_is_refused(wrong: AdmissionPolicy, says: str) -> None:
    with pytest.raises(BadInput, match=says.replace("(", "\\(")) as refused:
        policies(wrong)
    assert refused.value.todo


def test_the_same_exception_twice_is_one() -> None:
    assert checked(policy(exception(), exception(owner="somebody"))).exceptions


def test_nothing_of_the_control_plane_is_covered_unless_asked() -> None:
    everywhere = AdmissionPolicy(controls=WORST, everywhere=True)
    assert [name for name in (*LEFT_OUT, "cni") if covers(everywhere, name, {}, ("cni",))] == []
    assert covers(everywhere, "shop", {})
    assert covers(AdmissionPolicy(controls=WORST, everywhere=True, control_plane=True), "kube-system", {})
    assert not covers(AdmissionPolicy(controls=WORST, namespaces=("kube-system",)), "kube-system", {})


def test_a_namespace_that_runs_the_control_plane_is_found() -> None:
    agent = typed(Workload, {"metadata": {"name": "cni", "namespace": "cni"}, "spec": {"template": {"spec": {}}}})
    spec = msgspec.structs.replace(agent.spec.template.spec, priority_class_name="system-node-critical")
    template = msgspec.structs.replace(agent.spec.template, spec=spec)
    agent = msgspec.structs.replace(agent, spec=msgspec.structs.replace(agent.spec, template=template))
    world = World.of(Cluster(daemon_sets=(agent,)), today=TODAY)
    made = changes(world, AdmissionPolicy(controls=("POD-127",), everywhere=True))
    binding = next(one for one in made if one.target.kind.endswith("Binding"))
    names = binding.after["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"][-1]["values"]
    assert "cni" in names
    assert "kube-system" in names


def a_pod(name: str, owner: tuple[str, str] | None) -> Maker:
    owners = (OwnerReference(kind=owner[0], name=owner[1], controller=True),) if owner else ()
    meta = Meta(name=name, namespace="shop", owner_references=owners)
    return Maker(Ref("Pod", "shop", name), meta, Pod(metadata=meta))


@pytest.mark.parametrize(
    ("kind", "owner", "expected"),
    [
        ("Deployment", ("ReplicaSet", "web-5d4c8f7b9"), True),
        ("Deployment", ("ReplicaSet", "web-other-5d4c8f7b9"), False),
        ("Deployment", ("ReplicaSet", "web"), False),
        ("Deployment", ("ReplicaSet", "web-aeiou"), False),
        ("Deployment", ("StatefulSet", "web-5d4c8f7b9"), False),
        ("Deployment", None, False),
        ("ReplicaSet", ("ReplicaSet", "web"), True),
        ("StatefulSet", ("StatefulSet", "web"), True),
        ("CronJob", ("Job", "web-29012345"), True),
        ("CronJob", ("Job", "web-x29012345"), False),
        ("Job", ("Job", "web"), True),
        ("Pod", ("Job", "web"), False),
    ],
)
def test_pods_are_recognised_by_their_controller(kind: str, owner: tuple[str, str] | None, expected: bool) -> None:
    assert excepted(exception(kind=kind), a_pod("web-1", owner), TODAY) is expected


def test_a_pod_by_hand_is_excepted_by_its_own_name_alone() -> None:
    assert excepted(exception(kind="Pod"), a_pod("web", None), TODAY)
    assert not excepted(exception(kind="Pod"), a_pod("web2", None), TODAY)
    assert not excepted(exception(kind="Pod"), a_pod("web", ("Job", "web")), TODAY)


def test_an_exception_ends_with_its_day() -> None:
    pod = a_pod("web", None)
    assert excepted(exception(kind="Pod", expires=TODAY), pod, TODAY)
    assert not excepted(exception(kind="Pod", expires=TODAY - timedelta(days=1)), pod, TODAY)
    assert ends(exception(expires=date(2026, 12, 31))) == "2027-01-01T00:00:00Z"


@given(st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?\Z"), st.from_regex(r"\A[bcdf2456789]{5,10}\Z"))
def test_no_other_deployment_fits_the_pattern(name: str, hashed: str) -> None:
    pattern = re.compile(controller_names(exception(name="web")))
    assert bool(pattern.search(f"{name}-{hashed}")) is (name == "web")


def deployment(spec: dict[str, Any]) -> Workload:
    made = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {"spec": spec}}}
    workload = typed(Workload, made)
    assert isinstance(workload, Workload)
    return workload


def world(*, today: date = TODAY, bad: bool = True, **sections: Any) -> World:
    spec = context(privileged=True)["spec"] if bad else good_pod()["spec"]
    namespaces = tuple(typed(Namespace, {"metadata": {"name": name}}) for name in ("kube-system", "other", "shop"))
    return World.of(Cluster(namespaces=namespaces, deployments=(deployment(spec),), **sections), today=today)


def test_what_would_be_refused_is_said_beforehand() -> None:
    refused = list(would_refuse(world(), policy()))
    assert [(ref, code) for ref, code, _ in refused] == [(Ref("Deployment", "shop", "web"), "POD-127")]
    assert list(would_refuse(world(bad=False), policy())) == []
    assert list(would_refuse(world(), policy(namespaces=("other",)))) == []


def test_an_excepted_workload_is_not_until_its_day_has_passed() -> None:
    assert list(would_refuse(world(), policy(exception()))) == []
    assert len(list(would_refuse(world(today=TODAY + timedelta(days=1)), policy(exception())))) == 1


def after(wanted: AdmissionPolicy, actions: tuple[str, ...]) -> World:
    """A World that has what the policy compiles to, as a source would read it."""
    objects = policies(wanted, actions=actions)
    mutating = defaulting(wanted)
    return world(
        validating_admission_policies=tuple(typed(Held, one) for one in objects[::2]),
        validating_admission_policy_bindings=tuple(typed(AdmissionPolicyBinding, one) for one in objects[1::2]),
        mutating_admission_policies=tuple(typed(Held, one) for one in mutating[::2]),
        mutating_admission_policy_bindings=tuple(typed(AdmissionPolicyBinding, one) for one in mutating[1::2]),
    )


def test_a_plan_warns_first_and_refuses_then() -> None:
    made = changes(world(), policy())
    assert [(one.stage, one.action) for one in made] == [("observe", Action.CREATE)] * 4 + [("enforce", Action.PATCH)] * 2
    assert made[1].after["spec"]["validationActions"] == ["Warn", "Audit"]
    assert made[4].before == {"spec": {"validationActions": ["Warn", "Audit"]}}
    assert made[4].after == {"spec": {"validationActions": ["Deny", "Audit"]}}


def test_a_world_that_has_it_all_needs_no_change() -> None:
    wanted = policy(exception(), defaults=("seccomp",))
    assert changes(after(wanted, ("Deny", "Audit")), wanted) == ()
    observed = changes(after(wanted, ("Warn", "Audit")), wanted)
    assert {(one.stage, one.action) for one in observed} == {("enforce", Action.PATCH)}


def test_a_renewed_exception_is_one_patch_with_its_undo() -> None:
    old, new = policy(exception()), policy(exception(expires=TODAY + timedelta(days=30)))
    (patch,) = changes(after(old, ("Deny", "Audit")), new)
    assert patch.action is Action.PATCH
    assert patch.before["spec"].keys() == patch.after["spec"].keys() == {"variables", "validations"}
    assert patch.before["spec"] == {
        key: value for key, value in policies(old)[0]["spec"].items() if key in patch.before["spec"]
    }


def test_what_is_no_longer_asked_for_is_unbound_and_what_others_made_is_left() -> None:
    made = changes(after(policy(), ("Deny", "Audit")), policy(controls=("POD-127",)))
    assert [(one.action, one.target.name) for one in made] == [(Action.DELETE, "ostiary-pod-148")]
    foreign = typed(AdmissionPolicyBinding, {"metadata": {"name": "ostiary-pod-148"}, "spec": {"policyName": "x"}})
    left = changes(world(validating_admission_policy_bindings=(foreign,)), policy(controls=("POD-127",)))
    assert Action.DELETE not in {one.action for one in left}


def test_defaults_are_never_chosen_and_say_what_they_may_break() -> None:
    assert defaulting(policy()) == ()
    made = changes(world(), policy(defaults=("seccomp",)))
    assert any("may break" in one.sentence for one in made)
    with pytest.raises(BadInput, match="no default"):
        defaulting(policy(defaults=("everything",)))


def test_static_files_carry_reserved_names_and_refer_to_one_another() -> None:
    files = static_files(policy(defaults=("seccomp",)), "/etc/kubernetes/ostiary")
    assert len(files) == 7
    objects = [json.loads(text) for path, text in files.items() if "/" in path]
    names = {one["metadata"]["name"] for one in objects}
    assert all(name.endswith(".static.k8s.io") for name in names)
    assert {one["spec"]["policyName"] for one in objects if "policyName" in one["spec"]} == names
    configuration = json.loads(files["admission-configuration.json"])
    assert [plugin["configuration"]["staticManifestsDir"] for plugin in configuration["plugins"]] == [
        "/etc/kubernetes/ostiary/validating",
        "/etc/kubernetes/ostiary/mutating",
    ]


@pytest.mark.parametrize("code", sorted({*SPEC, *CONTEXT}))
def test_a_trial_pod_violates_its_control(code: str) -> None:
    body = violating(code, "shop")
    assert body is not None
    made = Maker(Ref("Pod", "shop", "t"), Meta(), typed(Pod, body))
    assert violated(AdmissionPolicy(controls=(code,)), made) == (code,)
    assert BY_CODE[code].applies_at_admission


def test_a_trial_is_made_only_where_the_level_would_not_refuse_first() -> None:
    plain = trials(world(), policy())
    assert [one.admitted for one in plain] == [False, False, True]
    labelled = typed(Namespace, {"metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})
    held = World.of(Cluster(namespaces=(labelled,)), today=TODAY)
    assert [one.admitted for one in trials(held, policy())] == [True]
    assert trials(World.of(Cluster(), today=TODAY), policy()) == ()
    assert good("shop")["metadata"]["namespace"] == "shop"


def test_what_is_proved_is_enforced_and_nothing_else() -> None:
    proof = prove(world(), policy(exception()))
    assert isinstance(proof, Proof)
    plan = enforce(proof)
    assert plan.changes == changes(world(), policy(exception()))
    assert plan.stages == ("observe", "enforce")
    assert any(fact.startswith("posture shop ") for fact in plan.premises)


def test_a_workload_that_would_be_refused_refutes() -> None:
    refuted = prove(world(), policy())
    assert isinstance(refuted, Refutation)
    assert refuted.witnesses[0].subject == Ref("Deployment", "shop", "web")
    assert "spec.template.spec.containers[0].securityContext.privileged" in refuted.witnesses[0].reason


@pytest.mark.parametrize("kind", ["Pod", "ValidatingAdmissionPolicy", "MutatingWebhookConfiguration", ""])
def test_what_could_not_be_read_makes_it_unknown(kind: str) -> None:
    unread = world(bad=False, blind=(Blind(kind=kind, reason=Reason.FORBIDDEN),))
    assert isinstance(prove(unread, policy()), Unknown)
    assert isinstance(prove(world(bad=False), policy()), Proof)


def test_a_namespace_that_is_not_there_makes_it_unknown() -> None:
    assert isinstance(prove(world(bad=False), policy(namespaces=("shop", "typo"))), Unknown)
