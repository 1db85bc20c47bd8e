"""In whose names somebody can act: the service accounts, users and groups that a fact about escalation leads to.

A service account counts when it is there (or when service accounts could not be read). Secrets count as tokens of the account that they are annotated with.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from ostiary.paths.direct import Scene
from ostiary.pillars.pods.makers import makers
from ostiary.pillars.rbac.escalations import Fact
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.identity import MASTERS, service_account_groups, service_account_user
from ostiary.pillars.rbac.subject import GROUP, USER, SubjectKey

_TOKENS = ("mint-tokens", "legacy-tokens", "impersonate-accounts", "constrained-accounts")
_BY_PODS = ("exec", "exec-by-get", "ephemeral-containers")
_ACCOUNT_OF_SECRET = "kubernetes.io/service-account.name"  # noqa: S105, the key of an annotation
Named = tuple[str, str]  # name of a pod, workload, secret or account; name of the account


class Names:
    """The accounts of a World, by how they can be taken."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._cluster = scene.world.cluster

    def taken(self, fact: Fact, wanted: Iterable[SubjectKey]) -> Iterator[SubjectKey]:
        """Those of the wanted subjects in whose names this fact lets somebody act."""
        match fact.primitive:
            case "impersonate-users" | "constrained-users":
                yield from (key for key in wanted if key.kind == USER and (not fact.names or key.name in fact.names))
            case "impersonate-groups":
                groups = (*(key for key in wanted if key.kind == GROUP), SubjectKey(GROUP, MASTERS))
                yield from (key for key in groups if not fact.names or key.name in fact.names)
            case _:
                accounts = self._accounts(fact)
                yield from (key for key in wanted if key in accounts)

    def _accounts(self, fact: Fact) -> set[SubjectKey]:
        """Keys of the accounts: their user names, and the groups that they are always in."""
        table = self._table(fact.primitive)
        namespaces = table if fact.scope == CLUSTER else (fact.scope,)
        found: set[SubjectKey] = set()
        for namespace in namespaces:
            accounts = {account for name, account in table.get(namespace, ()) if not fact.names or name in fact.names}
            found.update(SubjectKey(USER, service_account_user(namespace, account)) for account in accounts)
            found.update(SubjectKey(GROUP, group) for group in service_account_groups(namespace) if accounts)
        return found

    def _table(self, primitive: str) -> dict[str, set[Named]]:
        if primitive in _TOKENS or primitive == "create-workloads":
            return self._every
        if primitive == "change-workloads":
            return self._of_workloads
        if primitive in _BY_PODS:
            return self._of_pods
        return self._of_secrets if primitive == "read-secrets" else {}

    @cached_property
    def _every(self) -> dict[str, set[Named]]:
        found: defaultdict[str, set[Named]] = defaultdict(set)
        for account in self._cluster.service_accounts:
            found[account.metadata.namespace].add((account.metadata.name, account.metadata.name))
        for namespace in self._cluster.namespaces:  # the controller makes one in each
            found[namespace.metadata.name].add(("default", "default"))
        return dict(found)

    @cached_property
    def _of_workloads(self) -> dict[str, set[Named]]:
        return self._made("Pod", but=True)

    @cached_property
    def _of_pods(self) -> dict[str, set[Named]]:
        return self._made("Pod", but=False)

    def _made(self, kind: str, *, but: bool) -> dict[str, set[Named]]:
        found: defaultdict[str, set[Named]] = defaultdict(set)
        for maker in makers(self._scene.world):
            if (maker.ref.kind != kind) is but:
                found[maker.ref.namespace].add((maker.ref.name, maker.pod.spec.service_account))
        return dict(found)

    @cached_property
    def _of_secrets(self) -> dict[str, set[Named]]:
        found: defaultdict[str, set[Named]] = defaultdict(set)
        for secret in self._cluster.secrets:
            account = secret.metadata.annotations.kept.get(_ACCOUNT_OF_SECRET)
            if account:
                found[secret.metadata.namespace].add((secret.metadata.name, account))
        return dict(found)
