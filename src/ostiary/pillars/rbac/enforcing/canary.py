"""Who goes first: the subjects whose new roles are tried before everybody else's.

A service account goes first when it lives in a canary namespace; anybody else, when everything that is taken from them is in canary namespaces. The
namespaces are those that are named; where none is, the one in which the fewest pods run as accounts that are tightened. Where only one namespace is
concerned, there is nothing to try it before.
"""

from collections import Counter
from collections.abc import Sequence

from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.policy import Proposal
from ostiary.pillars.rbac.subject import USER, SubjectKey


def canary(cluster: Cluster, proposals: Sequence[Proposal], named: Sequence[str] = ()) -> frozenset[SubjectKey]:
    """The subjects that go first."""
    namespaces = frozenset(named) or _smallest(cluster, proposals)
    return frozenset(one.subject for one in proposals if _first(one, namespaces))


def _first(proposal: Proposal, namespaces: frozenset[str]) -> bool:
    home = home_of(proposal.subject)
    if home:
        return home in namespaces
    return bool(proposal.replaces) and all(ref.namespace in namespaces for ref in proposal.replaces)


def home_of(key: SubjectKey) -> str:
    """The namespace of a service account; empty for anybody else."""
    account = split_service_account(key.name) if key.kind == USER else None
    return account[0] if account else ""


def _smallest(cluster: Cluster, proposals: Sequence[Proposal]) -> frozenset[str]:
    homes = {home for one in proposals if (home := home_of(one.subject))}
    if len(homes) < 2:
        return frozenset()
    accounts = {account for one in proposals if (account := split_service_account(one.subject.name))}
    pods = Counter(
        pod.metadata.namespace for pod in cluster.pods if (pod.metadata.namespace, pod.spec.service_account) in accounts
    )
    return frozenset({min(homes, key=lambda home: (pods[home], home))})
