"""How long guardrails take on a large cluster: from a World to the verdict, with everybody's shortest chain, or a proof and its certificate.

The cluster is that of ``bench_rbac.py``: 44,000 roles and bindings, 20,000 service accounts and 100,000 pods, one binding in a hundred loose; it refutes. For
a proof the loose bindings are left out, and those that let people write everywhere. The alternative is the same closure asked subject by subject, estimated
from a sample. Each size runs in a fresh process; making the World is not timed. Times are of the processor, on one core.

    python bench/bench_chains.py [--json] [--pods 100000]
"""

import json
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from ostiary.model.cluster import Cluster
    from ostiary.model.pods import Pod
    from ostiary.model.rbac import PolicyRule

CURVE = (12_500, 25_000, 50_000, 100_000)
LIMITS = {"refuted_seconds": 20.0, "proved_seconds": 20.0, "peak_mib": 1024.0}
SAMPLE = 12


def cluster(pods: int, *, tight: bool) -> "Cluster":
    """The synthetic cluster with its pods; ``tight``: without the loose roles, every namespace with a level."""
    import msgspec
    from bench.synthetic_rbac import LOOSE, rbac

    made = rbac(pods)
    random = Random(5)
    running = tuple(
        pod(one.metadata.namespace, one.metadata.name, n, random) for one in made.service_accounts for n in range(5)
    )
    if tight:
        loose = {role.metadata.name for role in made.cluster_roles if any(rule in LOOSE for rule in role.rules)}
        writes = {role.metadata.name for role in made.cluster_roles if any(map(_writes, role.rules))}
        made = msgspec.structs.replace(
            made,
            namespaces=tuple(
                msgspec.structs.replace(
                    one,
                    metadata=msgspec.structs.replace(one.metadata, labels={"pod-security.kubernetes.io/enforce": "baseline"}),
                )
                for one in made.namespaces
            ),
            cluster_role_bindings=tuple(one for one in made.cluster_role_bindings if one.role_ref.name not in loose | writes),
            role_bindings=tuple(one for one in made.role_bindings if one.role_ref.name not in loose),
        )
    return msgspec.structs.replace(made, pods=running)


def _writes(rule: "PolicyRule") -> bool:
    """Whether a rule writes objects of the core group."""
    return "" in rule.api_groups and bool({"create", "update", "patch"} & set(rule.verbs))


def pod(namespace: str, account: str, number: int, random: Random) -> "Pod":
    """A pod with a token and a secret."""
    from ostiary.model.meta import Meta
    from ostiary.model.pods import (
        Pod,
        PodSpec,
        ProjectedVolume,
        Projection,
        SecretVolume,
        ServiceAccountTokenProjection,
        Volume,
    )

    token = Projection(service_account_token=ServiceAccountTokenProjection())
    volumes = (
        Volume(name="t", projected=ProjectedVolume(sources=(token,))),
        Volume(name="s", secret=SecretVolume(secret_name=f"{namespace}-{number}")),
    )
    spec = PodSpec(service_account_name=account, node_name=f"node-{random.randrange(5000)}", volumes=volumes)
    return Pod(metadata=Meta(name=f"{account}-{number}", namespace=namespace), spec=spec)


def measure(pods: int) -> dict[str, float]:
    """Both verdicts of one size, in this fresh process."""
    from ostiary.model.rbac_intent import Guardrail
    from ostiary.model.verdict import Refutation
    from ostiary.model.world import World
    from ostiary.pillars.rbac.policy import RbacPolicy
    from ostiary.pillars.rbac.proving.atoms import AS
    from ostiary.pillars.rbac.proving.goals import goal, starts
    from ostiary.pillars.rbac.proving.horn import Level
    from ostiary.pillars.rbac.proving.program import clauses
    from ostiary.pillars.rbac.proving.prove import prove

    rail = Guardrail(name="admin", cluster_admin=True)
    figures: dict[str, float] = {"pods": pods}
    world = World.of(cluster(pods, tight=False), today=date(2026, 11, 24))
    began = time.process_time()
    found = prove(world, RbacPolicy(guardrails=(rail,)))
    figures["refuted_seconds"] = time.process_time() - began
    figures["witnesses"] = len(found.witnesses) if isinstance(found, Refutation) else 0
    began = time.process_time()
    scene = clauses(world)
    goal(scene, rail)
    keys = starts(scene, rail)
    figures["clauses_seconds"] = time.process_time() - began
    figures["clauses"], figures["subjects"] = len(scene.program.heads), len(keys)
    began = time.process_time()
    scene.program.closure(map(AS, keys), Level.SURE)
    figures["closure_seconds"] = time.process_time() - began
    began = time.process_time()
    for key in Random(3).sample(keys, SAMPLE):
        scene.program.closure([AS(key)], Level.SURE)
    figures["one_by_one_ratio"] = (time.process_time() - began) / SAMPLE * len(keys) / max(figures["closure_seconds"], 1e-9)
    del scene, found
    nodes = Guardrail(name="nodes", verbs=("delete",), resources=("nodes",))
    world = World.of(cluster(pods, tight=True), today=date(2026, 11, 24))
    began = time.process_time()
    found = prove(world, RbacPolicy(guardrails=(nodes,)))
    figures["proved_seconds"] = time.process_time() - began
    figures["proved"] = float(type(found).__name__ == "Proof")
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def main(arguments: list[str]) -> int:
    """Measure every size in a process of its own; the last one is held to the limits."""
    if "--one" in arguments:
        print(json.dumps(measure(int(arguments[arguments.index("--one") + 1]))))
        return 0
    sizes = (int(arguments[arguments.index("--pods") + 1]),) if "--pods" in arguments else CURVE
    rows = []
    for size in sizes:
        done = subprocess.run([sys.executable, __file__, "--one", str(size)], capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout))
        if "--json" not in arguments:
            print("  ".join(f"{name} {value:,.1f}" for name, value in rows[-1].items()), flush=True)
    if "--json" in arguments:
        print(json.dumps(rows))
    over = [name for name, limit in LIMITS.items() if rows[-1][name] > limit]
    print(f"over the limit: {', '.join(over)}" if over else "within the limits", file=sys.stderr)
    return bool(over)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
