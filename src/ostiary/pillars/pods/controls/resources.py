"""Controls about memory, processor time and scratch space: a pod without limits can take its node down with it.

Limits of the pod as a whole (``spec.resources``) count for each container. A quantity of zero is none.

>>> [is_zero(text) for text in ("0", "0Mi", "0.0", "100m", 0)]
[True, True, True, False, True]
"""

import re
from collections.abc import Callable, Iterator, Mapping

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case, Place
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NSA_RESOURCES, k8s

PAGE = k8s("concepts/configuration/manage-resources-containers/")
Quantities = Mapping[str, str | int | float]
_ZERO = re.compile(r"[+-]?0*\.?0*([A-Za-z]+|[eE][+-]?[0-9]+)?")
_CEL_SAID = "({0}.?resources.?{1}[?'{2}'].orValue('0') != '0')"


def is_zero(quantity: str | int | float) -> bool:
    """Whether a quantity, however written, is nothing."""
    return _ZERO.fullmatch(str(quantity)) is not None


def _said(quantities: Quantities, resource: str) -> bool:
    return resource in quantities and not is_zero(quantities[resource])


def _limited(case: Case, place: Place, resource: str) -> bool:
    return _said(place.container.resources.limits, resource) or _said(case.spec.resources.limits, resource)


def _requested(case: Case, place: Place, resource: str) -> bool:
    """A limit without a request is a request of as much: the API server fills it in; a request of zero stays zero."""
    if resource in place.container.resources.requests:
        own = _said(place.container.resources.requests, resource)
    else:
        own = _said(place.container.resources.limits, resource)
    return own or _said(case.spec.resources.requests, resource) or _limited_as_a_whole(case, resource)


def _limited_as_a_whole(case: Case, resource: str) -> bool:
    return resource not in case.spec.resources.requests and _said(case.spec.resources.limits, resource)


def _lacking(resource: str, kind: str, has: Callable[[Case, Place, str], bool]) -> Callable[[Case], Iterator[Violation]]:
    def violations(case: Case) -> Iterator[Violation]:
        for place in case.lasting:
            if not has(case, place, resource):
                yield Violation(f"{place.path}.resources.{kind}.{resource}", f"container {place.container.name}")

    return violations


def _cel(kind: str, resource: str) -> Cel:
    said = _CEL_SAID.format("c", kind, resource), _CEL_SAID.format("s", kind, resource)
    return Cel.of_lasting(f"!({' || '.join(said)})")


def _control(code: str, title: str, severity: Severity, kind: str, resource: str, rationale: str) -> Control:
    return Control(
        code=code,
        title=title,
        severity=severity,
        sources=(NSA_RESOURCES, PAGE),
        rationale=rationale,
        fix=f"set resources.{kind}.{resource}",
        violations=_lacking(resource, kind, _limited if kind == "limits" else _requested),
        cel=_cel(kind, resource),
    )


MEMORY_LIMIT = _control(
    "POD-174",
    "no memory limit",
    Severity.MEDIUM,
    "limits",
    "memory",
    "One leak, or one visitor who means it, and the node kills other pods to go on.",
)
MEMORY_REQUEST = _control(
    "POD-175",
    "no memory request",
    Severity.LOW,
    "requests",
    "memory",
    "The scheduler packs what it knows nothing of onto full nodes.",
)
CPU_REQUEST = _control(
    "POD-176",
    "no CPU request",
    Severity.LOW,
    "requests",
    "cpu",
    "Without a share of its own it stands last in the queue, and nobody can tell how much the node has left.",
)
CPU_LIMIT = _control(
    "POD-177",
    "no CPU limit",
    Severity.INFO,
    "limits",
    "cpu",
    "It may take all that nobody else has requested. Many prefer it so; a miner prefers it too.",
)
STORAGE_LIMIT = _control(
    "POD-178",
    "no limit of ephemeral storage",
    Severity.LOW,
    "limits",
    "ephemeral-storage",
    "Logs and scratch files fill the node's disk, and the kubelet evicts whoever it finds.",
)


def _unlimited_scratch(case: Case) -> Iterator[Violation]:
    for i, volume in enumerate(case.spec.volumes):
        scratch = volume.empty_dir
        if scratch is not None and scratch.medium != "Memory" and is_zero(scratch.size_limit or 0):
            yield Violation(f"spec.volumes[{i}].emptyDir.sizeLimit", f"{volume.name} may fill the node's disk")


UNLIMITED_SCRATCH = Control(
    code="POD-179",
    title="emptyDir without a size limit",
    severity=Severity.LOW,
    sources=(NSA_RESOURCES, k8s("concepts/storage/volumes/#emptydir")),
    rationale="It grows until the node's disk is full.",
    fix="set emptyDir.sizeLimit",
    violations=_unlimited_scratch,
    cel=Cel.of_volume(
        "has(v.emptyDir) && v.emptyDir.?medium.orValue('') != 'Memory' && v.emptyDir.?sizeLimit.orValue('0') == '0'"
    ),
)


def _unlimited_memory(case: Case) -> Iterator[Violation]:
    for i, volume in enumerate(case.spec.volumes):
        scratch = volume.empty_dir
        if scratch is not None and scratch.medium == "Memory" and is_zero(scratch.size_limit or 0):
            yield Violation(f"spec.volumes[{i}].emptyDir.sizeLimit", f"{volume.name} may fill memory")


UNLIMITED_MEMORY = Control(
    code="POD-180",
    title="emptyDir in memory without a size limit",
    severity=Severity.MEDIUM,
    sources=(NSA_RESOURCES, k8s("concepts/storage/volumes/#emptydir")),
    rationale="Files there are memory: up to the pod's limits, or half of the node's.",
    fix="set emptyDir.sizeLimit",
    violations=_unlimited_memory,
    cel=Cel.of_volume(
        "has(v.emptyDir) && v.emptyDir.?medium.orValue('') == 'Memory' && v.emptyDir.?sizeLimit.orValue('0') == '0'"
    ),
)
