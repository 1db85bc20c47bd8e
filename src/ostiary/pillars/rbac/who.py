"""Who can: every subject that may do something, and what a list of bindings does not show.

Beside the subjects of bindings: the group ``system:masters``, which no binding names; nodes, by the Node authorizer; and the service accounts that are in
a group without anybody having put them there. What could be there and is not seen is said as well: while it is, the list may be too short.

>>> who_can(Authorizer(Cluster()), Request("get", "secrets")).holders
()
"""

from dataclasses import dataclass

from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns, Holder
from ostiary.pillars.rbac.doubt import Doubt
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.identity import AUTHENTICATED, SERVICE_ACCOUNTS, service_account_groups
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.server import Mode
from ostiary.pillars.rbac.subject import GROUP, SubjectKey


@dataclass(frozen=True, slots=True)
class Who:
    """``holders``: subjects by RBAC. ``nodes``: by the Node authorizer, ``*`` for all. ``system:masters`` always can."""

    holders: tuple[Holder, ...]
    nodes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def who_can(authorizer: Authorizer, request: Request, *, everywhere: bool = False, columns: Columns | None = None) -> Who:
    """Everybody who may make a request; ``everywhere``: in whatever namespace. Pass ``columns`` to ask many times."""
    columns = columns or Columns(authorizer.grants)
    rbac = Mode.RBAC in authorizer.server.modes
    return Who(
        columns.who(request, everywhere=everywhere) if rbac else (),
        authorizer.nodes_that_may(request),
        _doubts(authorizer, request, everywhere=everywhere),
    )


def _doubts(authorizer: Authorizer, request: Request, *, everywhere: bool) -> tuple[Doubt, ...]:
    namespace = request.namespace if request.is_resource else CLUSTER
    scopes = {CLUSTER, namespace}
    doubtful = (grant for grant in authorizer.grants.doubtful if everywhere or grant.scope in scopes)
    found = [
        doubt for grant in doubtful if any(allows(rule, request) for rule in grant.rules.maybe) for doubt in grant.rules.doubts
    ]
    unseen = authorizer.grants.hidden.bindings(namespace or ("*" if everywhere else ""))
    return tuple(dict.fromkeys((*found, *unseen, *authorizer.foreign())))


def members(key: SubjectKey, cluster: Cluster) -> int | None:
    """How many service accounts of the Cluster are in a group without being put there; None for a group that only an identity provider fills."""
    if key.kind != GROUP:
        return None
    if key.name in (AUTHENTICATED, SERVICE_ACCOUNTS):
        return len(cluster.service_accounts)
    if not key.name.startswith(f"{SERVICE_ACCOUNTS}:"):
        return None
    return sum(key.name in service_account_groups(account.metadata.namespace) for account in cluster.service_accounts)
