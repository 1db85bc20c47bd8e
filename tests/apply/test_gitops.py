"""A plan as manifests says exactly what the plan would do, stage by stage."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.apply.plans import PREFIX, label, labels, namespace, role, role_object, staged

from ostiary.apply.fields import merged
from ostiary.apply.gitops import files
from ostiary.core.errors import BadInput
from ostiary.model.plan import Action, Change, Plan

NAMES = st.lists(st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), unique=True, min_size=1, max_size=4)


def objects(written: dict[str, str], stage: str) -> dict[str, Any]:
    """The objects of a stage by name, as its kustomization lists them."""
    listed = yaml.safe_load(written[f"{stage}/kustomization.yaml"])["resources"]
    found = [yaml.safe_load(written[f"{stage}/{name}"]) for name in listed]
    return {value["metadata"]["name"]: value for value in found}


@given(NAMES)
def test_each_stage_is_complete_in_itself(names: list[str]) -> None:
    plan = staged(*names)
    written = files(plan)
    for number, stage in enumerate(plan.stages):
        wanted: dict[str, Any] = {}
        for change in plan.changes:
            if change.stage in plan.stages[: number + 1]:
                wanted[change.target.name] = merged(wanted.get(change.target.name), change.after)
        for name, value in objects(written, stage).items():
            assert value["metadata"]["labels"] == wanted[name]["metadata"]["labels"]
        assert set(objects(written, stage)) == set(names)


def test_a_patched_object_holds_the_fields_of_the_patch_and_nothing_else() -> None:
    shop = objects(files(staged("shop")), "observe")["shop"]
    assert shop == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {PREFIX + "warn": "baseline"}},
    }


def of(*changes: Change) -> Plan:
    return Plan(pillar="pods", world="0" * 64, claim="c", stages=("observe", "enforce"), changes=changes)


def test_objects_of_one_name_in_two_namespaces_do_not_meet() -> None:
    made = [
        Change(stage="observe", action=Action.CREATE, target=role("r", s), after=role_object("r", s, "get"), sentence="s")
        for s in ("a-b", "a")
    ]
    written = files(of(*made))
    assert {name for name in written if name.startswith("observe/role")} == {"observe/role_a-b_r.yaml", "observe/role_a_r.yaml"}


@pytest.mark.parametrize(
    "change",
    [
        label("observe", "shop", "warn", "baseline", None),
        Change(stage="observe", action=Action.DELETE, target=namespace("shop"), before=labels(), sentence="s"),
    ],
)
def test_a_removal_is_refused_with_the_object_named(change: Change) -> None:
    with pytest.raises(BadInput, match="Namespace shop"):
        files(of(change))


def test_text_that_looks_like_something_else_stays_text() -> None:
    written = files(of(label("observe", "shop", "warn", None, "yes")))
    assert objects(written, "observe")["shop"]["metadata"]["labels"] == {PREFIX + "warn": "yes"}


def test_a_plan_without_changes_writes_nothing() -> None:
    assert files(of()) == {}
