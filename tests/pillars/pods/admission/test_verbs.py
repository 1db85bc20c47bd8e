"""What is learned, asked for and rested on: never more than what runs can take, never looser than what stands, stale as soon as it no longer holds."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.pillars.pods.controls.examples import TODAY, context, good_pod, typed

from ostiary.apply.stale import new_premises
from ostiary.model.admission import AdmissionPolicy as Held
from ostiary.model.admission import AdmissionPolicyBinding
from ostiary.model.basics import Namespace
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.intent import AdmissionException, AdmissionIntent, Intent
from ostiary.model.meta import Meta
from ostiary.model.plan import Action, Plan
from ostiary.model.pods import Pod
from ostiary.model.verdict import Proof, Unknown
from ostiary.model.world import World
from ostiary.pillars.pods import admission
from ostiary.pillars.pods.admission import WORST, AdmissionPolicy, changes, defaulting, policies

PRIVILEGED = context(privileged=True)


def pod(name: str, body: dict[str, Any], namespace: str = "shop", **spec: Any) -> Pod:
    body = {**body, "metadata": {"name": name, "namespace": namespace}, "spec": {**body["spec"], **spec}}
    made: Pod = typed(Pod, body)
    return made


def world(*pods: Pod, asked: AdmissionIntent | None = None, days: int = 0, **sections: Any) -> World:
    spaces = tuple(Namespace(metadata=Meta(name=name)) for name in ("kube-system", "shop"))
    cluster = Cluster(namespaces=spaces, pods=pods, **sections)
    return World.of(cluster, today=TODAY + timedelta(days=days), intent=Intent(admission=asked))


def asked(**patch: Any) -> AdmissionIntent:
    return AdmissionIntent(**{"controls": ("POD-127",), "namespaces": ("shop",), **patch})


def exception(**patch: Any) -> AdmissionException:
    made = {"namespace": "shop", "kind": "Pod", "name": "agent", "controls": ("POD-127",), "owner": "ops", "reason": "agent"}
    return AdmissionException(**{**made, "expires": TODAY, **patch})


def standing(policy: AdmissionPolicy) -> dict[str, Any]:
    made = policies(policy)
    return {
        "validating_admission_policies": tuple(typed(Held, one) for one in made[::2]),
        "validating_admission_policy_bindings": tuple(typed(AdmissionPolicyBinding, one) for one in made[1::2]),
    }


def plan_of(seen: World) -> Plan:
    proof = admission.prove(seen, admission.intended(seen))
    assert isinstance(proof, Proof), proof
    return admission.enforce(proof)


def test_what_is_learned_is_what_nothing_running_violates_and_is_proved() -> None:
    seen = world(pod("agent", PRIVILEGED), pod("proxy", PRIVILEGED, "kube-system"), pod("web", good_pod()))
    learned = admission.learn(seen)
    assert set(learned.controls) == set(WORST) - {"POD-127"}
    assert "Pod shop/agent" in learned.left["POD-127"]
    assert "kube-system" not in learned.left["POD-127"]
    assert isinstance(admission.prove(seen, learned), Proof)
    too_much = AdmissionPolicy(controls=WORST, everywhere=True)
    assert not isinstance(admission.prove(seen, too_much), Proof)


def test_in_a_cluster_without_violations_all_of_the_worst_are_learned() -> None:
    assert set(admission.learn(world(pod("web", good_pod()))).controls) == set(WORST)


def test_what_is_learned_takes_nothing_away_and_what_is_asked_for_does() -> None:
    there = standing(AdmissionPolicy(controls=("POD-147",), namespaces=("shop",)))
    learned = plan_of(world(pod("web", good_pod()), **there))
    assert [one for one in learned.changes if one.target.name == "ostiary-pod-147"] == []
    wanted = plan_of(world(pod("web", good_pod()), asked=asked(), **there))
    assert [one.action for one in wanted.changes if one.target.name == "ostiary-pod-147"] == [Action.DELETE]


def test_a_default_that_is_asked_for_no_longer_is_taken_back_and_what_is_learned_leaves_it() -> None:
    rule, binding = defaulting(AdmissionPolicy(controls=(), namespaces=("shop",), defaults=("seccomp",)))
    there: dict[str, Any] = {
        "mutating_admission_policies": (typed(Held, rule),),
        "mutating_admission_policy_bindings": (typed(AdmissionPolicyBinding, binding),),
    }
    wanted = changes(world(**there), AdmissionPolicy(controls=(), namespaces=("shop",)))
    assert [(one.action, one.target.kind) for one in wanted] == [(Action.DELETE, "MutatingAdmissionPolicyBinding")]
    assert wanted[0].before["kind"] == "MutatingAdmissionPolicyBinding"
    learned = admission.learn(world(**there))
    assert learned.left == {"default seccomp": "it stands already"}
    assert [one for one in changes(world(**there), learned) if "default" in one.target.name] == []
    assert ("default seccomp", "as it is") in {(row[0], row[2]) for row in learned.rows()}


def test_the_intent_is_taken_as_it_is() -> None:
    seen = world(asked=asked(exceptions=(exception(),), defaults=("seccomp",), registries=("r.example.com/",)))
    policy = admission.intended(seen)
    assert (policy.controls, policy.namespaces, policy.defaults) == (("POD-127",), ("shop",), ("seccomp",))
    assert [str(one) for one in policy.exceptions] == ["Pod shop/agent"]
    assert policy.left == {}


def test_rows_name_every_control_once_and_whom_it_is_not_for() -> None:
    seen = world(pod("agent", PRIVILEGED))
    rows = list(admission.learn(seen).rows())
    assert [row[0] for row in rows] == sorted(WORST)
    assert {row[0] for row in rows if row[2] == "as it is"} == {"POD-127"}
    (row,) = AdmissionPolicy(
        controls=("POD-127",),
        namespaces=("shop",),
        exceptions=admission.intended(world(asked=asked(exceptions=(exception(),)))).exceptions,
    ).rows()
    assert row == ("POD-127", "privileged container", "shop", f"except Pod shop/agent until {TODAY.isoformat()} (ops: agent)")


def test_a_plan_carries_its_policy_and_rests_on_nothing_new_in_its_own_world() -> None:
    seen = world(pod("agent", PRIVILEGED), asked=asked(exceptions=(exception(),)))
    plan = plan_of(seen)
    assert plan.pillar == "admission"
    assert msgspec.convert(plan.policy, AdmissionPolicy) == admission.intended(seen)
    assert new_premises(plan, seen, lambda later: admission.premises_of(plan, later)) == ()


@pytest.mark.parametrize("later", ["next day", "other name", "new pod", "control plane", "unread"])
def test_a_world_that_was_not_proved_makes_the_plan_stale(later: str) -> None:
    """Each of these would let the enforced policy refuse something, or hold where it must not."""
    wanted = asked(exceptions=(exception(),))
    agent, other = pod("agent", PRIVILEGED), pod("other", PRIVILEGED)
    plan = plan_of(world(agent, asked=wanted))
    proxy = pod("proxy", good_pod(), "network", priorityClassName="system-node-critical")
    blind = Blind(kind="ValidatingAdmissionPolicy", reason=Reason.FORBIDDEN)
    moved = {
        "next day": world(agent, asked=wanted, days=1),
        "other name": world(other, asked=wanted),
        "new pod": world(agent, pod("web", good_pod()), asked=wanted),
        "control plane": world(agent, proxy, asked=wanted),
        "unread": world(agent, asked=wanted, blind=(blind,)),
    }[later]
    assert new_premises(plan, moved, lambda seen: admission.premises_of(plan, seen)) != ()


def test_what_the_plan_has_done_itself_is_no_news() -> None:
    seen = world(pod("web", good_pod()), asked=asked())
    plan = plan_of(seen)
    done = world(pod("web", good_pod()), asked=asked(), **standing(admission.intended(seen)))
    assert new_premises(plan, done, lambda later: admission.premises_of(plan, later)) == ()


def codes(seen: World) -> list[str]:
    return [one.code for one in admission.check(seen)]


def test_nothing_asked_for_is_nothing_found() -> None:
    assert codes(world(pod("agent", PRIVILEGED))) == []


def test_what_is_asked_for_and_not_held_is_found_until_it_stands() -> None:
    assert codes(world(asked=asked())) == ["POD-228"]
    assert codes(world(asked=asked(), **standing(AdmissionPolicy(controls=("POD-127",), namespaces=("shop",))))) == []
    unread = Blind(kind="ValidatingAdmissionPolicy", reason=Reason.FORBIDDEN)
    assert codes(world(asked=asked(), blind=(unread,))) == []


@pytest.mark.parametrize(
    ("name", "body", "days", "expected"),
    [
        ("agent", PRIVILEGED, 0, []),
        ("other", PRIVILEGED, 0, ["POD-229"]),
        ("agent", good_pod(), 0, ["POD-230"]),
        ("agent", PRIVILEGED, 1, ["POD-221"]),
    ],
)
def test_exceptions_that_excuse_nothing_are_found(name: str, body: dict[str, Any], days: int, expected: list[str]) -> None:
    seen = world(pod(name, body), asked=asked(exceptions=(exception(),)), days=days)
    assert [code for code in codes(seen) if code != "POD-228"] == expected


@pytest.mark.parametrize(
    "kind", ["ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "Pod"]
)
def test_what_could_not_be_read_is_unseen_once(kind: str) -> None:
    blind = Blind(kind=kind, reason=Reason.FORBIDDEN)
    assert [one.what for one in admission.unseen(world(blind=(blind,)))] == [blind]


def test_a_server_without_mutating_policies_can_hold_controls_and_no_defaults() -> None:
    old = (Blind(kind="MutatingAdmissionPolicy", reason=Reason.MISSING_RESOURCE),)
    assert admission.unseen(world(blind=old)) == ()
    for defaults, kind in ((), Proof), (("seccomp",), Unknown):
        seen = world(pod("web", good_pod()), asked=asked(defaults=defaults), blind=old)
        assert isinstance(admission.prove(seen, admission.intended(seen)), kind)


def test_a_server_without_validating_policies_can_hold_nothing() -> None:
    older = (Blind(kind="ValidatingAdmissionPolicy", reason=Reason.MISSING_RESOURCE),)
    seen = world(pod("web", good_pod()), blind=older)
    assert isinstance(admission.prove(seen, admission.learn(seen)), Unknown)
