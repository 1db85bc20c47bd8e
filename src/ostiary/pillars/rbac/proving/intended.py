"""What the intent file asks of RBAC: its guardrails; beside them what is learned, where there is evidence, but for those whom the file leaves as they are.

>>> intended(World.of(Cluster(), today=date(2026, 11, 24))).guardrails
()
"""

from msgspec.structs import replace

from ostiary.model.rbac_intent import Allowed, RbacIntent, SubjectKind
from ostiary.model.world import World
from ostiary.pillars.rbac.enforcing.standing import Standing
from ostiary.pillars.rbac.identity import service_account_user, split_service_account
from ostiary.pillars.rbac.learning.learn import learn
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy
from ostiary.pillars.rbac.subject import USER, SubjectKey


def intended(world: World) -> RbacPolicy:
    """The policy that the intent file and the evidence ask for."""
    learned = learn(world) if world.evidence.usage else RbacPolicy()
    wanted = world.intent.rbac
    there = Standing.of(world.cluster)
    proposals = tuple(_left(one, wanted, there) for one in learned.proposals)
    return replace(learned, proposals=proposals, guardrails=wanted.guardrails, assume=wanted.assume)


def _left(proposal: Proposal, wanted: RbacIntent, there: Standing) -> Proposal:
    """The proposal; none, where the file says to leave its subject alone, and where ostiary gave the subject what it has for a purpose of its own."""
    if proposal.outcome is not Outcome.TIGHTEN:
        return proposal
    reason = "the intent file leaves it as it is" if _is_left(proposal.subject, wanted) else ""
    if not reason and any(map(there.serves, proposal.replaces)):
        reason = "what it holds was given by ostiary, and ends or stays by that"
    return replace(proposal, outcome=Outcome.KEEP, reason=reason, cluster_rules=(), namespaced={}) if reason else proposal


def _is_left(key: SubjectKey, wanted: RbacIntent) -> bool:
    account = split_service_account(key.name) if key.kind == USER else None
    here = account is not None and account[0] in wanted.leave_namespaces
    return here or any(_means(one, key) for one in wanted.leave)


def _means(one: Allowed, key: SubjectKey) -> bool:
    if one.kind is SubjectKind.SERVICE_ACCOUNT:
        return key == SubjectKey(USER, service_account_user(one.namespace, one.name))
    return key == SubjectKey(str(one.kind), one.name)
