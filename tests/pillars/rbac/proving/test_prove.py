"""Proposals and guardrails in one verdict: nothing used is taken, nothing new is given, and guardrails are asked of what comes after."""

import msgspec
import pytest
from tests.pillars.rbac.escalations.test_catalogue import right
from tests.pillars.rbac.proving.generated import TODAY
from tests.pillars.rbac.proving.test_chains import ANN, CROWN, bind, castle

from ostiary.model.blind import Blind, Reason
from ostiary.model.evidence import Evidence, Impersonator, Stream, Usage
from ostiary.model.meta import Ref
from ostiary.model.plan import Plan
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.world import World, encode
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy
from ostiary.pillars.rbac.proving.prove import premises, premises_of, prove
from ostiary.pillars.rbac.subject import SubjectKey
from ostiary.verifier import verify

NARROW = Ref("RoleBinding", "castle", "narrow")
STREAM = Stream(source="audit", since="2026-11-01T00:00:00Z", until="2026-11-20T00:00:00Z")


def used(words: str, name: str = "", **more: object) -> Usage:
    verb, resource = words.split()
    plain, _, sub = resource.partition("/")
    said = {"user": "ann", "verb": verb, "resource": plain, "subresource": sub, "namespace": "castle", "name": name}
    return msgspec.convert({**said, "first": "2026-11-02", "daily": (3, 1), **more}, Usage)


def world(narrow: str, *uses: Usage) -> World:
    return World.of(
        castle("", narrow).cluster, today=TODAY, evidence=Evidence(streams=(STREAM,), usage=tuple(sorted(uses, key=repr)))
    )


def proposing(*rules: str, guardrails: bool = False, replaces: tuple[Ref, ...] = (NARROW,)) -> RbacPolicy:
    one = Proposal(
        subject=SubjectKey("User", "ann"),
        outcome=Outcome.TIGHTEN,
        namespaced={"castle": tuple(map(right, rules))} if rules else {},
        replaces=replaces,
    )
    return RbacPolicy(proposals=(one,), guardrails=(CROWN,) if guardrails else ())


RIGHTS = "get,list pods; create serviceaccounts/token; get configmaps =a =b"


def test_what_was_used_stays_and_the_guardrail_holds_afterwards() -> None:
    made = world(RIGHTS, used("get pods", "throne"), used("get configmaps", "a"))
    assert isinstance(prove(made, RbacPolicy(guardrails=(CROWN,))), Refutation)
    proof = prove(made, proposing("get pods", "get configmaps =a", guardrails=True))
    assert isinstance(proof, Proof), proof
    assert verify(encode(proof.certificate), world=made.digest).claim == proof.claim
    assert "nobody gets more by them: User ann. Nobody but ServiceAccount castle/king reaches cluster-admin" in proof.claim


def test_a_guardrail_that_does_not_hold_afterwards_is_refuted() -> None:
    made = world(RIGHTS, used("create serviceaccounts/token", "king"))
    found = prove(made, proposing("create serviceaccounts/token =king", guardrails=True))
    assert isinstance(found, Refutation)
    assert found.witnesses[0].reason.startswith("breaks crown")


@pytest.mark.parametrize(
    ("use", "rules"),
    [
        (used("list pods"), ["get pods"]),
        (used("get pods", "throne"), ["get pods =kitchen"]),
        (used("get pods", "throne"), []),
        (used("get configmaps", many=True), ["get configmaps =a"]),
    ],
)
def test_what_was_used_and_is_taken_refutes(use: Usage, rules: list[str]) -> None:
    found = prove(world(RIGHTS, use), proposing(*rules))
    assert isinstance(found, Refutation)
    assert "would no longer be allowed to" in found.witnesses[0].reason


@pytest.mark.parametrize("rule", ["delete pods", "get secrets", "get configmaps", "get configmaps =c", "* pods", "get *"])
def test_what_is_more_than_before_refutes(rule: str) -> None:
    found = prove(world(RIGHTS), proposing(rule))
    assert isinstance(found, Refutation)
    assert "would get more than it has" in found.witnesses[0].reason


