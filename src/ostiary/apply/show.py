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
from ostiary.apply.rehearse import Numbered, Rehearsal
from ostiary.model.plan import Action, Change, Plan

_SECRET_FIELDS = ("data", "stringData")
_HIDDEN = "***"


def text(plan: Plan, stages: Iterable[str], rehearsal: Rehearsal | None = None) -> str:
    """The plan as plain text."""
    lines = [plan.claim]
    for stage in stages:
        lines += ["", f"stage {stage}", *_block(_of(plan, stage), rehearsal)]
        lines += [f"  then tried: {trial.sentence}" for trial in plan.trials if trial.stage == stage]
    lines += ["", *(f"assuming: {assumption}" for assumption in plan.assumptions)]
    return "\n".join(lines).rstrip()


def undo_text(changes: Iterable[Numbered], rehearsal: Rehearsal | None = None) -> str:
    """What an undo would do, as plain text."""
    return "\n".join(["undo", *_block(changes, rehearsal)])


def _block(changes: Iterable[Numbered], rehearsal: Rehearsal | None) -> Iterator[str]:
    for number, change in changes:
        yield f"  {change.sentence}"
        yield from (f"    {line}" for line in diff(number, change, rehearsal))


def markdown(plan: Plan, stages: Iterable[str], rehearsal: Rehearsal | None = None) -> str:
    """The plan as markdown, each object's diff in a fenced block."""
    lines = [f"# {plan.claim}"]
    for stage in stages:
        lines += ["", f"## Stage {stage}"]
        for number, change in _of(plan, stage):
            lines += ["", change.sentence, "", "```diff", *diff(number, change, rehearsal), "```"]
        tried = [f"- then tried: {trial.sentence}" for trial in plan.trials if trial.stage == stage]
        lines += ["", *tried] if tried else []
    assumed = [f"- assuming: {assumption}" for assumption in plan.assumptions]
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


def _of(plan: Plan, stage: str) -> list[Numbered]:
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
    for sign, value in (("-", at(change.before, path)), ("+", at(change.after, path))):
        fields_below = isinstance(value, Mapping) and value  # they have lines of their own
        if value is not None and not fields_below:
            yield f"{sign} {field_name(path)}: {_shown(change, path, value)}"


def _shown(change: Change, path: Path, value: object) -> str:
    secret = change.target.kind == "Secret" and path[0] in _SECRET_FIELDS
    return _HIDDEN if secret else written(value)


def _managed(managers: Mapping[Path, tuple[str, ...]]) -> str:
    names = sorted({name for found in managers.values() for name in found})
    return f"also managed by {', '.join(names)}, which may write it back"
