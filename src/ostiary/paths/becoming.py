"""Who can act as the gateway's account, or the controller's, on a cluster: a way to people's rights that passes no gateway.

By RBAC alone: whoever can make a token of the account, or a pod that runs as it, or impersonate it. Kubernetes' own identities are left out, and so is the
controller, which makes the gateway's tokens. ``system:masters`` can do everything and is in no binding.

>>> list(becoming(World.of(Cluster(), today=date(2026, 11, 24))))  # doctest: +SKIP
[]
"""

from collections.abc import Iterator

from ostiary.model.access import CONTROLLER_ACCOUNT, GATEWAY_ACCOUNT, NAMESPACE
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.pillars.access.codes import BECOMING, finding
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.escalations import Fact, facts
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.holders import Holders
from ostiary.pillars.rbac.identity import service_account_user
from ostiary.pillars.rbac.subject import USER, SubjectKey

_WAYS = {
    "mint-tokens": "makes tokens of it",
    "legacy-tokens": "makes a lasting token of it",
    "create-workloads": "makes pods that run as it",
    "impersonate-accounts": "impersonates it",
    "constrained-accounts": "impersonates it",
}
_SHOWN = 6


def becoming(world: World) -> Iterator[Finding]:
    """One finding for each account that somebody can act as."""
    there = {(one.metadata.namespace, one.metadata.name) for one in world.cluster.service_accounts}
    accounts = [name for name in (GATEWAY_ACCOUNT, CONTROLLER_ACCOUNT) if (NAMESPACE, name) in there]
    if not accounts:
        return
    authorizer = Authorizer(world.cluster)
    found = [fact for fact in facts(authorizer, Columns(authorizer.grants)) if fact.primitive in _WAYS]
    holders = Holders.of(world.cluster)
    for account in accounts:
        ways = [fact for fact in found if _leads_to(fact, account) and not _own(fact, holders)]
        if ways:
            yield _finding(account, ways)


def _leads_to(fact: Fact, account: str) -> bool:
    """Whether it holds where the account is; names limit all but the making of pods, which they never limit."""
    by_name = fact.primitive == "create-workloads" or not fact.names or account in fact.names
    return fact.scope in (CLUSTER, NAMESPACE) and by_name


def _own(fact: Fact, holders: Holders) -> bool:
    if fact.subject == SubjectKey(USER, service_account_user(NAMESPACE, CONTROLLER_ACCOUNT)):
        return True
    return all(holders.is_own(binding, role, fact.subject) for binding, role in zip(fact.bindings, fact.roles, strict=False))


def _finding(account: str, ways: list[Fact]) -> Finding:
    who = sorted({fact.subject for fact in ways})
    told = [f"{key} {_how(key, ways)}" for key in who[:_SHOWN]]
    more = f"; and {len(who) - _SHOWN} more" if len(who) > _SHOWN else ""
    near = any(fact.scope == NAMESPACE for fact in ways)
    return finding(
        BECOMING,
        Ref("ServiceAccount", NAMESPACE, account),
        f"others can act as it, past the gateway: {'; '.join(told)}{more}",
        witness=str(next(fact for fact in ways if fact.subject == who[0]).bindings[0]),
        fix=f"let nobody but ostiary hold such rights in {NAMESPACE}; those who hold them everywhere hold them here too",
        severity=Severity.HIGH if near else Severity.MEDIUM,
    )


def _how(key: SubjectKey, ways: list[Fact]) -> str:
    mine = [fact for fact in ways if fact.subject == key]
    said = dict.fromkeys(_WAYS[fact.primitive] for fact in mine)
    return f"{', '.join(said)} ({mine[0].bindings[0]})"
