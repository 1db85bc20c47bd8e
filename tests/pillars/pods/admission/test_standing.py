"""What no longer holds of the policies that stand: each finding on both sides, starting from what ostiary itself compiles."""

import copy
from datetime import date, timedelta
from typing import Any

import pytest
from tests.pillars.pods.controls.examples import TODAY, typed

from ostiary.model.admission import AdmissionPolicy as Held
from ostiary.model.admission import AdmissionPolicyBinding
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.world import World
from ostiary.pillars.pods.admission import AdmissionPolicy, WorkloadException, policies
from ostiary.pillars.pods.admission.standing import EVERY, found
from ostiary.pillars.pods.controls import CONTROLS

Object = dict[str, Any]
EXCEPTION = WorkloadException(
    namespace="shop", kind="Deployment", name="web", controls=("POD-127",), owner="ops", reason="agent", expires=TODAY
)
POLICY = AdmissionPolicy(controls=("POD-127",), namespaces=("shop",), exceptions=(EXCEPTION,))


def objects() -> tuple[Object, Object]:
    rule, binding = copy.deepcopy(policies(POLICY))
    return rule, binding


def codes(rules: list[Object], bindings: list[Object], *, today: date = TODAY, blind: tuple[Blind, ...] = ()) -> list[str]:
    cluster = Cluster(
        validating_admission_policies=tuple(typed(Held, one) for one in rules),
        validating_admission_policy_bindings=tuple(typed(AdmissionPolicyBinding, one) for one in bindings),
        blind=blind,
    )
    return [one.code for one in found(World.of(cluster, today=today))]


def test_what_stands_as_it_was_compiled_is_fine() -> None:
    every = AdmissionPolicy(
        controls=tuple(control.code for control in CONTROLS if control.applies_at_admission),
        everywhere=True,
        registries=("r.example.com/", "localhost/"),
    )
    made = policies(every)
    assert codes(list(made[::2]), list(made[1::2])) == []


def test_an_exception_is_outlived_on_the_day_after() -> None:
    rule, binding = objects()
    assert codes([rule], [binding]) == []
    assert codes([rule], [binding], today=TODAY + timedelta(days=1)) == ["POD-221"]


def test_a_binding_that_is_gone_or_only_warns() -> None:
    rule, binding = objects()
    assert codes([rule], []) == ["POD-222"]
    binding["spec"]["validationActions"] = ["Warn", "Audit"]
    assert codes([rule], [binding]) == ["POD-223"]


@pytest.mark.parametrize("field", ["validations", "variables"])
def test_an_edited_policy(field: str) -> None:
    rule, binding = objects()
    rule["spec"][field][0]["expression"] = "true"
    assert codes([rule], [binding]) == ["POD-224"]


def test_an_edited_exception_is_a_policy_of_another_day_and_not_an_edit() -> None:
    rule, binding = objects()
    renewed = policies(AdmissionPolicy(controls=("POD-127",), namespaces=("shop",)))[0]
    assert codes([renewed], [binding]) == []
    assert rule != renewed


def test_failing_open_is_found_in_anybodys_policy_about_pods() -> None:
    rule, binding = objects()
    rule["metadata"] = {"name": "theirs"}
    binding["spec"]["policyName"] = "theirs"
    assert codes([rule], [binding]) == []
    rule["spec"]["failurePolicy"] = "Ignore"
    assert codes([rule], [binding]) == ["POD-225"]
    rule["spec"]["matchConstraints"]["resourceRules"][0]["resources"] = ["configmaps"]
    assert codes([rule], [binding]) == []


def test_a_binding_without_its_policy() -> None:
    _, binding = objects()
    assert codes([], [binding]) == ["POD-226"]
    assert codes([], [binding], blind=(Blind(kind="ValidatingAdmissionPolicy", reason=Reason.FORBIDDEN),)) == []


def test_parameters_that_may_be_missing() -> None:
    rule, binding = objects()
    binding["spec"]["paramRef"] = {"name": "limits", "parameterNotFoundAction": "Allow"}
    assert codes([rule], [binding]) == ["POD-227"]
    binding["spec"]["paramRef"]["parameterNotFoundAction"] = "Deny"
    assert codes([rule], [binding]) == []


def test_codes_are_the_order() -> None:
    assert [one.code for one in EVERY] == [f"POD-{number}" for number in range(221, 221 + len(EVERY))]
