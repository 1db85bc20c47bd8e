"""Proved, refuted with the smallest witness, unknown with what is missing. Never green where something was not seen."""

import pytest
from tests.pillars.pods.worlds import HOST_PID, ORDINARY, PRIVILEGED, TAME, deployed, namespace, pod, workload, world

from ostiary.model.admission import OperationRule, Webhook, WebhookConfiguration
from ostiary.model.blind import Blind, Reason
from ostiary.model.intent import PodIntent
from ostiary.model.levels import Level
from ostiary.model.meta import Meta, Ref
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.workloads import LabelSelector
from ostiary.model.world import encode
from ostiary.pillars import pods
from ostiary.pillars.pods import LevelVersion, PodPolicy

POD_RULE = OperationRule(operations=("CREATE",), api_groups=("",), api_versions=("v1",), resources=("pods",))


def policy(level: Level = Level.RESTRICTED, version: str = "v1.37", ns: str = "shop") -> PodPolicy:
    return PodPolicy(levels={ns: LevelVersion(level, version)})


def test_proved_and_what_it_says() -> None:
    proof = pods.prove(made := deployed(TAME), policy())
    assert isinstance(proof, Proof)
    assert "shop restricted:v1.37" in proof.claim
    assert proof.world == made.digest
    assert any("exempts no user" in text for text in proof.assumptions)
    assert "blind-none" in proof.premises
    assert (
        Ref("Deployment", "shop", "web") in proof.premises.values() or Ref("Pod", "shop", "web-1-x") in proof.premises.values()
    )


def test_refuted_with_the_smallest_witness_first_naming_object_control_and_field() -> None:
    from ostiary.model.pods import Container, PodSpec

    large = PodSpec(containers=tuple(Container(name=f"c{i}") for i in range(4)))
    made = world(namespaces=[namespace("shop")], pods=[pod("a-large", large), pod("b-small", ORDINARY), pod("fine", TAME)])
    verdict = pods.prove(made, policy())
    assert isinstance(verdict, Refutation)
    assert [witness.subject.name for witness in verdict.witnesses] == ["b-small", "a-large"]
    assert 'violates PodSecurity "restricted:v1.37": allowPrivilegeEscalation != false' in verdict.witnesses[0].reason
    assert "spec.containers[0].securityContext.allowPrivilegeEscalation" in verdict.witnesses[0].reason


def test_a_template_refutes_with_its_own_field() -> None:
    verdict = pods.prove(world(namespaces=[namespace("shop")], deployments=[workload("web", HOST_PID)]), policy(Level.BASELINE))
    assert isinstance(verdict, Refutation)
    assert "[spec.template.spec.hostPID]" in verdict.witnesses[0].reason


def test_only_the_policys_namespaces_matter() -> None:
    made = world(namespaces=[namespace("shop"), namespace("other")], pods=[pod("a", TAME), pod("b", PRIVILEGED, ns="other")])
    assert isinstance(pods.prove(made, policy()), Proof)


@pytest.mark.parametrize(
    "blind",
    [
        Blind(kind="Pod", reason=Reason.FORBIDDEN),
        Blind(kind="Pod", namespace="shop", name="x", reason=Reason.UNREADABLE),
        Blind(kind="CronJob", group="batch", reason=Reason.TRUNCATED),
        Blind(reason=Reason.UNREADABLE),
        Blind(kind="Rollout", group="argoproj.io", namespace="shop", name="x", reason=Reason.UNKNOWN_TEMPLATE),
        Blind(kind="Namespace", name="shop", reason=Reason.MISSING_NAMESPACE),
        Blind(kind="MutatingWebhookConfiguration", reason=Reason.FORBIDDEN),
        Blind(kind="MutatingAdmissionPolicy", name="x", reason=Reason.UNKNOWN_VERSION),
    ],
)
def test_a_blind_spot_that_concerns_the_claim_is_unknown(blind: Blind) -> None:
    made = world(blind=(blind,), namespaces=[namespace("shop")], pods=[pod("a", TAME)])
    verdict = pods.prove(made, policy())
    assert isinstance(verdict, Unknown)
    assert [item.what for item in verdict.missing] == [blind]


@pytest.mark.parametrize(
    "blind",
    [
        Blind(kind="Pod", namespace="other", reason=Reason.FORBIDDEN),
        Blind(kind="Namespace", name="other", reason=Reason.MISSING_NAMESPACE),
        Blind(kind="Secret", reason=Reason.FORBIDDEN),
        Blind(kind="Issuer", group="cert-manager.io", namespace="shop", name="x", reason=Reason.UNKNOWN_KIND),
    ],
)
def test_a_blind_spot_elsewhere_is_not(blind: Blind) -> None:
    made = world(blind=(blind,), namespaces=[namespace("shop")], pods=[pod("a", TAME)])
    assert isinstance(pods.prove(made, policy()), Proof)


def test_a_witness_refutes_even_where_something_was_not_seen() -> None:
    made = world(blind=(Blind(reason=Reason.UNREADABLE),), namespaces=[namespace("shop")], pods=[pod("a", PRIVILEGED)])
    assert isinstance(pods.prove(made, policy()), Refutation)


