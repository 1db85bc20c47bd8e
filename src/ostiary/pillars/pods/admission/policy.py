"""What is asked of admission: which controls, where, with which exceptions. A value; ``validating`` compiles it.

An exception is for one workload: its owner answers for it, and on the day after ``expires`` it stops admitting by itself, whether ostiary runs or not.

>>> AdmissionPolicy(controls=("POD-127",), namespaces=("shop",)).codes
('POD-127',)
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from msgspec import field

from ostiary.core.errors import BadInput
from ostiary.model.value import Value
from ostiary.pillars.pods.controls import BY_CODE, Settings

# Workloads whose pods an exception can recognise: the kind of the pod's controller, its API version, and who creates pods for it.
CONTROLLERS: dict[str, tuple[str, str, str]] = {
    "Deployment": ("ReplicaSet", "apps/v1", "replicaset-controller"),
    "ReplicaSet": ("ReplicaSet", "apps/v1", "replicaset-controller"),
    "StatefulSet": ("StatefulSet", "apps/v1", "statefulset-controller"),
    "DaemonSet": ("DaemonSet", "apps/v1", "daemon-set-controller"),
    "Job": ("Job", "batch/v1", "job-controller"),
    "CronJob": ("Job", "batch/v1", "job-controller"),
    "ReplicationController": ("ReplicationController", "v1", "replication-controller"),
}
OWN = ("ostiary", "ostiary-system")
LEFT_OUT = ("kube-system", "kube-public", "kube-node-lease", *OWN)  # unless the policy says control_plane
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
KINDS = (*CONTROLLERS, "Pod")
FILLED_IN = "filled into pods that say nothing"

# Expected at admission of every cluster: nearly nothing that is not an attack or a mistake violates these.
WORST = ("POD-127", "POD-128", "POD-130", "POD-131", "POD-132", "POD-151", "POD-152", "POD-156", "POD-157", "POD-159")


class WorkloadException(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workload that may violate some controls until a day."""

    namespace: str
    kind: str
    name: str
    controls: tuple[str, ...]
    owner: str
    reason: str
    expires: date

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def said(self) -> str:
        return f"except {self} until {self.expires.isoformat()} ({self.owner}: {self.reason})"


class AdmissionPolicy(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Controls that the API server shall hold, in namespaces by name or by label. Nothing said is nowhere; everywhere says so.

    The control plane's namespaces and ostiary's own are left out unless ``control_plane`` says otherwise.
    ``defaults`` are filled into pods that say nothing: see ``mutating``. ``left``: controls and defaults that are left as they are in the cluster, and why.
    """

    controls: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    everywhere: bool = False
    control_plane: bool = False
    exceptions: tuple[WorkloadException, ...] = ()
    registries: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    left: dict[str, str] = field(default_factory=dict)

    COLUMNS: ClassVar[tuple[str, ...]] = ("CONTROL", "WHAT", "WHERE", "WHY NOT, OR NOT FOR WHOM")

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """The policy as people read it, one control a row."""
        for code in sorted({*self.codes, *self.left}):
            title = BY_CODE[code].title if code in BY_CODE else FILLED_IN
            if code in self.codes:
                yield code, title, self.scope, "; ".join(one.said for one in self.exceptions if code in one.controls)
            else:
                yield code, title, "as it is", self.left[code]
        for name in sorted(set(self.defaults)):
            yield f"default {name}", FILLED_IN, self.scope, ""

    @property
    def scope(self) -> str:
        """Where, in a few words."""
        if self.namespaces:
            return ", ".join(sorted(self.namespaces))
        labels = ", ".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        chosen = f"namespaces with {labels}" if labels else "everywhere"
        return chosen if self.control_plane else f"{chosen}, but for the control plane"

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.controls)))

    @property
    def settings(self) -> Settings:
        return Settings(self.registries)


def checked(policy: AdmissionPolicy) -> AdmissionPolicy:
    """The policy itself, or BadInput for one that cannot mean what it says."""
    _check_scope(policy)
    for code in policy.codes:
        _check_control(policy, code)
    seen: dict[tuple[str, str, str, str], WorkloadException] = {}
    for one in policy.exceptions:
        _check_exception(policy, one)
        for code in one.controls:
            other = seen.setdefault((one.namespace, one.kind, one.name, code), one)
            if other.expires != one.expires:
                raise BadInput(
                    f"two exceptions of {one} from {code} end on different days: {other.expires} and {one.expires}",
                    todo="keep one of them",
                )
    return policy


def _check_scope(policy: AdmissionPolicy) -> None:
    said = [name for name in ("namespaces", "labels", "everywhere") if getattr(policy, name)]
    if len(said) != 1:
        raise BadInput(
            f"the policy's scope is {' and '.join(said) or 'not said'}", todo="say one of: namespaces, labels, everywhere: true"
        )
    locked = sorted(set(policy.namespaces) & set(LEFT_OUT))
    if locked and not policy.control_plane:
        raise BadInput(
            f"{', '.join(locked)} is left out of every policy, for what keeps the cluster alive runs there",
            todo="remove it, or say control_plane: true",
        )


def _check_control(policy: AdmissionPolicy, code: str) -> None:
    control = BY_CODE.get(code)
    if control is None:
        raise BadInput(f"there is no control {code}", todo="docs/pod-controls.md lists them")
    if not control.applies_at_admission:
        raise BadInput(
            f"{code} ({control.title}) cannot be decided by the API server from a pod alone", todo="ostiary check pods finds it"
        )
    if control.code == "POD-105" and not policy.registries:
        raise BadInput(
            "POD-105 needs the registries that are trusted", todo="name them in registries, each with a slash at its end"
        )


def _check_exception(policy: AdmissionPolicy, one: WorkloadException) -> None:
    for text in (one.namespace, one.name):
        if not NAME.fullmatch(text):
            raise BadInput(
                f"{text!r} is no name of a Kubernetes object", todo="an exception is for one workload, by its own name"
            )
    if one.kind not in KINDS:
        raise BadInput(f"an exception is for {one.kind}, whose pods cannot be told apart", todo=f"one of {', '.join(KINDS)}")
    if not (one.owner and one.reason and one.controls):
        raise BadInput(f"the exception of {one} lacks an owner, a reason or controls", todo="somebody has to answer for it")
    unknown = sorted(set(one.controls) - set(policy.codes))
    if unknown:
        raise BadInput(f"the exception of {one} is from {', '.join(unknown)}, which the policy does not hold", todo="remove it")
    if policy.namespaces and one.namespace not in policy.namespaces:
        raise BadInput(f"the exception of {one} is in a namespace that the policy is not about", todo="remove it")
