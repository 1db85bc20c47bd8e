"""A proved policy as labels on namespaces, in two stages: first warn and audit, then enforce.

Only labels that have to change are named; a mode that is stricter already stays. On a World where the labels stand the plan is empty. The labels as
they were are read from the proof's certificate: nothing but the proof is needed, and nothing that was not proved is used.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ostiary.model.levels import Version
from ostiary.model.plan import Action, Change, Plan, Target
from ostiary.model.verdict import Proof
from ostiary.pillars.pods.labels import AUDIT, ENFORCE, PREFIX, WARN, Mode, stance
from ostiary.pillars.pods.policy import LevelVersion, PodPolicy
from ostiary.pillars.pods.trials import trials

OBSERVE_STAGE, ENFORCE_STAGE = "observe", "enforce"


def enforce(proof: Proof[PodPolicy]) -> Plan:
    """The plan of a proof."""
    present = _labels(proof.certificate)
    changes: list[Change] = []
    for stage in (OBSERVE_STAGE, ENFORCE_STAGE):
        for namespace in sorted(proof.policy.levels):
            changes += _changes(stage, namespace, proof.policy.levels[namespace], present[namespace])
    enforced = [change.target.name for change in changes if change.stage == ENFORCE_STAGE]
    return Plan(
        pillar="pods",
        world=proof.world,
        claim=proof.claim,
        stages=(OBSERVE_STAGE, ENFORCE_STAGE),
        changes=tuple(changes),
        trials=tuple(trial for name in enforced for trial in trials(ENFORCE_STAGE, name, proof.policy.levels[name])),
        premises=dict(proof.premises),
        assumptions=proof.assumptions,
        certificate=dict(proof.certificate),
    )


def _labels(certificate: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Labels by namespace, as the certificate shows them."""
    read = (json.loads(text) for text in certificate["texts"])
    metas = [value["metadata"] for value in read if isinstance(value, dict) and "metadata" in value]
    return {meta["name"]: meta.get("labels", {}) for meta in metas}


def _changes(stage: str, namespace: str, level: LevelVersion, labels: Mapping[str, str]) -> Iterator[Change]:
    said = stance(labels, newest=level.parsed)
    modes = {WARN: said.warn, AUDIT: said.audit} if stage == OBSERVE_STAGE else {ENFORCE: said.enforce}
    after: dict[str, str] = {}
    for mode, present in modes.items():
        if _tightened(present, level):
            after[f"{PREFIX}{mode}"] = str(level.level)
            after[f"{PREFIX}{mode}-version"] = level.version
    after = {key: value for key, value in after.items() if labels.get(key) != value}
    if after:
        yield Change(
            stage=stage,
            action=Action.PATCH,
            target=Target(api_version="v1", kind="Namespace", resource="namespaces", name=namespace),
            before={"metadata": {"labels": {key: labels.get(key) for key in after}}},
            after={"metadata": {"labels": after}},
            sentence=_sentence(stage, namespace, level),
        )


def _tightened(present: Mode, wanted: LevelVersion) -> bool:
    """Whether a mode has to change to hold the level, pinned; one that is stricter already does not."""
    if present.level > wanted.level:
        return False
    return present.level < wanted.level or not present.pinned or present.version != Version.parse(wanted.version)


def _sentence(stage: str, namespace: str, level: LevelVersion) -> str:
    above = f"every pod above {level.level} ({level.version})"
    if stage == OBSERVE_STAGE:
        return f"Namespace {namespace}: warn about and audit {above}; nothing is refused yet"
    return f"Namespace {namespace}: refuse {above}; pods that run already stay"
