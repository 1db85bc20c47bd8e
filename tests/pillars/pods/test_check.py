"""Findings: one for one owner, the fix names the owner's own field, and silence where all is well."""

from datetime import timedelta
from typing import Any

from msgspec import structs
from tests.pillars.pods.worlds import ORDINARY, PRIVILEGED, TAME, TODAY, deployed, exception, namespace, pod, workload, world

from ostiary.model.admission import OperationRule, Webhook, WebhookConfiguration
from ostiary.model.blind import Blind, Reason
from ostiary.model.finding import Finding, Severity
from ostiary.model.intent import PodIntent
from ostiary.model.levels import Level
from ostiary.model.meta import Meta, Ref
from ostiary.model.workloads import CronJob, CronJobSpec
from ostiary.model.world import World
from ostiary.pillars import pods


def codes(found: World) -> list[tuple[str, str]]:
    """Findings about the levels; the further controls have their own tests."""
    return [(finding.code, str(finding.subject)) for finding in pods.check(found) if finding.code.startswith("POD-0")]


def only(found: World, code: str) -> Finding:
    (finding,) = [finding for finding in pods.check(found) if finding.code == code]
    return finding


def test_a_tame_and_pinned_namespace_has_no_finding() -> None:
    assert codes(deployed(TAME, enforce="restricted", enforce_version="v1.37")) == []


def test_check_includes_the_further_controls_and_the_webhooks() -> None:
    shop = deployed(PRIVILEGED, enforce="privileged")
    hook = WebhookConfiguration(
        metadata=Meta(name="policy"),
        webhooks=(
            Webhook(
                name="pods.policy.example",
                failure_policy="Ignore",
                rules=(OperationRule(operations=("CREATE",), api_groups=("",), api_versions=("v1",), resources=("pods",)),),
            ),
        ),
    )
    hooked = World.of(structs.replace(shop.cluster, validating_webhooks=(hook,)), today=TODAY)
    found = {finding.code[:5] for finding in pods.check(hooked)}
    assert found == {"POD-0", "POD-1", "POD-2"}


def test_pods_of_a_deployment_are_one_finding_whose_fix_names_the_deployments_field() -> None:
    finding = only(deployed(PRIVILEGED, enforce="privileged"), "POD-002")
    assert finding.subject == Ref("Deployment", "shop", "web")
    assert finding.severity is Severity.HIGH
    assert finding.witness == "spec.template.spec.containers[0].securityContext.privileged"
    assert finding.fix.startswith("in Deployment shop/web: spec.template.spec.containers[0].securityContext.privileged:")


def test_a_pod_that_was_changed_on_creation_is_the_witness_when_its_template_is_fine() -> None:
    finding = only(deployed(TAME, shown=PRIVILEGED, enforce="privileged"), "POD-002")
    assert finding.subject == Ref("Deployment", "shop", "web")
    assert finding.witness.startswith("Pod shop/web-1-x: spec.containers[0]")
    assert finding.fix.startswith("Deployment shop/web itself is admitted: Pod shop/web-1-x comes from an older template")


def test_a_pod_of_an_owner_that_was_not_read_says_which_owner() -> None:
    made = world(
        namespaces=[namespace("shop", enforce="privileged")], pods=[pod("db-0", PRIVILEGED, owner="PostgresCluster/db")]
    )
    assert "PostgresCluster db" in only(made, "POD-002").fix


def test_a_cron_jobs_field_is_two_templates_deep() -> None:
    job = workload("", PRIVILEGED)
    cron = CronJob(metadata=Meta(name="night", namespace="shop"), spec=CronJobSpec(job_template=job))
    made = world(namespaces=[namespace("shop", enforce="privileged")], cron_jobs=[cron])
    assert only(made, "POD-002").witness == "spec.jobTemplate.spec.template.spec.containers[0].securityContext.privileged"


def test_owners_in_a_circle_do_not_hang() -> None:
    made = world(
        namespaces=[namespace("shop", enforce="privileged")],
        replica_sets=[workload("a", PRIVILEGED, owner="ReplicaSet/b"), workload("b", PRIVILEGED, owner="ReplicaSet/a")],
    )
    assert [code for code, _ in codes(made)] == ["POD-002", "POD-002"]


