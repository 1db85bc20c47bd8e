"""Where journals are kept when nobody says where: in ostiary's state folder, named by time, pillar and plan.

$OSTIARY_STATE, else $XDG_STATE_HOME/ostiary, else ~/.local/state/ostiary     then  undo/20260102T030405Z-pods-3f2a9c1d.jsonl
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from ostiary.apply.files import plan_digest
from ostiary.apply.journal import read_journal
from ostiary.core.errors import OstiaryError, Refused
from ostiary.model.plan import Plan

_DIGITS = 12  # of the plan's digest


def folder() -> Path:
    """The folder of journals."""
    if state := os.environ.get("OSTIARY_STATE"):
        return Path(state) / "undo"
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "ostiary" / "undo"


def default_journal(plan: Plan) -> Path:
    """The path of a new journal."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return folder() / f"{now}-{plan.pillar}-{plan_digest(plan)[:_DIGITS]}.jsonl"


def unfinished(plan: Plan) -> None:
    """Raise Refused when a run of this very plan was cut short: it has to be gone on with, or taken back, first."""
    for path in sorted(folder().glob(f"*-{plan_digest(plan)[:_DIGITS]}.jsonl"), reverse=True):
        try:
            history = read_journal(path)
        except OstiaryError:
            continue  # not one of ours, or damaged: it cannot be gone on with
        if not history.ended and not history.undone and history.having("applying", "applied"):
            raise Refused(
                f"a run of this plan was cut short: {path}",
                todo=f"go on with it: ostiary apply {path} --continue; or take it back: ostiary undo {path}",
            )
