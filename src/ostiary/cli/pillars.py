"""Which pillars there are, and how the command line reaches them: by name, imported when asked for."""

import importlib
from typing import Any, cast

from ostiary.core.errors import BadInput
from ostiary.pillars import Pillar

PILLARS: dict[str, str] = {"admission": "ostiary.pillars.pods.admission", "pods": "ostiary.pillars.pods"}


def load(name: str) -> Pillar[Any]:
    """The pillar of that name: a module with the verbs of ``pillars.Pillar``."""
    if name not in PILLARS:
        raise BadInput(f"there is no pillar {name!r}", todo=f"one of: {', '.join(sorted(PILLARS))}")
    return cast(Pillar[Any], importlib.import_module(PILLARS[name]))
