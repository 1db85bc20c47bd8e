"""The plan file: one JSON document with a format version and a digest over everything in it.

A file that was cut, edited or made by a newer ostiary is refused. The digest finds accidents and careless edits; it is no signature: whoever can
write the file can write another digest. What a plan may do is bounded by the rights of whoever applies it.

>>> sorted(envelope(Plan(pillar="pods", world="", claim="", stages=(), changes=())))
['digest', 'format', 'plan']
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from ostiary.adapters.files import write_atomically
from ostiary.apply.fields import leaves
from ostiary.core.canonical import digest
from ostiary.core.errors import BadInput
from ostiary.model.plan import Action, Change, Plan, Target, Trial

_KIND: Final = "ostiary.dev/plan/"
FORMAT: Final = _KIND + "v1"
_AGAIN = "make the plan anew: ostiary enforce PILLAR --save-plan FILE"


def plan_digest(plan: Plan) -> str:
    """The digest by which a journal and a plan file know that they speak of the same plan."""
    return digest({"format": FORMAT, "plan": msgspec.to_builtins(plan)})


def envelope(plan: Plan) -> dict[str, Any]:
    """The document that is written."""
    return {"format": FORMAT, "plan": msgspec.to_builtins(plan), "digest": plan_digest(plan)}


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan file, readable by its owner alone, whole or not at all."""
    write_atomically(path, msgspec.json.format(msgspec.json.encode(envelope(plan), order="sorted"), indent=1) + b"\n")


def read_plan(path: Path) -> Plan:
    """Read a plan file; BadInput when it is not a whole, unedited plan of a known format."""
    return open_envelope(path, decode(path))


def decode(path: Path) -> Any:
    """The JSON of a file, whatever it is."""
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", todo="is it the right file?") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is not a whole JSON document: {error}", todo=_AGAIN) from None


def open_envelope(where: Path, document: Any) -> Plan:
    """The plan in a document; ``where`` is named in errors."""
    form = document.get("format") if isinstance(document, dict) else None
    if not isinstance(form, str) or not form.startswith(_KIND):
        raise BadInput(f"{where} is not a plan", todo=_AGAIN)
    if form != FORMAT:
        raise BadInput(f"{where} has the format {form!r}; this ostiary reads {FORMAT!r}", todo="use the ostiary that wrote it")
    content = {key: value for key, value in document.items() if key != "digest"}
    if document.get("digest") != digest(content):
        raise BadInput(f"{where} is damaged or was edited: its digest does not fit", todo=_AGAIN)
    try:
        plan = msgspec.convert(content.get("plan"), Plan)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where}: {error}", todo=_AGAIN) from None
    if faults := faults_of(plan):
        raise BadInput(f"{where} cannot be performed: {faults[0]}", todo=_AGAIN)
    return plan


def faults_of(plan: Plan) -> tuple[str, ...]:
    """What makes a plan impossible to perform or to take back; nothing for every plan that a pillar makes."""
    faults = [f"change {number}: {fault}" for number, change in enumerate(plan.changes) for fault in _change(plan, change)]
    faults += [f"trial {number}: {fault}" for number, trial in enumerate(plan.trials) for fault in _trial(plan, trial)]
    order = [plan.stages.index(change.stage) for change in plan.changes if change.stage in plan.stages]
    if order != sorted(order):
        faults.append("its changes are not in the order of its stages")
    return tuple(faults)


def _change(plan: Plan, change: Change) -> list[str]:
    faults = _target(change.target)
    if change.stage not in plan.stages:
        faults.append(f"no stage is called {change.stage!r}")
    if change.action is Action.PATCH and not _same_fields(change):
        faults.append(f"{change.target.ref}: before and after do not name the same fields")
    if change.action is Action.CREATE and not _is(change.target, change.after):
        faults.append(f"{change.target.ref}: the object to create is another")
    if change.action is Action.DELETE and not _is(change.target, change.before):
        faults.append(f"{change.target.ref}: the object to delete is not kept whole, so it could not be put back")
    return faults


def _trial(plan: Plan, trial: Trial) -> list[str]:
    return _target(trial.target) + ([] if trial.stage in plan.stages else [f"no stage is called {trial.stage!r}"])


def _target(target: Target) -> list[str]:
    parts = (target.api_version, target.resource, target.namespace, target.name)
    clean = all(part.isprintable() and not set(part) & set("?#%\\ ") and ".." not in part.split("/") for part in parts)
    whole = (
        bool(target.api_version and target.resource and target.name)
        and "/" not in target.name + target.namespace + target.resource
    )
    return [] if clean and whole else [f"{target.ref} is no address of an object"]


def _same_fields(change: Change) -> bool:
    """Each field that one side names is named by the other, or lies in a field that the other sets or removes as a whole."""
    before, after = ({path for path, _ in leaves(side) if path} for side in (change.before, change.after))
    return bool(after) and all(_covered(path, after) for path in before) and all(_covered(path, before) for path in after)


def _covered(path: tuple[str, ...], named: set[tuple[str, ...]]) -> bool:
    return any(path[: len(other)] == other or other[: len(path)] == path for other in named)


def _is(target: Target, body: dict[str, Any]) -> bool:
    meta = body.get("metadata", {})
    wanted = (target.api_version, target.kind, target.namespace, target.name)
    return (body.get("apiVersion"), body.get("kind"), meta.get("namespace", ""), meta.get("name")) == wanted
