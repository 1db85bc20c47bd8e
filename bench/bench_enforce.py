"""What it takes to make a plan of roles for a whole cluster: every service account keeps half of its rules and leaves its bindings.

By size, in seconds of processor time; the alternative in the same run is to resolve every binding once, which every answer about roles needs.
Limit: 60 s for the largest, 44,000 roles and bindings and 20,000 service accounts.
"""

import json
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.synthetic_rbac import rbac

from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.enforce import ready
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy
from ostiary.pillars.rbac.subject import SubjectKey

LIMIT_SECONDS = 60.0
SIZES = (10_000, 30_000, 100_000)


def policy(authorizer: Authorizer) -> RbacPolicy:
    """Half of the rules of every service account, by every second rule."""
    held: dict[SubjectKey, list[Grant]] = {}
    for grant in authorizer.grants.all:
        for key in dict.fromkeys(key for key in grant.keys if key and split_service_account(key.name)):
            held.setdefault(key, []).append(grant)
    return RbacPolicy(proposals=tuple(_proposal(key, grants) for key, grants in sorted(held.items())))


def _proposal(key: SubjectKey, grants: list[Grant]) -> Proposal:
    kept = {
        scope: tuple(rule for g in grants if g.scope == scope for rule in g.rules.sure[::2])
        for scope in {g.scope for g in grants}
    }
    return Proposal(
        subject=key,
        outcome=Outcome.TIGHTEN,
        cluster_rules=kept.pop(CLUSTER, ()),
        namespaced=kept,
        replaces=tuple(sorted(grant.binding for grant in grants)),
    )


def measure(pods: int) -> dict[str, float]:
    world = World.of(rbac(pods), today=date(2026, 11, 24))
    began = time.process_time()
    authorizer = Authorizer(world.cluster)
    resolved = time.process_time() - began
    wanted = policy(authorizer)
    began = time.process_time()
    made = ready(world, wanted)
    seconds = time.process_time() - began
    return {
        "pods": pods,
        "subjects": len(wanted.proposals),
        "changes": len(made.changes),
        "questions": len(made.trials),
        "resolve_seconds": round(resolved, 2),
        "plan_seconds": round(seconds, 2),
        "ratio": round(seconds / resolved, 1),
    }


def main() -> int:
    rows = [measure(pods) for pods in SIZES]
    for row in rows:
        print(json.dumps(row) if "--json" in sys.argv else "  ".join(f"{name} {value}" for name, value in row.items()))
    return int(rows[-1]["plan_seconds"] > LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
