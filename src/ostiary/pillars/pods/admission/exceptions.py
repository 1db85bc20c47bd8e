"""Exceptions as CEL that ends by itself.

CEL at admission has no clock. It has something as good on creation: ``object.metadata.creationTimestamp`` is set by the API server, to now, before
validating admission, and what a client sends there is thrown away (seen on 1.37.2, dry-run included). On an update it is the day of creation, and nothing
else that a client cannot touch says what day it is. Therefore an exception counts when a pod is created and never when it is changed: an update is judged
by the containers that it adds or changes, and by nothing that was there before.

A pod is recognised by its controller, which CEL sees by kind and name only, and by who creates it: a controller of the control plane. Forging an owner
reference by hand does not help; whoever may create ReplicaSets or Jobs in that namespace under the workload's name can use its exception.

Source: ``rest.BeforeCreate`` and ``Store.Create`` in k8s.io/apiserver/pkg/registry; the alphabet of pod-template-hash: k8s.io/apimachinery/pkg/util/rand.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from ostiary.pillars.pods.admission.policy import CONTROLLERS, WorkloadException
from ostiary.pillars.pods.makers import Maker

HASH = "[bcdfghjklmnpqrstvwxz2456789]{1,10}"
MINUTES = "[0-9]{1,11}"
ONE_MANAGER = "system:kube-controller-manager"  # a controller manager without --use-service-account-credentials


def expression(exceptions: Iterable[WorkloadException]) -> str:
    """CEL that is true while a pod that is being created is excepted. Names are those that ``policy.checked`` let by: they need no quoting."""
    every = [_one(exception) for exception in exceptions]
    return f"request.operation == 'CREATE' && ({' || '.join(every)})" if every else "false"


def ends(exception: WorkloadException) -> str:
    """The first moment at which it no longer holds: midnight UTC after its last day."""
    return f"{(exception.expires + timedelta(days=1)).isoformat()}T00:00:00Z"


def _one(exception: WorkloadException) -> str:
    return (
        f"(request.namespace == '{exception.namespace}' && {_recognised(exception)} && "
        f"timestamp(dyn(object.metadata.creationTimestamp)) < timestamp('{ends(exception)}'))"
    )


def _recognised(exception: WorkloadException) -> str:
    name = exception.name
    if exception.kind == "Pod":
        return f"object.metadata.name == '{name}' && object.metadata.?ownerReferences.orValue([]).size() == 0"
    kind, version, controller = CONTROLLERS[exception.kind]
    pattern = controller_names(exception)
    return (
        "object.metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false) && "
        f"o.apiVersion == '{version}' && o.kind == '{kind}' && o.name.matches('{pattern}')) && "
        f"request.userInfo.username in ['system:serviceaccount:kube-system:{controller}', '{ONE_MANAGER}']"
    )


def controller_names(exception: WorkloadException) -> str:
    """Names that the pod's own controller can have, as a regular expression: a Deployment's ReplicaSets end in a hash, a CronJob's Jobs in minutes."""
    name = exception.name.replace(".", "[.]")
    suffix = {"Deployment": f"-{HASH}", "CronJob": f"-{MINUTES}"}.get(exception.kind, "")
    return f"^{name}{suffix}$"


def excepted(exception: WorkloadException, maker: Maker, today: date) -> bool:
    """Whether a pod of this maker, created today by its controller, is excepted."""
    if exception.namespace != maker.ref.namespace or today > exception.expires:
        return False
    if maker.ref.kind == exception.kind and maker.ref.name == exception.name:
        return exception.kind != "Pod" or not maker.meta.owner_references
    owner = maker.meta.controller
    if exception.kind == "Pod" or owner is None:
        return False
    kind = CONTROLLERS[exception.kind][0]
    if maker.ref.kind == kind and exception.kind in ("Deployment", "CronJob"):
        return owner.kind == exception.kind and owner.name == exception.name
    return maker.ref.kind == "Pod" and owner.kind == kind and re.search(controller_names(exception), owner.name) is not None
