"""Which webhooks and mutating policies may be asked when a pod is created: errs towards yes."""

from typing import Any

import pytest
from tests.pillars.pods.worlds import world

from ostiary.model.admission import (
    AdmissionPolicy,
    AdmissionPolicyBinding,
    AdmissionPolicyBindingSpec,
    AdmissionPolicySpec,
    Expression,
    MatchResources,
    OperationRule,
)
from ostiary.model.meta import Meta
from ostiary.model.workloads import LabelRequirement, LabelSelector
from ostiary.pillars.pods.mutators import creates_pods, scopes, selects


def rule(**how: Any) -> OperationRule:
    plain: dict[str, Any] = {"operations": ("CREATE",), "api_groups": ("",), "api_versions": ("v1",), "resources": ("pods",)}
    return OperationRule(**{**plain, **how})


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"operations": ("*",)},
        {"operations": ("UPDATE", "CREATE")},
        {"api_groups": ("apps", "*")},
        {"api_versions": ("*",)},
        {"resources": ("*",)},
        {"resources": ("*/*",)},
        {"resources": ("pods/*",)},
        {"scope": "Namespaced"},
        {"resource_names": ("some",)},
    ],
)
def test_rules_that_take_in_the_creation_of_pods(how: dict[str, object]) -> None:
    assert creates_pods(rule(**how))


@pytest.mark.parametrize(
    "how",
    [
        {"operations": ("UPDATE",)},
        {"operations": ()},
        {"api_groups": ("apps",)},
        {"api_versions": ("v2",)},
        {"resources": ("pods/status",)},
        {"resources": ("deployments",)},
        {"scope": "Cluster"},
    ],
)
def test_rules_that_do_not(how: dict[str, object]) -> None:
    assert not creates_pods(rule(**how))


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", ("a",), {"k": "a"}, True),
        ("In", ("a",), {}, False),
        ("NotIn", ("a",), {"k": "a"}, False),
        ("NotIn", ("a",), {}, True),
        ("Exists", (), {"k": ""}, True),
        ("Exists", (), {}, False),
        ("DoesNotExist", (), {"k": ""}, False),
        ("DoesNotExist", (), {}, True),
        ("Gt", ("1",), {}, True),
    ],
)
def test_expressions(operator: str, values: tuple[str, ...], labels: dict[str, str], expected: bool) -> None:
    selector = LabelSelector(match_expressions=(LabelRequirement(key="k", operator=operator, values=values),))
    assert selects(selector, labels) is expected


def test_absent_and_empty_selectors_select_everything() -> None:
    assert selects(None, {})
    assert selects(LabelSelector(), {})
    assert not selects(LabelSelector(match_labels={"a": "b"}), {"a": "c"})


def policy(match: MatchResources, **how: object) -> AdmissionPolicy:
    return AdmissionPolicy(metadata=Meta(name="set-defaults"), spec=AdmissionPolicySpec(match_constraints=match, **how))  # type: ignore[arg-type]


def binding(match: MatchResources | None = None, name: str = "set-defaults") -> AdmissionPolicyBinding:
    return AdmissionPolicyBinding(
        metadata=Meta(name="b"), spec=AdmissionPolicyBindingSpec(policy_name=name, match_resources=match)
    )


PODS = MatchResources(resource_rules=(rule(),))


def test_a_policy_counts_when_it_is_bound() -> None:
    assert scopes(world(mutating_admission_policies=[policy(PODS)])) == ()
    assert (
        scopes(world(mutating_admission_policies=[policy(PODS)], mutating_admission_policy_bindings=[binding(name="other")]))
        == ()
    )
    (scope,) = scopes(world(mutating_admission_policies=[policy(PODS)], mutating_admission_policy_bindings=[binding()]))
    assert scope.may_change({}, {})


def test_match_conditions_may_match() -> None:
    bound = policy(PODS, match_conditions=(Expression(name="never", expression="false"),))
    assert scopes(world(mutating_admission_policies=[bound], mutating_admission_policy_bindings=[binding()]))


def test_both_selectors_have_to_match_and_plain_exclusions_exclude() -> None:
    narrowed = binding(MatchResources(namespace_selector=LabelSelector(match_labels={"team": "a"})))
    (scope,) = scopes(world(mutating_admission_policies=[policy(PODS)], mutating_admission_policy_bindings=[narrowed]))
    assert scope.may_change({"team": "a"}, {})
    assert not scope.may_change({"team": "b"}, {})
    excluded = policy(MatchResources(resource_rules=(rule(),), exclude_resource_rules=(rule(),)))
    assert scopes(world(mutating_admission_policies=[excluded], mutating_admission_policy_bindings=[binding()])) == ()
