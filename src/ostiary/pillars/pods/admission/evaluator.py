"""What the compiled policies decide, decided here: the same controls, scope and exceptions by their Python side.

A judge holds it against a real API server. It answers for a pod that its own controller creates today.
"""

from collections.abc import Iterator

from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.pillars.pods.admission.exceptions import excepted
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.scope import control_plane_namespaces, covers
from ostiary.pillars.pods.controls import BY_CODE
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Over, Violation
from ostiary.pillars.pods.controls.surroundings import Surroundings
from ostiary.pillars.pods.makers import Maker, makers


def violated(policy: AdmissionPolicy, maker: Maker) -> tuple[str, ...]:
    """Codes of the policy's controls that a pod of this maker violates, exceptions aside."""
    case = Case(maker, Surroundings(settings=policy.settings))
    return tuple(code for code in policy.codes if next(BY_CODE[code].of(case), None) is not None)


def violated_by_update(policy: AdmissionPolicy, before: Maker, after: Maker) -> tuple[str, ...]:
    """Codes that an update violates by the containers that it adds or gives another image. No exception counts."""
    case = Case(after, Surroundings(settings=policy.settings))
    there = {(one.name, one.image) for one in before.pod.spec.all_containers()}
    case.containers = [place for place in case.containers if (place.container.name, place.container.image) not in there]
    case.lasting = [place for place in case.containers if not place.ephemeral]
    found = []
    for code in policy.codes:
        cel = BY_CODE[code].cel
        judged = case.containers if cel is not None and cel.over in (Over.CONTAINER, Over.LASTING) else []
        if judged and next(BY_CODE[code].of(case), None) is not None:
            found.append(code)
    return tuple(found)


def would_refuse(world: World, policy: AdmissionPolicy) -> Iterator[tuple[Ref, str, Violation]]:
    """What runs, or what a template would make, and would be refused once the policy is enforced: maker, code, and where."""
    labels = {one.metadata.name: one.metadata.labels for one in world.cluster.namespaces}
    also = control_plane_namespaces(world)
    around = Surroundings(settings=policy.settings)
    for maker in makers(world):
        if not covers(policy, maker.ref.namespace, labels.get(maker.ref.namespace, {}), also):
            continue
        case = Case(maker, around)
        for code in policy.codes:
            let_off = any(code in one.controls and excepted(one, maker, world.today) for one in policy.exceptions)
            violation = None if let_off else next(BY_CODE[code].of(case), None)
            if violation is not None:
                yield maker.ref, code, violation
