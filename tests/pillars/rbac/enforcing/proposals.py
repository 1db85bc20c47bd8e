"""Clusters with proposals for some of their subjects: what a learner could say, without learning."""

from random import Random

from tests.pillars.rbac import clusters

from ostiary.model.cluster import Cluster
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.grants import CLUSTER, Grants
from ostiary.pillars.rbac.policy import Outcome, Proposal
from ostiary.pillars.rbac.subject import SubjectKey

VERSION = "v1.37.2"


def drawn(seed: int) -> tuple[Cluster, clusters.Objects, tuple[Proposal, ...], Random]:
    """A cluster as a server holds it, its objects, and proposals for about half of its subjects."""
    random = Random(seed)
    objects = clusters.rbac(random, roles=5, bindings=6)
    cluster = clusters.typed(objects, server_version=VERSION)
    grants = Grants.of(cluster)
    keys = sorted({key for grant in grants.all for key in grant.keys if key})
    chosen = [key for key in keys if random.random() < 0.5]
    return cluster, objects, tuple(_proposal(key, grants, random) for key in chosen), random


def _proposal(key: SubjectKey, grants: Grants, random: Random) -> Proposal:
    held = [grant for grant in grants.all if key in grant.keys]
    left = [grant for grant in held if random.random() < 0.8]
    kept: dict[str, tuple[PolicyRule, ...]] = {}
    for grant in left:
        some = tuple(
            rule
            for rule in grant.rules.sure
            if random.random() < 0.5 and rule.verbs and (grant.scope == CLUSTER or not rule.non_resource_urls)
        )
        kept[grant.scope] = (*kept.get(grant.scope, ()), *some)
    return Proposal(
        subject=key,
        outcome=Outcome.TIGHTEN,
        cluster_rules=kept.pop(CLUSTER, ()),
        namespaced={namespace: rules for namespace, rules in kept.items() if rules},
        replaces=tuple(sorted(grant.binding for grant in left)),
    )
