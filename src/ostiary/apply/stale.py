"""Whether a plan is stale: whether the cluster shows a fact that the proof did not know.

A proof says "for all premises": a World with fewer of them needs no new proof, one with another does. What ostiary has done itself is no news:
changes of the plan that already stand are taken out of the World before its premises are asked for, so a plan can be continued, and its stages
applied a week apart.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ostiary.apply.fields import holds, merged
from ostiary.core.errors import Refused
from ostiary.model import kinds
from ostiary.model.kinds import Kind
from ostiary.model.meta import Ref
from ostiary.model.plan import Action, Change, Plan
from ostiary.model.sealed import Annotations, Sealed
from ostiary.model.value import Value
from ostiary.model.world import World, write_hook

Premises = Callable[[World], Mapping[str, Ref]]

_SHOWN = 5  # of the new premises in one message


def refuse_stale(plan: Plan, world: World, premises: Premises) -> None:
    """Raise Refused, naming the objects, when the World shows a premise that the plan was not proved for."""
    news = new_premises(plan, world, premises)
    if not news:
        return
    lines = [f"{ref} is new or changed, and was never proved ({fact})" for fact, ref in news[:_SHOWN]]
    if len(news) > _SHOWN:
        lines.append(f"and {len(news) - _SHOWN} more")
    raise Refused(
        "the plan is stale, nothing was changed: " + "\n  ".join(lines),
        todo=f"make the plan anew on the cluster as it is now: ostiary enforce {plan.pillar} --save-plan FILE",
    )


def new_premises(plan: Plan, world: World, premises: Premises) -> tuple[tuple[str, Ref], ...]:
    """The premises of the World, without the plan's own doing, that the plan does not have; sorted."""
    found = premises(without(plan.changes, world))
    return tuple((fact, found[fact]) for fact in sorted(found) if fact not in plan.premises)


def without(changes: Sequence[Change], world: World) -> World:
    """The World as it would be had none of the changes that stand in it been made. A deleted object stays away: only its absence can be seen."""
    sections: dict[str, dict[tuple[str, str], Value]] = {}
    for change in reversed(changes):
        kind = kinds.find(_group(change.target.api_version), change.target.kind)
        if kind is not None:
            _take_out(change, kind, sections.setdefault(kind.section, _by_name(world, kind)))
    rewound = {name: tuple(objects[key] for key in sorted(objects)) for name, objects in sections.items()}
    changed = {name: objects for name, objects in rewound.items() if objects != getattr(world.cluster, name)}
    if not changed:
        return world
    cluster = msgspec.structs.replace(world.cluster, **changed)
    return World.of(cluster, today=world.today, evidence=world.evidence, intent=world.intent)


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _by_name(world: World, kind: Kind) -> dict[tuple[str, str], Value]:
    objects = getattr(world.cluster, kind.section)
    return {(value.metadata.namespace, value.metadata.name): value for value in objects}


def _take_out(change: Change, kind: Kind, objects: dict[tuple[str, str], Value]) -> None:
    key = (change.target.namespace, change.target.name)
    value = objects.get(key)
    if value is None:
        return
    if change.action is Action.CREATE:
        del objects[key]
    elif change.action is Action.PATCH:
        plain = msgspec.to_builtins(value, enc_hook=write_hook)
        if holds(plain, change.after):
            objects[key] = msgspec.convert(merged(plain, change.before), kind.type, dec_hook=_read_hook)


def _read_hook(wanted: type, value: Any) -> Any:
    if wanted is Sealed:
        return Sealed(value)
    if wanted is Annotations:
        return Annotations.of(value)
    raise NotImplementedError(f"no decoding for {wanted.__name__}")
