"""What a stranger needs to check a proof about pods: the part of the World's digest tree that it rests on, and every posture in full.

Plain JSON, written canonically. ``ostiary.verifier`` reads it and shares no code with what is here; docs/certificates.md describes the format.
"""

from collections.abc import Iterator
from typing import Any

from ostiary.core.canonical import digest
from ostiary.model.world import World, encode, posture, rest
from ostiary.pillars.pods import mutators
from ostiary.pillars.pods.claim import assumptions, claim
from ostiary.pillars.pods.makers import FINISHED, every_maker
from ostiary.pillars.pods.policy import PodPolicy
from ostiary.pillars.pods.premises import MAKER_SECTIONS, premises

FORMAT = "ostiary.dev/certificate/v1"
SHOWN_SECTIONS = ("namespaces", *MAKER_SECTIONS, *mutators.SECTIONS, "blind")


def certificate(world: World, policy: PodPolicy) -> dict[str, Any]:
    """The certificate of a policy that was proved for this World; its last field is the digest of all the others."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "pillar": "pods",
        "claim": claim(policy),
        "policy": {name: {"level": str(level.level), "version": level.version} for name, level in policy.levels.items()},
        "world": {
            "digest": world.digest,
            "cluster": world.cluster_digest,
            "evidence": world.evidence.digest,
            "intent": world.intent.digest,
            "server": world.cluster.server_version,
            "today": world.today.isoformat(),
        },
        "sections": dict(world.sections),
        "leaves": {section: [list(leaf) for leaf in world.leaves[section]] for section in SHOWN_SECTIONS},
        "texts": sorted(set(_texts(world, policy))),
        "premises": list(premises(world, policy)),
        "assumptions": list(assumptions(world)),
    }
    return {**body, "digest": digest(body)}


def _texts(world: World, policy: PodPolicy) -> Iterator[str]:
    """What stands behind digests: namespaces, postures, and that a finished pod is finished."""
    for namespace in world.cluster.namespaces:
        if namespace.metadata.name in policy.levels:
            yield encode(namespace).decode()
    for maker in every_maker(world):
        if maker.ref.namespace in policy.levels and not maker.finished:
            yield posture(maker.pod).decode()
    for pod in world.cluster.pods:
        if pod.metadata.namespace in policy.levels and pod.status.phase in FINISHED:
            yield rest(pod).decode()
