"""A plan for people: a diff with sentences, by stage and object. Plain text for a terminal, markdown for a review. Deterministic.

    stage observe
      Namespace shop: warn about every pod above baseline
        - label pod-security.kubernetes.io/warn: "privileged"
        + label pod-security.kubernetes.io/warn: "baseline"
          also managed by argocd, which may write it back

The values of a Secret are not shown.
"""

from collections.abc import Iterable, Iterator, Mapping

from ostiary.apply.fields import Object, Path, at, field_name, leaves, written
from ostiary.apply.rehearse import Rehearsal
from ostiary.model.plan import Action, Change, Plan

_SECRET_FIELDS = ("data", "stringData")
_HIDDEN = "***"


def text(plan: Plan, stages: Iterable[str], rehearsal: Rehearsal | None = None) -> str:
    """The plan as plain text."""
    lines = [plan.claim]
    for stage in stages:
        lines += ["", f"stage {stage}"]
        for number, change in _of(plan, stage):
            lines += [f"  {change.sentence}", *(f"    {line}" for line in diff(number, change, rehearsal))]
        lines += [f"  then tried: {trial.sentence}" for trial in plan.trials if trial.stage == stage]
    lines += ["", *(f"assumed, and tried afterwards: {assumption}" for assumption in plan.assumptions)]
    return "\n".join(lines).rstrip()


def markdown(plan: Plan, stages: Iterable[str], rehearsal: Rehearsal | None = None) -> str:
    """The plan as markdown, each object's diff in a fenced block."""
    lines = [f"# {plan.claim}"]
    for stage in stages:
        lines += ["", f"## Stage {stage}"]
        for number, change in _of(plan, stage):
            lines += ["", change.sentence, "", "```diff", *diff(number, change, rehearsal), "```"]
        tried = [f"- then tried: {trial.sentence}" for trial in plan.trials if trial.stage == stage]
        lines += ["", *tried] if tried else []
    assumed = [f"- assumed, and tried afterwards: {assumption}" for assumption in plan.assumptions]
    return "\n".join([*lines, "", *assumed]).rstrip()


def diff(number: int, change: Change, rehearsal: Rehearsal | None = None) -> Iterator[str]:
    """The lines of one change: ``- field: old``, ``+ field: new``, then what the rehearsal found."""
    managers = rehearsal.managers.get(number, {}) if rehearsal else {}
    if change.action is not Action.PATCH:
        yield f"{'+' if change.action is Action.CREATE else '-'} {change.target.api_version} {change.target.ref}"
    for path in sorted(_paths(change)):
        yield from _field(change, path)
    if managers:
        yield f"  {_managed(managers)}"
    for found in rehearsal.outcomes if rehearsal else ():
        if found.change == number:
            yield from (f"  the API server warns: {warning}" for warning in found.warnings)
            if found.detail:
                yield f"  {found.status}: {found.detail}"


def _of(plan: Plan, stage: str) -> list[tuple[int, Change]]:
    return [(number, change) for number, change in enumerate(plan.changes) if change.stage == stage]


def _paths(change: Change) -> set[Path]:
    sides: tuple[Object, ...] = {
        Action.PATCH: (change.before, change.after),
        Action.CREATE: (change.after,),
        Action.DELETE: (change.before,),
    }[change.action]
    return {path for side in sides for path, _ in leaves(side) if path and path not in _SAID}


_SAID = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


def _field(change: Change, path: Path) -> Iterator[str]:
    old, new = at(change.before, path), at(change.after, path)
    if isinstance(old, Mapping) and old and not isinstance(new, Mapping):
        old = None  # its fields have lines of their own
    for sign, value in (("-", old), ("+", new)):
        if value is not None:
            yield f"{sign} {field_name(path)}: {_shown(change, path, value)}"


def _shown(change: Change, path: Path, value: object) -> str:
    secret = change.target.kind == "Secret" and path[0] in _SECRET_FIELDS
    return _HIDDEN if secret else written(value)


def _managed(managers: Mapping[Path, tuple[str, ...]]) -> str:
    names = sorted({name for found in managers.values() for name in found})
    return f"also managed by {', '.join(names)}, which may write it back"
