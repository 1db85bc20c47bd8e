"""Bindings that wait for somebody: their service account is not there, and whoever creates it inherits their rights.

A User or Group that nobody has yet waits as well, but only an identity provider could make it; that is not a fact about the cluster. A service account that
cannot be seen is not one that is not there: when service accounts, or namespaces of them, could not be read, nothing is said.

>>> waiting(Authorizer(Cluster()), Cluster())
()
"""

from collections.abc import Iterator

from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.escalations.facts import Fact
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.subject import SERVICE_ACCOUNT, SubjectKey

PRIMITIVE = "become-waiting-account"  # row 25


def absent_accounts(authorizer: Authorizer, cluster: Cluster) -> Iterator[tuple[Grant, SubjectKey]]:
    """Every grant with rights for a service account that is not there."""
    if any(blind.kind in ("", "ServiceAccount") for blind in cluster.blind):
        return
    there = {(account.metadata.namespace, account.metadata.name) for account in cluster.service_accounts}
    for grant in authorizer.grants.all:
        for subject, key in zip(grant.subjects, grant.keys, strict=True):
            if subject.kind == SERVICE_ACCOUNT and key is not None and grant.rules.sure:
                account = split_service_account(key.name)
                if account is not None and account not in there and not _made_by_itself(account):
                    yield grant, key


def _made_by_itself(account: tuple[str, str]) -> bool:
    """The account that a controller makes in every namespace."""
    return account[1] == "default"


def waiting(authorizer: Authorizer, cluster: Cluster, columns: Columns | None = None) -> tuple[Fact, ...]:
    """Who may create a service account that some binding waits for, by account."""
    columns = columns or Columns(authorizer.grants)
    found: list[Fact] = []
    for grant, key in absent_accounts(authorizer, cluster):
        namespace, name = split_service_account(key.name) or ("", "")
        for holder in columns.who(Request("create", "serviceaccounts", namespace=namespace)):
            bindings = (holder.grant.binding, grant.binding)
            found.append(Fact(PRIMITIVE, holder.key, namespace, (name,), bindings, (holder.grant.role, grant.role)))
    return tuple(sorted(found, key=lambda fact: (fact.scope, fact.names, fact.subject, fact.bindings)))
