"""What goes along with the changes: questions to the API server, the shadow in the evidence, and the way back."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.pillars.rbac import clusters
from tests.pillars.rbac.enforcing.proposals import drawn
from tests.pillars.rbac.shapes import PODS, SECRETS, bound, cluster, cluster_role

from ostiary.apply.files import faults_of
from ostiary.model.blind import Blind, Reason
from ostiary.model.evidence import Evidence, Usage
from ostiary.model.meta import Meta, Ref
from ostiary.model.pods import Pod, PodSpec
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.model.verdict import Missing, Proof, Unknown
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.enforce import Enforceable, enforce, giving_back, ready, with_steps
from ostiary.pillars.rbac.enforcing.afterwards import afterwards
from ostiary.pillars.rbac.enforcing.canary import canary
from ostiary.pillars.rbac.enforcing.shadow import shadow
from ostiary.pillars.rbac.enforcing.steps import CANARY, ENFORCE
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.subject import USER, SubjectKey

TODAY = date(2026, 11, 24)
SEEDS = st.integers(0, 2**32 - 1)
WEB_USER, BATCH_USER = "system:serviceaccount:shop:web", "system:serviceaccount:jobs:batch"
WEB, BATCH = SubjectKey(USER, WEB_USER), SubjectKey(USER, BATCH_USER)
BINDING = Ref("ClusterRoleBinding", "", "reader-holders")
LIST_PODS = Usage(user=WEB_USER, verb="get", resource="pods", namespace="shop", first="2026-10-01", daily=(3, 0, 4))


def account(namespace: str, name: str) -> Subject:
    return Subject(kind="ServiceAccount", namespace=namespace, name=name)


def world(*usage: Usage, rules: tuple[PolicyRule, ...] = (PODS, SECRETS)) -> World:
    there = cluster(
        cluster_role("reader", *rules),
        bound("reader", account("shop", "web"), account("jobs", "batch")),
        server_version="v1.37.2",
    )
    return World.of(there, today=TODAY, evidence=Evidence(usage=usage))


def proposal(key: SubjectKey, *rules: PolicyRule) -> Proposal:
    return Proposal(subject=key, outcome=Outcome.TIGHTEN, cluster_rules=rules, replaces=(BINDING,))


BOTH = RbacPolicy(proposals=(proposal(BATCH), proposal(WEB, PODS)))


def proved(made: Enforceable) -> Proof[Enforceable]:
    return Proof(claim="c", policy=made, world="w", premises={}, assumptions=(), certificate={})


def test_reviews_ask_for_what_is_used_and_for_what_is_taken() -> None:
    made = ready(world(LIST_PODS), BOTH, first=("shop",))
    said = [(one.stage, one.sentence, one.answer["status"]["allowed"]) for one in made.trials]
    assert said == [
        (CANARY, "ServiceAccount shop/web may still get pods in namespace shop", True),
        (CANARY, "ServiceAccount shop/web may no longer get secrets cluster-wide", False),
        (ENFORCE, "ServiceAccount jobs/batch may no longer get secrets cluster-wide", False),
        (ENFORCE, "ServiceAccount jobs/batch may no longer get pods cluster-wide", False),
    ]
    spec = made.trials[0].body["spec"]
    assert spec["user"] == WEB_USER
    assert spec["groups"] == ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"]
    assert spec["resourceAttributes"] == {"verb": "get", "resource": "pods", "namespace": "shop"}


def test_nothing_is_asked_for_that_another_binding_still_allows() -> None:
    other = bound("other", Subject(kind="Group", name="system:serviceaccounts:jobs"))
    there = cluster(
        cluster_role("reader", SECRETS),
        cluster_role("other", SECRETS),
        bound("reader", account("jobs", "batch")),
        other,
        server_version="v1.37.2",
    )
    made = ready(World.of(there, today=TODAY), RbacPolicy(proposals=(proposal(BATCH),)))
    assert made.changes
    assert made.trials == ()


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_every_review_has_the_answer_of_the_cluster_as_the_plan_leaves_it(seed: int) -> None:
    before, _, proposals, _ = drawn(seed)
    made = ready(World.of(before, today=TODAY), RbacPolicy(proposals=proposals))
    after = Authorizer(afterwards(before, made.changes))
    for trial in made.trials:
        spec = trial.body["spec"]
        words = {**spec.get("resourceAttributes", {}), **spec.get("nonResourceAttributes", {})}
        words["api_group"] = words.pop("group", "")
        decided = after.decide(Identity(spec["user"], tuple(spec["groups"])), Request(**words))
        assert decided.allowed == trial.answer["status"]["allowed"]


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_every_plan_can_be_performed_and_so_can_the_way_back(seed: int) -> None:
    before, _, proposals, _ = drawn(seed)
    proof = proved(ready(World.of(before, today=TODAY), RbacPolicy(proposals=proposals)))
    assert faults_of(enforce(proof)) == ()
    assert faults_of(giving_back(proof)) == ()


def test_a_verdict_that_is_no_proof_stays_what_it_is() -> None:
    unknown = Unknown("c", (Missing(Blind(reason=Reason.FORBIDDEN), "look again"),))
    assert with_steps(world(), unknown) is unknown


def test_shadow_tells_what_would_have_been_denied_and_nothing_else() -> None:
    secrets = Usage(user=BATCH_USER, verb="get", resource="secrets", namespace="jobs", first="2026-11-02", daily=(1, 0, 1))
    elsewhere = Usage(user="bob", verb="get", resource="secrets", first="2026-11-02", daily=(1,))
    probed = Usage(user=BATCH_USER, verb="delete", resource="nodes", first="2026-11-02", denied=9)
    seen = world(LIST_PODS, secrets, elsewhere, probed)
    found = shadow(seen, ready(seen, BOTH).changes)
    assert (found.kinds, found.requests, found.denied_already) == (3, 10, 1)
    (one,) = found.would_deny
    assert (one.user, one.request, one.times, one.days, one.last) == (
        BATCH_USER,
        "get secrets in namespace jobs",
        2,
        2,
        "2026-11-04",
    )
    assert shadow(seen, ()).would_deny == ()


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_way_back_gives_back_all_that_was_taken_and_no_more(seed: int) -> None:
    before, objects, proposals, random = drawn(seed)
    proof = proved(ready(World.of(before, today=TODAY), RbacPolicy(proposals=proposals)))
    after = afterwards(before, enforce(proof).changes)
    back = afterwards(after, giving_back(proof).changes)
    was, became = Authorizer(before), Authorizer(back)
    for who, request in clusters.questions(random, objects, 40):
        assert was.decide(who, request).allowed == became.decide(who, request).allowed, (who, request)


def pod(namespace: str, account_name: str, name: str) -> Pod:
    return Pod(metadata=Meta(name=name, namespace=namespace), spec=PodSpec(service_account_name=account_name))


def test_the_smallest_namespace_goes_first() -> None:
    there = replace(world().cluster, pods=(pod("jobs", "batch", "a"), pod("jobs", "batch", "b"), pod("shop", "web", "c")))
    assert canary(there, BOTH.proposals) == {WEB}
    assert canary(there, BOTH.proposals, ("jobs",)) == {BATCH}
    assert canary(there, BOTH.proposals[:1]) == frozenset()


def test_a_person_goes_first_when_all_that_they_lose_is_there() -> None:
    here, there = Ref("RoleBinding", "shop", "a"), Ref("RoleBinding", "jobs", "a")
    ann, bob = SubjectKey(USER, "ann"), SubjectKey(USER, "bob")
    some = [
        Proposal(subject=ann, outcome=Outcome.TIGHTEN, replaces=(here,)),
        Proposal(subject=bob, outcome=Outcome.TIGHTEN, replaces=(here, there)),
    ]
    assert canary(world().cluster, some, ("shop",)) == {ann}
