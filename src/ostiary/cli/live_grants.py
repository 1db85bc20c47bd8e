"""What ``check access`` and ``prove access`` know of grants: the moment, and what the cluster's own objects say."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ostiary.cli.output import answer, table
from ostiary.model.access import LiveGrants
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.world import World
from ostiary.paths.stolen_gateway import GatewayPower

if TYPE_CHECKING:
    from ostiary.model.access import Grant


def at_this_moment(world: World, grants: "tuple[Grant, ...] | None" = None) -> World:
    """The World with this moment in its evidence, to the second, and what the control plane says is live."""
    now = datetime.now(UTC).replace(microsecond=0)
    evidence = replace(world.evidence, access=LiveGrants(at=now, grants=grants))
    return World.of(world.cluster, today=world.today, evidence=evidence, intent=world.intent)


def show_reach(verdict: Proof[GatewayPower] | Refutation | Unknown) -> None:
    """The printed list: the most that a stolen gateway credential could do, a line a grant. Only where it is proved."""
    if not isinstance(verdict, Proof):
        return
    rows = verdict.policy.rows()
    answer(f"the most that the gateway's credential could do at {verdict.policy.at:%Y-%m-%d %H:%M:%S}Z:")
    if rows:
        table(verdict.policy.COLUMNS, rows)
    else:
        answer("  nothing: no grant is live")
