"""``ostiary prove pods --closed``: beside the ordinary claim, that nobody gets round the levels but those who may.

Who may stands in the intent file (``pods.mayRelax``). The certificate, where one is written, covers the ordinary claim alone.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ostiary.core.errors import BadInput

if TYPE_CHECKING:
    from ostiary.model.verdict import Proof, Refutation, Unknown
    from ostiary.model.world import World


def with_nobody_round(
    pillar: str, verdict: "Proof[Any] | Refutation | Unknown", world: "World"
) -> "Proof[Any] | Refutation | Unknown":
    """The verdict with the further claim. Anything but a proof of the ordinary claim stays as it is."""
    from ostiary.model.verdict import Proof
    from ostiary.paths import around

    if pillar != "pods":
        raise BadInput(f"--closed is about Pod Security levels, not about {pillar}", todo="ostiary prove pods --closed")
    if not isinstance(verdict, Proof):
        return verdict
    against = around.closed(world, verdict.policy)
    if against is not None:
        return against
    return replace(verdict, claim=f"{verdict.claim} {around.CLAIM}", assumptions=(*verdict.assumptions, *around.ASSUMPTIONS))
