"""Whether a policy may be enforced: whether every pod that runs, or that a template would make, is admitted at the level proposed for its namespace.

Refuted when some pod is not, with the smallest first; unknown when something that concerns these namespaces could not be seen, when a version is
asked for that ostiary or the server does not know, or when something may change pods on creation and no running pod shows into what.
"""

from collections.abc import Iterator

from ostiary.model.basics import Namespace
from ostiary.model.blind import Blind, Reason
from ostiary.model.levels import NEWEST
from ostiary.model.meta import Ref
from ostiary.model.verdict import Missing, Proof, Refutation, Unknown, Witness
from ostiary.model.world import World, posture
from ostiary.pillars.pods.blindness import because, missing
from ostiary.pillars.pods.certificate import certificate
from ostiary.pillars.pods.claim import assumptions, claim
from ostiary.pillars.pods.judged import Judge
from ostiary.pillars.pods.labels import server_version
from ostiary.pillars.pods.makers import Maker, Owners, makers
from ostiary.pillars.pods.mutators import scopes
from ostiary.pillars.pods.policy import LevelVersion, PodPolicy
from ostiary.pillars.pods.premises import premises
from ostiary.pillars.pods.standards import refusal


def prove(world: World, policy: PodPolicy) -> Proof[PodPolicy] | Refutation | Unknown:
    """Decide the claim for this World. Costs one evaluation for each distinct posture in the policy's namespaces."""
    said = claim(policy)
    witnesses = _witnesses(world, policy)
    if witnesses:
        return Refutation(said, witnesses)
    unknown = _missing(world, policy)
    if unknown:
        return Unknown(said, unknown)
    return Proof(
        claim=said,
        policy=policy,
        world=world.digest,
        premises=premises(world, policy),
        assumptions=assumptions(world),
        certificate=certificate(world, policy),
    )


def _known(world: World, level: LevelVersion) -> bool:
    server = server_version(world)
    return level.parsed <= (min(server, NEWEST) if server else NEWEST)


def _witnesses(world: World, policy: PodPolicy) -> tuple[Witness, ...]:
    """Every pod or template that is not admitted, the smallest first."""
    judge = Judge()
    found = []
    for maker in makers(world):
        level = policy.levels.get(maker.ref.namespace)
        if level is None or not _known(world, level):
            continue
        violations = judge.violations(maker, level.level, level.parsed)
        if violations:
            fields = ", ".join(maker.field(path) for violation in violations for path in violation.fields)
            found.append((_size(maker), Witness(maker.ref, f"{refusal(level.level, level.version, violations)} [{fields}]")))
    return tuple(witness for _, witness in sorted(found, key=lambda one: one[0]))


def _size(maker: Maker) -> tuple[int, int, Ref]:
    return sum(1 for _ in maker.pod.spec.all_containers()), len(posture(maker.pod)), maker.ref


def _missing(world: World, policy: PodPolicy) -> tuple[Missing, ...]:
    """A policy that names no namespace is only as sure as that there was none to name: then everything not seen counts."""
    return (
        *(because(blind) for blind in _unknown_namespaces(world, policy)),
        *missing(world, policy.levels or None),
        *(because(blind) for blind in _unobserved(world, policy)),
    )


def _unknown_namespaces(world: World, policy: PodPolicy) -> Iterator[Blind]:
    there = {namespace.metadata.name for namespace in world.cluster.namespaces}
    there |= {blind.name for blind in world.cluster.blind if blind.kind == "Namespace"}  # these are told as what they are
    for name, level in policy.levels.items():
        if name not in there:
            yield Blind(kind="Namespace", name=name, reason=Reason.MISSING_NAMESPACE, detail="the policy names it")
        if not _known(world, level):
            limit = f"the server is {world.cluster.server_version or 'not known'}, ostiary knows the levels up to {NEWEST}"
            yield Blind(kind="Namespace", name=name, reason=Reason.UNKNOWN_VERSION, detail=f"{level} is asked for; {limit}")


def _unobserved(world: World, policy: PodPolicy) -> Iterator[Blind]:
    """Templates that something may change on creation, and of whose owner no pod runs to show into what."""
    changing = scopes(world)
    if not changing:
        return
    namespaces = {namespace.metadata.name: _labels(namespace) for namespace in world.cluster.namespaces}
    owners = Owners(world)
    shown = {owners.top(maker).ref for maker in makers(world) if maker.ref.kind == "Pod"}
    for maker in makers(world):
        if maker.ref.namespace not in policy.levels or maker.ref.kind == "Pod" or owners.top(maker).ref in shown:
            continue
        for scope in changing:
            if scope.may_change(namespaces.get(maker.ref.namespace, {}), maker.pod.metadata.labels):
                yield Blind(
                    kind=maker.ref.kind,
                    namespace=maker.ref.namespace,
                    name=maker.ref.name,
                    reason=Reason.UNOBSERVED,
                    detail=f"{scope.ref} may change its pods on creation",
                )
                break


def _labels(namespace: Namespace) -> dict[str, str]:
    """With the label that the API server gives every namespace."""
    return {**namespace.metadata.labels, "kubernetes.io/metadata.name": namespace.metadata.name}
