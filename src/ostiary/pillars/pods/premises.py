"""The facts that a proof about pods rests on. A later World with another fact needs another proof; with fewer, it does not.

    posture NAMESPACE DIGEST          a pod, or a template, of this posture is there
    labels NAMESPACE DIGEST           the namespace's labels that are not Pod Security's own: mutators select by them (where there are mutators)
    mutator KIND NAME DIGEST          this may change pods on creation
    blind-none                        nothing that concerns the pods could not be seen
    blind KIND NAMESPACE NAME REASON  this could not be seen

Pod Security's own labels are no premise: they do not bear on the claim, and a plan checks each of them before it changes it.
"""

from collections.abc import Iterator, Mapping

from ostiary.core.canonical import digest
from ostiary.model.meta import Ref
from ostiary.model.world import Leaf, World
from ostiary.pillars.pods import mutators
from ostiary.pillars.pods.blindness import missing
from ostiary.pillars.pods.labels import PREFIX
from ostiary.pillars.pods.makers import every_maker
from ostiary.pillars.pods.policy import PodPolicy

MAKER_SECTIONS = (
    "pods",
    "deployments",
    "replica_sets",
    "stateful_sets",
    "daemon_sets",
    "jobs",
    "cron_jobs",
    "replication_controllers",
    "pod_templates",
    "controller_revisions",
)


def premises(world: World, policy: PodPolicy) -> Mapping[str, Ref]:
    """Every premise, with an object that shows it."""
    facts: dict[str, Ref] = {}
    for fact, ref in (*_postures(world, policy), *_mutators(world), *_labels(world, policy), *_blind(world, policy)):
        facts.setdefault(fact, ref)
    return dict(sorted(facts.items()))


def _postures(world: World, policy: PodPolicy) -> Iterator[tuple[str, Ref]]:
    finished = {maker.ref for maker in every_maker(world) if maker.finished}
    for section in MAKER_SECTIONS:
        for kind, namespace, name, _, posture in world.leaves[section]:
            ref = Ref(kind, namespace, name)
            if namespace in policy.levels and ref not in finished:
                yield f"posture {namespace} {posture}", ref


def mutator_leaves(world: World) -> Iterator[Leaf]:
    """The leaves of everything that may change pods."""
    for section in mutators.SECTIONS:
        yield from world.leaves[section]


def _mutators(world: World) -> Iterator[tuple[str, Ref]]:
    for kind, _, name, rest, _ in mutator_leaves(world):
        yield f"mutator {kind} {name} {rest}", Ref(kind, "", name)


def _labels(world: World, policy: PodPolicy) -> Iterator[tuple[str, Ref]]:
    if not any(mutator_leaves(world)):
        return
    for namespace in world.cluster.namespaces:
        name = namespace.metadata.name
        if name in policy.levels:
            others = {key: value for key, value in namespace.metadata.labels.items() if not key.startswith(PREFIX)}
            yield f"labels {name} {digest(others)}", Ref("Namespace", "", name)


def _blind(world: World, policy: PodPolicy) -> Iterator[tuple[str, Ref]]:
    found = missing(world, policy.levels)
    if not found:
        yield "blind-none", Ref("World", "", world.digest)
    for item in found:
        blind = item.what
        ref = Ref(blind.kind or "Object", blind.namespace, blind.name)
        yield f"blind {blind.kind} {blind.namespace} {blind.name} {blind.reason}", ref
