"""Rehearsing changes by server-side dry-run before any of them is made: admission, validation, quota and rights all have their say.

Every object is read and compared with the change's precondition. Changes of one object are rehearsed on top of one another. A change that needs
what the plan itself makes first (an object in a namespace that the plan creates) cannot be rehearsed; it says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import msgspec

from ostiary.apply.api import CONFLICT, Api, Rejected, Stored
from ostiary.apply.fields import Object, Path, differences, merged, stacked
from ostiary.apply.managers import others
from ostiary.apply.outcome import Outcome, Status, outcome
from ostiary.apply.step import ATTEMPTS, Judge, Standing, judge, read, send
from ostiary.apply.warnings import contradicts
from ostiary.model.meta import Ref
from ostiary.model.plan import Action, Change

Numbered = tuple[int, Change]


@dataclass(slots=True)
class Rehearsal:
    """What each change would do, and who else manages the fields that it touches, by the number of the change."""

    outcomes: list[Outcome] = field(default_factory=list)
    managers: dict[int, Mapping[Path, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(found for found in self.outcomes if not found.good)


async def rehearse(changes: Sequence[Numbered], api: Api, *, judge_of: Callable[[int], Judge] = lambda _: judge) -> Rehearsal:
    """Dry-run every change, in order; nothing is stored. ``judge_of`` says how a change's precondition is judged."""
    rehearsal, pending = Rehearsal(), list[Change]()
    for number, change in changes:
        found = await _rehearse(number, change, api, pending, rehearsal, judge_of(number))
        rehearsal.outcomes.append(found)
        if found.status is Status.WOULD:
            pending.append(change)
    return rehearsal


async def _rehearse(
    number: int, change: Change, api: Api, pending: Sequence[Change], rehearsal: Rehearsal, judged_by: Judge
) -> Outcome:
    if maker := _made_first(change, pending):
        return outcome(
            number, change, Status.WOULD, f"not rehearsed: it needs {maker}, which the plan {_made(maker, pending)} first"
        )
    earlier = [other.after for other in pending if other.target == change.target]
    whole = msgspec.structs.replace(change, after=reduce(stacked, [*earlier, change.after]))
    answer: Stored | Rejected | None = None
    for _ in range(ATTEMPTS):
        live = await read(api, change.target)
        if isinstance(live, Rejected):
            return outcome(number, change, Status.FAILED, f"cannot be read: {live}")
        rehearsal.managers[number] = others(live or {}, change.after)
        judged = judged_by(change, reduce(merged, earlier, live))
        if judged.standing is not Standing.READY:
            return outcome(number, change, _LEFT[judged.standing], judged.why)
        answer = await send(api, whole, live, dry_run=True)
        if isinstance(answer, Stored) or answer.code != CONFLICT:
            break
    return _outcome(number, change, answer)


_LEFT = {Standing.DONE: Status.ALREADY, Standing.STALE: Status.STALE}


def _outcome(number: int, change: Change, answer: Stored | Rejected | None) -> Outcome:
    if not isinstance(answer, Stored):
        return outcome(number, change, Status.FAILED, str(answer))
    for warning in filter(contradicts, answer.warnings):
        return outcome(number, change, Status.FAILED, f"the API server contradicts the proof: {warning}", answer.warnings)
    if otherwise := stored_otherwise(change, answer.object):
        return outcome(
            number, change, Status.FAILED, f"the API server would store something else: {otherwise}", answer.warnings
        )
    return outcome(number, change, Status.WOULD, warnings=answer.warnings)


def stored_otherwise(change: Change, stored: Object) -> str:
    """Where the API server's answer is not what was sent (a webhook or a policy changed it); empty when all is as sent."""
    return "" if change.action is Action.DELETE else "; ".join(map(str, differences(stored, change.after)))


def _made_first(change: Change, pending: Sequence[Change]) -> Ref | None:
    """The object without which the change cannot even be tried, when the plan has yet to make or remove it."""
    namespace = Ref("Namespace", "", change.target.namespace)
    needed = {change.target.ref, namespace} if change.target.namespace else {change.target.ref}
    made = (other.target.ref for other in pending if other.action is not Action.PATCH)
    return next((ref for ref in made if ref in needed), None)


def _made(ref: Ref, pending: Sequence[Change]) -> str:
    actions = {other.target.ref: other.action for other in pending if other.action is not Action.PATCH}
    return "creates" if actions[ref] is Action.CREATE else "deletes"
