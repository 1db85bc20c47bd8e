"""What was taken, ready to be given back: a plan that binds each subject anew to the roles that it held.

It creates bindings of its own beside whatever stands then, so it can be performed at any time, without looking at what became of the old bindings:
one ``ostiary apply`` gives everything back, and its journal takes it away again. Roles that were bound are left in place by enforcement, so there is
something to bind to.
"""

from collections.abc import Iterator, Sequence

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Ref
from ostiary.model.plan import Action, Change, Plan
from ostiary.pillars.rbac.enforcing.objects import RESTORED, address, binding, name_of, said, subject_of
from ostiary.pillars.rbac.enforcing.standing import Standing
from ostiary.pillars.rbac.enforcing.steps import replaced
from ostiary.pillars.rbac.policy import Proposal
from ostiary.pillars.rbac.subject import key_of

RESTORE = "restore"
_PREFIX = "ostiary:restored:"


def restores(cluster: Cluster, proposals: Sequence[Proposal]) -> tuple[Change, ...]:
    """One new binding for each subject and each binding that it is taken out of."""
    there = Standing.of(cluster)
    return tuple(change for one in proposals for change in _of(one, there))


def _of(proposal: Proposal, there: Standing) -> Iterator[Change]:
    for old in sorted(replaced(proposal)):
        found = there.bindings.get(old)
        if found is None or all(key_of(subject, old.namespace) != proposal.subject for subject in found.subjects):
            continue
        ref = Ref(old.kind, old.namespace, f"{_PREFIX}{name_of(proposal.subject).removeprefix('ostiary:least:')}:{old.name}")
        yield Change(
            stage=RESTORE,
            action=Action.CREATE,
            target=address(ref),
            after=binding(ref, found.role_ref, (subject_of(proposal.subject),), part=RESTORED),
            sentence=f"{said(proposal.subject)}: holds {found.role_ref.kind} {found.role_ref.name} again, as by {old}",
        )


def restoring(plan: Plan, given_back: tuple[Change, ...]) -> Plan:
    """The plan that gives back what ``plan`` takes. It rests on nothing, and so it is never stale."""
    return Plan(
        pillar=plan.pillar,
        world=plan.world,
        claim=f"What was taken by this plan is given back: {plan.claim}",
        stages=(RESTORE,),
        changes=given_back,
        policy={RESTORE: True},
    )


def restores_only(plan: Plan) -> bool:
    """Whether a plan only gives back."""
    return bool(plan.policy.get(RESTORE))
