"""Which pillars there are, and how the command line reaches them: by name, imported when asked for."""

import importlib
from typing import Any, cast

from ostiary.core.errors import BadInput
from ostiary.pillars import Pillar

ALL_VERBS = ("check", "learn", "prove", "enforce")
PILLARS: dict[str, tuple[str, tuple[str, ...]]] = {
    "access": ("ostiary.paths.access", ("check", "prove")),
    "admission": ("ostiary.pillars.pods.admission", ALL_VERBS),
    "pods": ("ostiary.pillars.pods", ALL_VERBS),
    "rbac": ("ostiary.pillars.rbac.verbs", ALL_VERBS),
}


def load(name: str, verb: str) -> Pillar[Any]:
    """The pillar of that name, for that verb: a module with the verbs of ``pillars.Pillar``, or those that it has so far."""
    if name not in PILLARS:
        raise BadInput(f"there is no pillar {name!r}", todo=f"one of: {', '.join(sorted(PILLARS))}")
    module, verbs = PILLARS[name]
    if verb not in verbs:
        who = ", ".join(other for other, (_, can) in sorted(PILLARS.items()) if verb in can)
        raise BadInput(f"{name} has no {verb} yet", todo=f"{name} can: {', '.join(verbs)}; {verb} works for: {who}")
    return cast(Pillar[Any], importlib.import_module(module))
