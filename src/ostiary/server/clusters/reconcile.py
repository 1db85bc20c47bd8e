"""One cluster brought to where its live grants say: what ended goes first, then the gateway's power, then what began.

Everything is compared with what stands there, so that doing it twice does it once, and that it needs no memory: whatever carries the label of a grant and is
explained by no live one is removed, and so is whatever says of itself that it has ended. A binding is deleted as the object that was read (its uid
is a precondition). A conflict means that somebody else was faster: the whole is done once more.

Order matters twice. Ending before beginning, because an end is owed within a second. Power before bindings, because a person who was told "granted"
should not meet a gateway that may not yet be that person.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from ostiary.adapters.kubernetes.answers import Answer, Rejected, Stored
from ostiary.adapters.kubernetes.client import Client
from ostiary.model.access import EXPIRES_ANNOTATION, Grant
from ostiary.model.meta import Ref
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.access.bindings import bindings, is_live
from ostiary.pillars.access.impersonation import ON_ROLE, Power, bound, on_role, power, roles
from ostiary.pillars.access.objects import Object, Part, cluster_role, moment, target
from ostiary.server.clusters.record import BehindGateway
from ostiary.server.clusters.standing import Standing, standing

_GONE, _CONFLICT = 404, 409
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was done on a cluster, and what could not be; nothing of either means that it stood already."""

    made: tuple[Ref, ...] = ()
    ended: tuple[Ref, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    client: Client
    made: list[Ref] = field(default_factory=list)
    ended: list[Ref] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    conflicts: bool = False

    def note(self, what: str, answer: Answer, *, fine: tuple[int, ...] = ()) -> bool:
        """Whether it was done; what went wrong is kept."""
        if isinstance(answer, Stored):
            return True
        if answer.code == _CONFLICT:
            self.conflicts = True
        elif answer.code not in fine:
            self.problems.append(f"{what}: {answer}")
        return False


async def reconcile(
    client: Client, cluster: BehindGateway, grants: Sequence[Grant], now: datetime, *, thorough: bool = False
) -> Reconciled:
    """Do it. A grant that the cluster refuses is a problem and binds nothing. Unreachable when the server does not answer."""
    wanted = tuple(grant for grant in grants if is_live(grant, now))
    made: list[Ref] = []
    ended: list[Ref] = []
    work = _Work(client)
    for tried in range(_TRIES):
        work = _Work(client)
        closely = thorough or tried > 0  # a conflict may be with a binding of our name that lost its label
        await _once(work, cluster, wanted, now, thorough=closely)
        made += work.made
        ended += work.ended
        if not work.conflicts:
            break
    else:
        work.problems.append("others keep changing the same objects; it is tried again")
    return Reconciled(tuple(dict.fromkeys(made)), tuple(dict.fromkeys(ended)), tuple(work.problems))


async def _once(work: _Work, cluster: BehindGateway, wanted: Sequence[Grant], now: datetime, *, thorough: bool) -> None:
    known, rules = await asyncio.gather(
        standing(work.client, thorough=thorough), _granted_rules(work, {grant.role for grant in wanted})
    )
    grants = [grant for grant in wanted if _given(work, cluster, grant, rules)]
    wanted_power = power(grants, rules, constrained=cluster.constrained)
    grant_bindings = [one for grant in grants for one in bindings(grant)]
    every = {one.ref: one for one in (*grant_bindings, *bound(wanted_power)) if _lasts(one, now)}
    stale = [one for ref, one in known.items() if ref not in every or not _same(one.body, every[ref].body)]
    await asyncio.gather(*(_end(work, one) for one in stale))
    standing_now = known.keys() - {one.ref for one in stale}
    await _write_roles(work, wanted_power, cluster.grantable if cluster.constrained else ())
    parts = (Part.GATEWAY, Part.GRANT)
    for part in parts:
        some = [one for ref, one in every.items() if ref not in standing_now and _part(one) == part.value]
        await asyncio.gather(*(_begin(work, one) for one in some))
    kept = [(known[ref], every[ref]) for ref in standing_now]
    await asyncio.gather(*(_prolong(work, old, new) for old, new in kept))


async def _granted_rules(work: _Work, names: set[str]) -> dict[str, tuple[PolicyRule, ...]]:
    async def one(name: str) -> tuple[str, tuple[PolicyRule, ...] | None]:
        answer = await work.client.get(target("ClusterRole", name))
        if isinstance(answer, Rejected):
            work.problems.append(f"the granted ClusterRole {name} cannot be read: {answer}")
            return name, None
        return name, rules_of(answer.object)

    found = await asyncio.gather(*map(one, sorted(names)))
    return {name: rules for name, rules in found if rules is not None}


def _given(work: _Work, cluster: BehindGateway, grant: Grant, rules: Mapping[str, tuple[PolicyRule, ...]]) -> bool:
    if grant.role not in rules:
        return False
    refused = cluster.refuses_grant(grant, rules[grant.role])
    if refused:
        work.problems.append(f"grant {grant.id} gives nothing: {refused}")
    return not refused


def rules_of(role: Mapping[str, Any]) -> tuple[PolicyRule, ...]:
    """The rules of a role as the server holds it."""
    return msgspec.convert(role.get("rules") or [], tuple[PolicyRule, ...])


def _part(one: Object) -> str:
    return str(one.body["metadata"]["labels"]["ostiary.dev/part"])


def _lasts(one: Object, now: datetime) -> bool:
    """Whether the object's own word about its end leaves it any time: what it would be removed for is not made."""
    ends = moment(one.body["metadata"].get("annotations", {}).get(EXPIRES_ANNOTATION, ""))
    return ends is not None and ends > now


def _same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a binding says what it should: role, subjects and labels. An annotation may be mended in place."""
    labels = (found.get("metadata") or {}).get("labels") or {}
    return (
        found.get("roleRef") == wanted["roleRef"]
        and found.get("subjects") == wanted["subjects"]
        and all(labels.get(key) == value for key, value in wanted["metadata"]["labels"].items())
    )


async def _end(work: _Work, one: Standing) -> None:
    address = target(one.ref.kind, one.ref.name, one.ref.namespace)
    answer = await work.client.delete(address, uid=one.uid)
    if work.note(f"cannot remove {one.ref}", answer, fine=(_GONE,)):
        work.ended.append(one.ref)


async def _begin(work: _Work, one: Object) -> None:
    answer = await work.client.create(one.target, one.body)
    if work.note(f"cannot make {one.ref}", answer):
        work.made.append(one.ref)


async def _prolong(work: _Work, old: Standing, new: Object) -> None:
    """The gateway's power lasts as long as the last grant that needs it."""
    annotations = (old.body.get("metadata") or {}).get("annotations") or {}
    wanted = new.body["metadata"]["annotations"]
    if annotations.get(EXPIRES_ANNOTATION) != wanted[EXPIRES_ANNOTATION]:
        answer = await work.client.patch(new.target, {"metadata": {"annotations": wanted, "uid": old.uid}})
        work.note(f"cannot say of {new.ref} when it ends", answer)


async def _write_roles(work: _Work, wanted: Power, grantable: Sequence[str]) -> None:
    """Bring the rules of the gateway's roles to what they should be; those that no grant needs are emptied."""
    every = {one.ref: one for one in roles(wanted)}
    for name in grantable:
        empty = cluster_role(on_role(name), (), Part.INSTALLATION)
        every.setdefault(empty.ref, empty)
    await asyncio.gather(*(_write_role(work, one) for one in every.values()))


async def _write_role(work: _Work, one: Object) -> None:
    answer = await work.client.get(one.target)
    if isinstance(answer, Rejected):
        missing = f"{one.ref} is not installed, so {one.target.name.removeprefix(ON_ROLE)} cannot be granted"
        work.problems.append(missing if answer.code == _GONE else f"cannot read {one.ref}: {answer}")
    elif rules_of(answer.object) != msgspec.convert(one.body["rules"], tuple[PolicyRule, ...]):
        work.note(f"cannot change {one.ref}", await work.client.patch(one.target, {"rules": one.body["rules"]}))
