"""What could not be read of who decides about pods on admission, and what follows from it.

A kind that the server does not serve has no objects: that is nothing unread. What a policy needs and the server cannot hold is missing all the same:
ValidatingAdmissionPolicies for any control (v1 from Kubernetes 1.30), MutatingAdmissionPolicies for a default (v1 from 1.36).
"""

from collections.abc import Iterator

from ostiary.model.blind import Blind, Reason
from ostiary.model.verdict import Missing
from ostiary.model.world import World
from ostiary.pillars.pods import blindness
from ostiary.pillars.pods.admission.policy import AdmissionPolicy

VALIDATING = frozenset(("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"))
MUTATING = frozenset(("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"))
WEBHOOKS = frozenset(("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"))


def unread(world: World, policy: AdmissionPolicy) -> tuple[Missing, ...]:
    """What a plan for this policy would have to know of the policies that stand."""
    return tuple(_unread(world, policy))


def _unread(world: World, policy: AdmissionPolicy) -> Iterator[Missing]:
    for blind in world.cluster.blind:
        if blind.kind not in VALIDATING | MUTATING:
            continue
        if blind.reason is not Reason.MISSING_RESOURCE:
            yield Missing(blind, f"let ostiary read {blind.kind} objects: a plan cannot tell what stands already")
        elif blind.kind in VALIDATING or policy.defaults:
            yield Missing(blind, f"ask for nothing that needs {blind.kind}, or upgrade the cluster")


def unseen(world: World) -> tuple[Missing, ...]:
    """What ``check`` and ``learn`` would have needed: pods and what makes them, webhooks, and the policies that stand."""
    others = tuple(
        Missing(blind, f"let ostiary read {blind.kind} objects: they decide about pods, too")
        for blind in world.cluster.blind
        if _decides(blind) and not blindness.concerns(blind, None)
    )
    return (*blindness.unseen(world), *others)


def _decides(blind: Blind) -> bool:
    return blind.kind in VALIDATING | MUTATING | WEBHOOKS and blind.reason is not Reason.MISSING_RESOURCE
