"""What the intent file asks of RBAC: its guardrails; beside them what is learned, where there is evidence, but for those whom the file leaves as they are.

>>> intended(World.of(Cluster(), today=date(2026, 11, 24))).guardrails
()
"""

from msgspec.structs import replace

from ostiary.model.rbac_intent import Allowed, RbacIntent, SubjectKind
from ostiary.model.world import World
from ostiary.pillars.rbac.identity import service_account_user, split_service_account
from ostiary.pillars.rbac.learning.learn import learn
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy
from ostiary.pillars.rbac.subject import USER, SubjectKey


def intended(world: World) -> RbacPolicy:
    """The policy that the intent file and the evidence ask for."""
    learned = learn(world) if world.evidence.usage else RbacPolicy()
    wanted = world.intent.rbac
    proposals = tuple(_left(one, wanted) for one in learned.proposals)
    return replace(learned, proposals=proposals, guardrails=wanted.guardrails, assume=wanted.assume)


def _left(proposal: Proposal, wanted: RbacIntent) -> Proposal:
    """The proposal; none, where the file says to leave its subject alone."""
    key = proposal.subject
    account = split_service_account(key.name) if key.kind == USER else None
    here = account is not None and account[0] in wanted.leave_namespaces
    if proposal.outcome is not Outcome.TIGHTEN or not (here or any(_means(one, key) for one in wanted.leave)):
        return proposal
    return replace(proposal, outcome=Outcome.KEEP, reason="the intent file leaves it as it is", cluster_rules=(), namespaced={})


def _means(one: Allowed, key: SubjectKey) -> bool:
    if one.kind is SubjectKind.SERVICE_ACCOUNT:
        return key == SubjectKey(USER, service_account_user(one.namespace, one.name))
    return key == SubjectKey(str(one.kind), one.name)
