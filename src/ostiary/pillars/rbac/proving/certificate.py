"""What a stranger needs to check a proof about RBAC: the part of the World's digest tree that it rests on, and for each guardrail a closed set.

The closed set holds everything that all whom the guardrail keeps out can have together: whoever checks it sees that the start is in it, that nothing leads
out of it, and that the goal is not in it. Of identities those are listed that are *not* in it. Plain JSON, written canonically.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ostiary.core.canonical import digest
from ostiary.model.kinds import KINDS
from ostiary.model.world import World, encode, rest
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.claim import assumptions, claim
from ostiary.pillars.rbac.proving.guarded import Held
from ostiary.pillars.rbac.proving.premises import premises
from ostiary.pillars.rbac.proving.replay import reviewed

FORMAT = "ostiary.dev/certificate/v1"
SHOWN_SECTIONS = (
    *("roles", "cluster_roles", "role_bindings", "cluster_role_bindings"),
    *("service_accounts", "namespaces", "secrets", "custom_resource_definitions"),
)
WITH_TEXT = frozenset(SHOWN_SECTIONS) - {"service_accounts"}
LISTED = frozenset({"all", "run", "tokens", "impersonates", "secrets", "loose", "bound", "nodes", "debug"})


def certificate(world: World, policy: RbacPolicy, held: Iterable[Held]) -> dict[str, Any]:
    """The certificate of a policy that was proved for this World; its last field is the digest of all the others. Empty where nothing is claimed."""
    if not policy.guardrails and not policy.tightened:
        return {}
    sets = {one.guardrail.name: _closed(one) for one in held}
    body: dict[str, Any] = {
        "format": FORMAT,
        "pillar": "rbac",
        "claim": claim(policy),
        "policy": _plain(policy),
        "world": {
            "digest": world.digest,
            "cluster": world.cluster_digest,
            "evidence": world.evidence.digest,
            "intent": world.intent.digest,
            "server": world.cluster.server_version,
            "today": world.today.isoformat(),
        },
        "sections": dict(world.sections),
        "leaves": {section: [list(leaf) for leaf in world.leaves[section]] for section in (*SHOWN_SECTIONS, "blind")},
        "texts": sorted(set(_texts(world, policy))),
        "closed": sets,
        "premises": list(premises(world, policy)),
        "assumptions": list(assumptions(world, policy)),
    }
    return {**body, "digest": digest(body)}


def _plain(policy: RbacPolicy) -> Any:
    """The policy without what is for people only: measures, reasons, denied requests, and subjects of whom nothing is proposed."""
    bare = tuple(
        msgspec.structs.replace(one, measures=type(one.measures)(), review=reviewed((one,)), reason="", requests=0)
        for one in policy.tightened
    )
    return msgspec.to_builtins(msgspec.structs.replace(policy, proposals=bare))


def _closed(one: Held) -> dict[str, Any]:
    has = one.closure.has
    outside = [[key.kind, key.name] for key in one.keys if not has(("as", key.kind, key.name))]
    facts = sorted([list(map(str, atom)) for atom in one.closure.atoms() if atom[0] in LISTED])
    return {"outside": outside, "facts": facts}


def _texts(world: World, policy: RbacPolicy) -> Iterator[str]:
    """What stands behind digests: roles, bindings, namespaces, definitions of custom resources, secrets (no value of theirs); and the evidence."""
    for kind in KINDS:
        if kind.section in WITH_TEXT:
            for value in getattr(world.cluster, kind.section):
                yield rest(value).decode()
    if policy.tightened:
        yield encode(world.evidence.bare).decode()
