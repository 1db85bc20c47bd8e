"""What ``check access`` and ``prove access`` know of grants: the moment, what the cluster's own objects say, and what the control plane says when asked."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from ostiary.cli.control_plane import control_plane
from ostiary.cli.output import answer, table
from ostiary.core.errors import BadInput, Refused
from ostiary.model.access import Grant, LiveGrants
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.world import World
from ostiary.paths.stolen_gateway import GatewayPower

_PAGE = "500"


def live_grants(cluster: str) -> tuple[Grant, ...]:
    """The grants that the control plane takes for live on one of its clusters. Refused to those who may not see them all: the list would be too short."""
    plane = control_plane()
    if "viewer" not in plane.get("/v1/me")["powers"]:
        raise Refused(
            "you may not see the grants of everybody, so nothing can be compared", todo="ask a viewer or an administrator"
        )
    if cluster not in {one["name"] for one in plane.get("/v1/clusters")}:
        raise BadInput(f"the control plane has no cluster {cluster!r}", todo="see: ostiary cluster list")
    found: list[Any] = []
    query = {"state": "active", "cluster": cluster, "limit": _PAGE}
    while True:
        page = plane.get("/v1/grants", query)
        found += page["grants"]
        if not page["next"]:
            return tuple(as_shown(one) for one in found)
        query["after"] = page["next"]


def as_shown(shown: dict[str, Any]) -> Grant:
    """Of the shape that the API shows; names in it are as in Python."""
    fields = {field.encode_name: shown.get(field.name) for field in msgspec.structs.fields(Grant)}
    return msgspec.convert({key: value for key, value in fields.items() if value is not None}, Grant)


def at_this_moment(world: World, grants: tuple[Grant, ...] | None = None) -> World:
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
