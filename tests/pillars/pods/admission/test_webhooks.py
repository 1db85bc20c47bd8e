"""What webhooks let by: each weakness on both sides, and the shapes in which Gatekeeper and Kyverno install themselves."""

from typing import Any

import msgspec
import pytest
from tests.pillars.pods.controls.examples import TODAY, typed

from ostiary.model.admission import OperationRule, WebhookConfiguration
from ostiary.model.basics import Namespace
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.network import Service
from ostiary.model.world import World
from ostiary.pillars.pods.admission.webhooks import EVERY, found, takes_in

CREATE_AND_UPDATE = [
    {
        "operations": ["CREATE", "UPDATE"],
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["pods", "pods/ephemeralcontainers"],
    }
]
BY_NAME = {
    "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["policy", "kube-system"]}]
}


def hook(**patch: Any) -> dict[str, Any]:
    """A webhook that nothing is wrong with."""
    service = {"namespace": "policy", "name": "engine"}
    made = {
        "name": "pods.example.com",
        "clientConfig": {"service": service},
        "failurePolicy": "Fail",
        "rules": CREATE_AND_UPDATE,
        "namespaceSelector": BY_NAME,
    }
    return {key: value for key, value in {**made, **patch}.items() if value is not None}


def world(one: dict[str, Any], *, mutating: bool = False, blind: tuple[Blind, ...] = (), name: str = "engine") -> World:
    configuration = typed(WebhookConfiguration, {"metadata": {"name": name}, "webhooks": [one]})
    section = {"mutating_webhooks" if mutating else "validating_webhooks": (configuration,)}
    namespaces = tuple(typed(Namespace, {"metadata": {"name": name}}) for name in ("kube-system", "policy", "shop"))
    service = typed(Service, {"metadata": {"name": "engine", "namespace": "policy"}})
    cluster = Cluster(namespaces=namespaces, services=(service,), server_version="v1.37.2", blind=blind, **section)
    return World.of(cluster, today=TODAY)


def codes(one: dict[str, Any], **how: Any) -> set[str]:
    return {finding.code for finding in found(world(one, **how))}


def rules(**patch: Any) -> list[dict[str, Any]]:
    return [{**CREATE_AND_UPDATE[0], **patch}]


# the good webhook leaves its own namespace out, and says so: POD-204
GOOD = {"POD-204"}


def test_nothing_else_is_wrong_with_the_good_one() -> None:
    assert codes(hook()) == GOOD


@pytest.mark.parametrize(
    ("code", "bad"),
    [
        ("POD-201", hook(failurePolicy="Ignore")),
        ("POD-202", hook(rules=rules(resources=["pods"]))),
        ("POD-203", hook(rules=[*rules(operations=["CREATE"]), *rules(resources=["pods/*"], operations=["CONNECT"])])),
        (
            "POD-205",
            hook(
                namespaceSelector={
                    "matchExpressions": [*BY_NAME["matchExpressions"], {"key": "skip", "operator": "DoesNotExist"}]
                }
            ),
        ),
        ("POD-206", hook(objectSelector={"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]})),
        ("POD-207", hook(matchConditions=[{"name": "not-nodes", "expression": "true"}])),
        ("POD-209", hook(clientConfig={"service": {"namespace": "policy", "name": "gone"}})),
        ("POD-210", hook(timeoutSeconds=30)),
        ("POD-211", hook(clientConfig={"url": "https://example.com/pods"})),
    ],
)
def test_each_weakness_is_found(code: str, bad: dict[str, Any]) -> None:
    assert code in codes(bad)
    assert code not in codes(hook())


def test_a_webhook_that_guards_its_own_namespace_is_a_deadlock() -> None:
    assert codes(hook(namespaceSelector=None)) == {"POD-208"}
    assert "POD-208" not in codes(hook(namespaceSelector=None, failurePolicy="Ignore"))


def test_workloads_alone_are_not_pods() -> None:
    only = rules(apiGroups=["apps"], resources=["deployments"])
    assert codes(hook(rules=only)) == {"POD-212"}
    assert codes(hook(rules=only), mutating=True) == set()


def test_a_mutating_webhook_need_not_see_updates() -> None:
    assert codes(hook(rules=rules(operations=["CREATE"], resources=["pods"])), mutating=True) == GOOD


def test_a_service_that_could_not_be_read_is_not_a_service_that_is_gone() -> None:
    bad = hook(clientConfig={"service": {"namespace": "policy", "name": "gone"}})
    assert "POD-209" not in codes(bad, blind=(Blind(kind="Service", reason=Reason.FORBIDDEN),))


def test_gatekeeper_as_it_installs_itself() -> None:
    """Every resource without subresources, failing open, by a label on namespaces."""
    gatekeeper = hook(
        name="validation.gatekeeper.sh",
        failurePolicy="Ignore",
        namespaceSelector={"matchExpressions": [{"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"}]},
        rules=[{"operations": ["CREATE", "UPDATE"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}],
    )
    findings = list(found(world(gatekeeper, name="gatekeeper-validating-webhook-configuration")))
    assert {one.code for one in findings} == {"POD-201", "POD-202", "POD-205"}
    assert all(one.reason.startswith("Gatekeeper: ") for one in findings)


@pytest.mark.parametrize(
    ("resources", "resource", "expected"),
    [
        (["*"], "pods", True),
        (["*"], "pods/ephemeralcontainers", False),
        (["*/*"], "pods", True),
        (["*/*"], "pods/ephemeralcontainers", True),
        (["pods/*"], "pods/ephemeralcontainers", True),
        (["pods/*"], "pods", True),
        (["*/ephemeralcontainers"], "pods/ephemeralcontainers", True),
        (["pods"], "pods/ephemeralcontainers", False),
        (["deployments"], "pods", False),
    ],
)
def test_rules_take_in_what_the_api_server_says(resources: list[str], resource: str, expected: bool) -> None:
    rule = msgspec.convert(
        {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": resources}, OperationRule
    )
    assert takes_in(rule, resource, "CREATE") is expected


def test_codes_are_the_order() -> None:
    assert [one.code for one in EVERY] == [f"POD-{number}" for number in range(201, 201 + len(EVERY))]
