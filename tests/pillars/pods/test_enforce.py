"""Labels in stages: only what changes, never looser, nothing on a World where they stand; and no enforcement without a Proof."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.pods.worlds import LABEL, ORDINARY, TAME, deployed, namespace, world
from tests.pillars.strategies import pods as any_pods
from tests.pillars.strategies import typed

from ostiary.model.levels import Level
from ostiary.model.plan import Plan
from ostiary.model.pods import Pod
from ostiary.model.verdict import Proof
from ostiary.model.world import World
from ostiary.pillars import pods
from ostiary.pillars.pods import LevelVersion, PodPolicy
from ostiary.pillars.pods.standards import evaluate


def planned(made: World) -> Plan:
    proof = pods.prove(made, pods.learn(made))
    assert isinstance(proof, Proof)
    return pods.enforce(proof)


def labels(plan: Plan, stage: str) -> list[dict[str, Any]]:
    return [change.after["metadata"]["labels"] for change in plan.changes if change.stage == stage]


def test_warn_and_audit_first_then_enforce() -> None:
    plan = planned(deployed(ORDINARY))
    assert plan.stages == ("observe", "enforce")
    assert labels(plan, "observe") == [
        {
            LABEL + "warn": "baseline",
            LABEL + "warn-version": "v1.37",
            LABEL + "audit": "baseline",
            LABEL + "audit-version": "v1.37",
        }
    ]
    assert labels(plan, "enforce") == [{LABEL + "enforce": "baseline", LABEL + "enforce-version": "v1.37"}]
    assert plan.changes[0].before["metadata"]["labels"] == dict.fromkeys(plan.changes[0].after["metadata"]["labels"])
    assert "nothing is refused yet" in plan.changes[0].sentence


def test_before_is_what_stood() -> None:
    change = planned(deployed(TAME, enforce="baseline", enforce_version="v1.37")).changes[-1]
    assert change.before == {"metadata": {"labels": {LABEL + "enforce": "baseline"}}}
    assert change.after == {"metadata": {"labels": {LABEL + "enforce": "restricted"}}}


def test_a_stricter_warning_stays() -> None:
    plan = planned(deployed(ORDINARY, warn="restricted", audit="restricted"))
    assert labels(plan, "observe") == []


def test_trials_fall_on_the_side_they_say() -> None:
    for spec in (ORDINARY, TAME):
        plan = planned(deployed(spec))
        proposed = pods.learn(deployed(spec)).levels["shop"]
        refused, admitted = plan.trials
        assert not refused.admitted
        assert admitted.admitted
        assert len(evaluate(typed(refused.body), proposed.level)) == 1
        assert evaluate(typed(admitted.body), proposed.level) == ()
        assert refused.because == f'violates PodSecurity "{proposed}"'


def test_privileged_refuses_nothing_so_nothing_is_tried_to_be_refused() -> None:
    made = deployed(TAME)
    proof = pods.prove(made, PodPolicy(levels={"shop": LevelVersion(Level.PRIVILEGED, "v1.37")}))
    assert isinstance(proof, Proof)
    assert [trial.admitted for trial in pods.enforce(proof).trials] == [True]


def test_a_policy_never_loosens_a_label_that_stands() -> None:
    made = deployed(TAME, enforce="restricted", enforce_version="v1.37", warn="restricted", audit="restricted")
    proof = pods.prove(made, PodPolicy(levels={"shop": LevelVersion(Level.BASELINE, "v1.37")}))
    assert isinstance(proof, Proof)
    assert pods.enforce(proof).changes == ()


def test_the_plan_carries_the_proofs_premises_and_they_are_found_again_from_it() -> None:
    made = deployed(TAME)
    plan = planned(made)
    assert pods.premises_of(plan, made) == plan.premises


def applied(made: World, plan: Plan) -> World:
    """The World with the labels of the plan: what a real API server would hold afterwards."""
    patches: dict[str, dict[str, str]] = {}
    for change in plan.changes:
        patches.setdefault(change.target.name, {}).update(change.after["metadata"]["labels"])
    changed = []
    for one in made.cluster.namespaces:
        meta = msgspec.structs.replace(one.metadata, labels={**one.metadata.labels, **patches.get(one.metadata.name, {})})
        changed.append(msgspec.structs.replace(one, metadata=meta))
    return World.of(msgspec.structs.replace(made.cluster, namespaces=tuple(changed)), today=made.today)


LEVELS = st.sampled_from([None, "privileged", "baseline", "restricted"])
VERSIONS = st.sampled_from([None, "latest", "v1.24", "v1.37", "v1.99"])


@given(
    st.lists(any_pods(), max_size=3),
    st.fixed_dictionaries({"enforce": LEVELS, "warn": LEVELS, "enforce_version": VERSIONS, "warn_version": VERSIONS}),
)
def test_enforcing_twice_changes_nothing_more(found: list[Pod], said: dict[str, str | None]) -> None:
    renamed = [
        msgspec.structs.replace(one, metadata=msgspec.structs.replace(one.metadata, name=f"p{i}", namespace="shop"))
        for i, one in enumerate(found)
    ]
    made = world(
        server="", namespaces=[namespace("shop", **{key: value for key, value in said.items() if value})], pods=renamed
    )
    plan = planned(made)
    again = planned(applied(made, plan))
    assert again.changes == ()
    assert again.trials == ()


MISUSE = """
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.pillars import Pillar, pods
from ostiary.pillars.pods import PodPolicy

def misuse(policy: PodPolicy, refutation: Refutation, unknown: Unknown, other: Proof[int], proof: Proof[PodPolicy]) -> None:
    pods.enforce(policy)
    pods.enforce(refutation)
    pods.enforce(unknown)
    pods.enforce(other)
    pods.enforce(proof)

pillar: Pillar[PodPolicy] = pods
"""


def test_the_type_checker_lets_nothing_be_enforced_but_a_proof(tmp_path: Path) -> None:
    """Lines 7 to 10 hand over a policy, a Refutation, an Unknown and a Proof of something else: each is an error, and nothing else is."""
    file = tmp_path / "misuse.py"
    file.write_text(MISUSE)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(tmp_path / "cache"),
        str(file),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout
    wrong = [line.split(":")[1] for line in said.splitlines() if "error:" in line]
    assert wrong == ["7", "8", "9", "10"], said
    assert said.count("[arg-type]") == 4
