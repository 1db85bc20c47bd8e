"""What ``ostiary enforce rbac`` does beside performing its plan: the shadow, and the plan that gives everything back.

ostiary enforce rbac --evidence audit.log --shadow                 what would have been denied; nothing is changed
ostiary apply plan.json --shadow --evidence today.log              the same, of a plan made earlier, with evidence that came since
ostiary enforce rbac --evidence audit.log --restore-plan back.json  and to give it back: ostiary apply back.json --yes
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, Format, answer_json, say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ostiary.model.plan import Change
    from ostiary.model.verdict import Proof
    from ostiary.model.world import World
    from ostiary.pillars.rbac.enforcing.shadow import Shadow

RBAC = "rbac"
_COLUMNS = ("WHO", "WOULD BE DENIED", "TIMES", "DAYS", "LAST")


def refuse_wrong_use(pillar: str, *, shadow: bool, restore_plan: Path | None, yes: bool) -> None:
    """BadInput for options that do not go together, before anything is read."""
    from ostiary.core.errors import BadInput

    if shadow and yes:
        raise BadInput("--shadow changes nothing and --yes changes the cluster", todo="do one, then the other")
    if (shadow or restore_plan) and pillar != RBAC:
        option = "--shadow" if shadow else "--restore-plan"
        raise BadInput(f"{option} is about roles, and {pillar} takes no rights away", todo=f"ostiary enforce rbac {option}")


def show_shadow(changes: "Sequence[Change]", world: "World", form: Format) -> int:
    """What changes would have denied of what the evidence shows. Exit code 0: nothing; 1: something; 4: there is no evidence."""
    from ostiary.pillars.rbac.enforcing.shadow import shadow

    found = shadow(world, changes)
    if form is Format.JSON:
        answer_json(found)
    else:
        table(_COLUMNS, [(one.user, one.request, str(one.times), str(one.days), one.last) for one in found.would_deny])
        say(_sentence(found))
    if not found.kinds:
        return UNKNOWN
    return FINDINGS if found.would_deny else HOLDS


def _sentence(found: "Shadow") -> str:
    if not found.kinds:
        return "nothing is known: there is no evidence to ask; give some with --evidence"
    denied = sum(one.times for one in found.would_deny)
    already = f"; {found.denied_already} kinds of requests are denied by the cluster as it is" if found.denied_already else ""
    return f"of {found.requests} requests of {found.kinds} kinds, {denied} would have been denied{already}; nothing was changed"


def hint(world: "World") -> None:
    """What to give where nothing can be proposed."""
    if not world.evidence.streams:
        say("nothing is proposed: roles are learned from what happened; give audit logs with --evidence")


def keep_way_back(proof: "Proof[Any]", path: Path | None, *, yes: bool) -> None:
    """Write the plan that gives back what a plan takes: where it is asked for, and wherever a plan is going to be performed."""
    from ostiary.apply.files import write_plan
    from ostiary.cli.journals import folder
    from ostiary.pillars.rbac.enforce import giving_back

    plan = giving_back(proof)
    if not plan.changes or not (path or yes):
        return
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    place = path or folder() / f"{now}-rbac-restore.json"
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_plan(place, plan)
    say(f"to give back everything that is taken, whenever that is: ostiary apply {place} --yes")
