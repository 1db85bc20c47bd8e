"""Findings of the further controls, one for a control and an owner: the pods of a Deployment and its template are one.

The witness is a field of the owner where its template shows it; what only a pod shows (something injected, a debug container) names the pod.
"""

from collections.abc import Iterator

from ostiary.model.blind import Blind
from ostiary.model.finding import Finding
from ostiary.model.meta import Ref
from ostiary.model.verdict import Missing
from ostiary.model.world import World
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Control, Violation
from ostiary.pillars.pods.controls.registry import CONTROLS
from ostiary.pillars.pods.controls.secret_values import TWIN_IN_CONFIG, config_maps_used
from ostiary.pillars.pods.controls.surroundings import NO_SETTINGS, Named, Settings, Surroundings, surroundings
from ostiary.pillars.pods.makers import Maker, Owners, every_maker

SHOWN = 3  # witnesses written out in one finding
# Kinds besides pods and workloads that some control looks at.
NEEDED = frozenset(
    (
        *("ServiceAccount", "Secret", "ConfigMap", "PersistentVolume", "PersistentVolumeClaim"),
        *("RoleBinding", "ClusterRoleBinding"),
    )
)
Shown = tuple[Ref, str, Violation]


def found(world: World, settings: Settings = NO_SETTINGS) -> Iterator[Finding]:
    """Every finding of every control, by owner and then by code."""
    around = surroundings(world, settings)
    used: set[Named] = set()
    for top, group in _groups(world).items():
        cases = [Case(maker, around) for maker in group]
        used.update((case.namespace, name) for case in cases for _, name in config_maps_used(case))
        yield from _of_owner(top, cases)
    yield from _leaky_and_unused(around, used)


def _leaky_and_unused(around: Surroundings, used: set[Named]) -> Iterator[Finding]:
    """A ConfigMap with a Secret's value that no pod here uses is there to be read all the same."""
    for namespace, name in sorted(set(around.twin_keys) - used):
        top = Ref("ConfigMap", namespace, name)
        shown = [(top, "data", Violation("data", repeats)) for repeats in around.twin_keys[namespace, name]]
        yield _finding(TWIN_IN_CONFIG, top, shown)


def unseen(world: World) -> tuple[Missing, ...]:
    """What could not be read of what the controls need besides pods and their workloads."""
    return tuple(Missing(blind, _todo(blind)) for blind in world.cluster.blind if blind.kind in NEEDED)


def _todo(blind: Blind) -> str:
    return f"let ostiary read {blind.kind} objects: controls about tokens, secrets or claims could not see them"


def _groups(world: World) -> dict[Ref, list[Maker]]:
    """Makers by topmost owner, finished pods included: that they are kept is a control."""
    owners, groups = Owners(world), dict[Ref, list[Maker]]()
    for maker in every_maker(world):
        top = owners.top(maker)
        group = groups.setdefault(top.ref, [top])
        if maker.ref != top.ref:
            group.append(maker)
    return dict(sorted(groups.items()))


def _of_owner(top: Ref, cases: list[Case]) -> Iterator[Finding]:
    shown: dict[str, list[Shown]] = {}
    seen: set[tuple[str, str, str]] = set()
    for case in cases:
        for control in CONTROLS:
            for violation in control.of(case):
                key = (control.code, violation.path, violation.detail)
                if key not in seen:
                    seen.add(key)
                    shown.setdefault(control.code, []).append((case.maker.ref, case.maker.field(violation.path), violation))
    for control in CONTROLS:
        if control.code in shown:
            yield _finding(control, top, shown[control.code])


def _finding(control: Control, top: Ref, shown: list[Shown]) -> Finding:
    details = list(dict.fromkeys(violation.detail for _, _, violation in shown))
    places = [path if ref == top else f"{ref}: {path}" for ref, path, _ in shown]
    return Finding(
        code=control.code,
        severity=control.severity,
        subject=top,
        reason=f"{control.title}: {_some(details)}",
        witness=_some(places),
        fix=control.fix,
        references=control.sources,
    )


def _some(words: list[str]) -> str:
    more = len(words) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more > 0 else "")