def test_rights_of_a_binding_that_stays_are_no_measure() -> None:
    """What is proposed has to be covered by what it takes the place of."""
    found = prove(world(RIGHTS), proposing("get pods", replaces=()))
    assert isinstance(found, Refutation)


def test_what_was_denied_or_is_not_allowed_now_may_be_taken() -> None:
    denied = used("delete pods", "throne", daily=(), denied=4)
    assert isinstance(prove(world(RIGHTS, denied, used("delete nodes")), proposing("get pods")), Proof)


def test_an_impersonator_keeps_what_it_impersonated_with() -> None:
    by = Impersonator(user="ann", groups=("system:authenticated",))
    use = msgspec.structs.replace(used("get pods", "throne"), user="system:serviceaccount:castle:king", by=by)
    rights = "impersonate serviceaccounts =king"
    assert isinstance(prove(world(rights, use), proposing(rights)), Proof)
    found = prove(world(rights, use), proposing())
    assert isinstance(found, Refutation)
    assert "(impersonated by ann)" in found.witnesses[0].reason


def test_fewer_facts_need_no_new_proof_and_more_do() -> None:
    policy = RbacPolicy(guardrails=(CROWN,))
    made = castle("get nodes", "get pods")
    fewer = World.of(msgspec.structs.replace(made.cluster, role_bindings=()), today=TODAY)
    assert set(premises(fewer, policy)) < set(premises(made, policy))
    further = (*made.cluster.role_bindings, bind("more", ANN, "wide", "castle"))
    more = World.of(msgspec.structs.replace(made.cluster, role_bindings=further), today=TODAY)
    news = set(premises(more, policy)) - set(premises(made, policy))
    assert {one.split()[0] for one in news} == {"bound"}
    pods = World.of(msgspec.structs.replace(made.cluster, pods=()), today=TODAY)
    assert premises(pods, policy) == premises(made, policy)


def test_a_plan_carries_the_policy_in_its_certificate() -> None:
    made = world(RIGHTS, used("get pods", "throne"))
    proof = prove(made, proposing("get pods"))
    assert isinstance(proof, Proof)
    plan = Plan(pillar="rbac", world=made.digest, claim=proof.claim, stages=(), changes=(), certificate=dict(proof.certificate))
    assert premises_of(plan, made) == proof.premises


@pytest.mark.parametrize(
    ("blind", "unknown"),
    [
        (Blind(kind="RoleBinding", group="rbac.authorization.k8s.io", namespace="castle", reason=Reason.FORBIDDEN), True),
        (Blind(kind="Secret", reason=Reason.FORBIDDEN), True),
        (Blind(kind="ServiceAccount", reason=Reason.TRUNCATED), True),
        (Blind(reason=Reason.UNREADABLE), True),
        (Blind(kind="Pod", reason=Reason.FORBIDDEN), False),
        (Blind(kind="Role", group="iam.example.com", reason=Reason.UNKNOWN_KIND), False),
    ],
)
def test_what_could_not_be_seen_makes_a_proof_unknown(blind: Blind, unknown: bool) -> None:
    made = World.of(msgspec.structs.replace(castle("", "").cluster, blind=(blind,)), today=TODAY)
    found = prove(made, RbacPolicy(guardrails=(CROWN,)))
    assert isinstance(found, Unknown if unknown else Proof)
    if isinstance(found, Proof):
        assert verify(encode(found.certificate)).claim == found.claim


def test_a_chain_that_is_seen_refutes_whatever_is_not() -> None:
    blind = (Blind(kind="ClusterRole", reason=Reason.FORBIDDEN),)
    made = World.of(msgspec.structs.replace(castle("* *.*", "").cluster, blind=blind), today=TODAY)
    assert isinstance(prove(made, RbacPolicy(guardrails=(CROWN,))), Refutation)