def test_a_namespace_that_is_not_there_is_unknown() -> None:
    verdict = pods.prove(world(namespaces=[namespace("shop")]), policy(ns="shpo"))
    assert isinstance(verdict, Unknown)
    assert verdict.missing[0].what.name == "shpo"


@pytest.mark.parametrize(("version", "server"), [("v1.38", "v1.39.0"), ("v1.37", "v1.35.1"), ("v1.38", "")])
def test_a_version_that_ostiary_or_the_server_does_not_know_is_unknown(version: str, server: str) -> None:
    made = world(server=server, namespaces=[namespace("shop")], pods=[pod("a", TAME)])
    assert isinstance(pods.prove(made, policy(version=version)), Unknown)


def webhook(**how: object) -> WebhookConfiguration:
    return WebhookConfiguration(metadata=Meta(name="injector"), webhooks=(Webhook(name="i", **{"rules": (POD_RULE,), **how}),))  # type: ignore[arg-type]


def test_a_mutating_webhook_over_a_template_that_never_ran_is_unknown() -> None:
    made = world(namespaces=[namespace("shop")], deployments=[workload("web", TAME)], mutating_webhooks=[webhook()])
    verdict = pods.prove(made, policy())
    assert isinstance(verdict, Unknown)
    assert verdict.missing[0].what.reason is Reason.UNOBSERVED
    assert "injector" in verdict.missing[0].what.detail


def test_a_running_pod_shows_what_the_webhook_does() -> None:
    base = deployed(TAME).cluster
    sections = {name: getattr(base, name) for name in ("namespaces", "deployments", "replica_sets", "pods")}
    proof = pods.prove(world(mutating_webhooks=[webhook()], **sections), policy())
    assert isinstance(proof, Proof)
    assert any("injector" in text for text in proof.assumptions)
    assert {fact.split()[0] for fact in proof.premises} == {"blind-none", "labels", "mutator", "posture"}


def test_a_webhook_that_does_not_select_the_pod_is_nothing_to_it() -> None:
    elsewhere = webhook(namespace_selector=LabelSelector(match_labels={"kubernetes.io/metadata.name": "other"}))
    made = world(namespaces=[namespace("shop")], deployments=[workload("web", TAME)], mutating_webhooks=[elsewhere])
    assert isinstance(pods.prove(made, policy()), Proof)


def test_the_same_world_gives_the_same_bytes() -> None:
    one, two = (pods.prove(deployed(TAME), policy()) for _ in range(2))
    assert isinstance(one, Proof)
    assert isinstance(two, Proof)
    assert encode(one.certificate) == encode(two.certificate)


def test_a_new_posture_is_a_new_premise_and_one_more_replica_is_not() -> None:
    made = deployed(TAME)
    proof = pods.prove(made, policy())
    assert isinstance(proof, Proof)
    grown = world(
        namespaces=made.cluster.namespaces,
        deployments=made.cluster.deployments,
        replica_sets=made.cluster.replica_sets,
        pods=[*made.cluster.pods, pod("web-1-y", TAME, owner="ReplicaSet/web-1")],
    )
    assert set(pods.premises(grown, policy())) == set(proof.premises)
    other = world(namespaces=made.cluster.namespaces, pods=[pod("new", ORDINARY)])
    news = {fact: ref for fact, ref in pods.premises(other, policy()).items() if fact not in proof.premises}
    assert list(news.values()) == [Ref("Pod", "shop", "new")]
    blind = world(blind=(Blind(reason=Reason.UNREADABLE),), namespaces=made.cluster.namespaces)
    assert set(pods.premises(blind, policy())) - set(proof.premises)


def test_nothing_claimed_is_not_green_where_a_namespace_was_not_seen() -> None:
    unseen = Blind(kind="Namespace", name="shop", reason=Reason.MISSING_NAMESPACE)
    verdict = pods.prove(world(pods=[pod("a", PRIVILEGED)], blind=(unseen,)), PodPolicy(levels={}))
    assert isinstance(verdict, Unknown)
    assert [missing.what.name for missing in verdict.missing] == ["shop"]
    assert isinstance(pods.prove(world(), PodPolicy(levels={})), Proof)


@pytest.mark.parametrize("reason", [Reason.MISSING_NAMESPACE, Reason.UNREADABLE, Reason.DUPLICATE])
def test_what_the_intent_asks_of_every_namespace_it_asks_of_one_that_was_not_seen(reason: Reason) -> None:
    unseen = Blind(kind="Namespace", name="dark", reason=reason)
    for asked in (PodIntent(default=Level.BASELINE), PodIntent(levels={"dark": Level.BASELINE})):
        for spec, expected in ((HOST_PID, Refutation), (TAME, Unknown)):
            made = world(
                namespaces=[namespace("shop")],
                pods=[pod("a", spec, ns="dark")],
                deployments=[workload("w", spec, ns="dark")],
                blind=(unseen,),
                intent=asked,
                mutating_webhooks=[webhook()],
            )
            assert isinstance(verdict := pods.prove(made, pods.intended(made)), expected), verdict