def test_above_restricted_only() -> None:
    assert codes(deployed(ORDINARY, enforce="baseline", enforce_version="v1.37")) == [("POD-003", "Deployment shop/web")]


def test_a_namespace_without_a_level_and_with_pods() -> None:
    assert ("POD-001", "Namespace shop") in codes(deployed(TAME))
    assert codes(world(namespaces=[namespace("empty")])) == []


def test_pods_that_the_namespaces_own_label_would_no_longer_admit() -> None:
    found = codes(deployed(PRIVILEGED, enforce="baseline", enforce_version="v1.37"))
    assert ("POD-004", "Deployment shop/web") in found


def test_finished_pods_are_silent() -> None:
    made = world(namespaces=[namespace("shop", enforce="privileged")], pods=[pod("debug", PRIVILEGED, phase="Succeeded")])
    assert codes(made) == []


def test_labels_with_typos() -> None:
    made = world(
        namespaces=[namespace("shop", enforce="restrcted", warn_version="1.37", audit_version="v1.38", enforced="baseline")]
    )
    found = [code for code, _ in codes(made)]
    assert found.count("POD-005") == 1
    assert found.count("POD-006") == 2
    assert found.count("POD-007") == 1


def test_latest_is_said() -> None:
    assert codes(deployed(TAME, enforce="restricted")) == [("POD-011", "Namespace shop")]


def test_intent_not_met_and_exceptions_to_the_day() -> None:
    base = deployed(TAME, enforce="baseline", enforce_version="v1.37")
    for expires, expected in ((TODAY, []), (TODAY - timedelta(days=1), ["POD-008", "POD-009"])):
        intent = PodIntent(default=Level.RESTRICTED, exceptions=(exception("shop", Level.BASELINE, expires),))
        made = world(intent=intent, namespaces=base.cluster.namespaces, deployments=base.cluster.deployments)
        assert [code for code, _ in codes(made)] == expected


def test_intent_that_names_a_namespace_that_is_not_there() -> None:
    made = world(intent=PodIntent(levels={"shpo": Level.BASELINE}), namespaces=[namespace("shop")])
    assert codes(made) == [("POD-010", "Namespace shpo")]


def test_worst_first_and_the_same_every_time() -> None:
    made = world(
        namespaces=[namespace("a"), namespace("b", enforce="latest")],
        pods=[pod("x", PRIVILEGED, ns="a"), pod("y", ORDINARY, ns="b")],
    )
    severities = [list(Severity).index(finding.severity) for finding in pods.check(made)]
    assert severities == sorted(severities)
    assert list(pods.check(made)) == list(pods.check(made))


def test_what_could_not_be_seen_is_surfaced_and_the_rest_is_not() -> None:
    blind = (
        Blind(kind="Pod", reason=Reason.FORBIDDEN),
        Blind(reason=Reason.UNREADABLE, where="x.yaml"),
        Blind(kind="Rollout", group="argoproj.io", reason=Reason.UNKNOWN_TEMPLATE),
        Blind(kind="MutatingWebhookConfiguration", reason=Reason.FORBIDDEN),
        Blind(kind="Secret", reason=Reason.FORBIDDEN),
        Blind(kind="Certificate", group="cert-manager.io", reason=Reason.UNKNOWN_KIND),
        Blind(kind="MutatingAdmissionPolicy", reason=Reason.MISSING_RESOURCE),
    )
    missing = pods.unseen(world(blind=blind))
    assert [item.what for item in missing] == list(blind[:5])  # the further controls look at Secrets
    assert all(item.todo for item in missing)


def test_a_stored_volume_of_a_source_unknown_to_ostiary_is_not_taken_for_an_empty_directory() -> None:
    from ostiary.model.pods import PodSpec, Volume

    spec = PodSpec(containers=TAME.containers, security_context=TAME.security_context, volumes=(Volume(name="new"),))
    shown: dict[str, Any] = {"namespaces": [namespace("shop")], "pods": [pod("a", spec)]}
    assert [item.what.reason for item in pods.unseen(world(**shown))] == [Reason.UNKNOWN_VERSION]
    assert pods.unseen(world(server="", **shown)) == ()
