"""What one subject needs, from what was seen: the rules of learning in their order.

Seen -> needed (``quorum``) -> needed beside it (``inferred``) -> what belongs to it (``completion``) -> what a list cannot hold (``widening``). Each step
stays within what is held today, and only inferring may add what leads further: it was used, unseen.

>>> need({}, Held.of(()), Server(), 0).atoms
frozenset()
"""

from dataclasses import dataclass

from ostiary.pillars.rbac.learning.atom import Atom
from ostiary.pillars.rbac.learning.completion import completed
from ostiary.pillars.rbac.learning.danger import Dangers
from ostiary.pillars.rbac.learning.inferred import by_holding, inferred
from ostiary.pillars.rbac.learning.quorum import quorum
from ostiary.pillars.rbac.learning.sightings import Sightings
from ostiary.pillars.rbac.learning.standing import Held
from ostiary.pillars.rbac.learning.widening import widened
from ostiary.pillars.rbac.server import Server


@dataclass(frozen=True, slots=True)
class Needed:
    """``used``: without what is completed or widened. ``doubtful``: left out, with the reason. ``obstacle``: why no rules can say it, if so."""

    atoms: frozenset[Atom]
    used: frozenset[Atom]
    doubtful: tuple[tuple[Atom, str], ...]
    obstacle: str = ""


def need(seen: Sightings, held: Held, server: Server, namespaces: int) -> Needed:
    """Decide for one subject. ``namespaces``: how many the cluster has."""
    judged = quorum(seen)
    used = judged.needed | inferred(judged.needed, held, server)
    dangers = Dangers(used)
    more = frozenset(atom for atom in completed(used) if held.covers(atom) and not dangers.adds(atom))
    wide = widened(seen, used | more, held.covers, dangers, namespaces)
    return Needed(wide.atoms, used, judged.doubtful, _obstacle(judged.needed, held, wide.without_end))


def _obstacle(needed: frozenset[Atom], held: Held, without_end: tuple[Atom, ...]) -> str:
    if by_holding(needed, held):
        return "it writes roles or bindings, and may because it holds what stands in them: with fewer rights it could not"
    if odd := sorted(atom for atom in needed if not held.covers(atom)):
        return f"it uses {odd[0]} by a rule with an empty name among its resourceNames, and no other rule allows just that"
    if without_end:
        more = f", and {len(without_end) - 1} more" if len(without_end) > 1 else ""
        return f"it uses ever new names or namespaces ({without_end[0]}{more}), and every name would be more than was seen"
    return ""
