"""Who really holds a role: the subjects of its bindings, the pods that run as them, and which of them are Kubernetes' own.

A binding is the server's own when it carries the server's label, and then only for the server's own identities: a subject that somebody added to it, or a
label that somebody put on another binding, hides nothing.

Source: ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy`` (the label, the default bindings of groups).

>>> is_everybody(SubjectKey(GROUP, "system:authenticated"))
True
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Ref
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE_BINDING, ROLE_BINDING
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.identity import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    SERVICE_ACCOUNTS,
    UNAUTHENTICATED,
    split_service_account,
)
from ostiary.pillars.rbac.subject import GROUP, USER, SubjectKey

BOOTSTRAP = ("kubernetes.io/bootstrapping", "rbac-defaults")
SHOWN = 6  # subjects named in a sentence
_OF_EVERYBODY = frozenset(
    f"system:{name}"
    for name in (
        "basic-user",
        "discovery",
        "public-info-viewer",
        "service-account-issuer-discovery",
        "cluster-trust-bundle-discovery",
    )
)
_OWN_USERS = frozenset({"system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "system:apiserver"})
_OWN_GROUPS = frozenset({MASTERS, "system:nodes", "system:monitoring", "system:bootstrappers"})


def is_everybody(key: SubjectKey) -> bool:
    """Whether a subject means everybody, all who did not sign in, or all service accounts."""
    if key.kind == GROUP:
        return key.name in (AUTHENTICATED, UNAUTHENTICATED, SERVICE_ACCOUNTS)
    return key.name == ANONYMOUS


@dataclass(frozen=True, slots=True)
class Holders:
    """The labels of bindings and the pods of service accounts of one Cluster."""

    own_bindings: frozenset[Ref]
    pods: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, cluster: Cluster) -> "Holders":
        """One pass over bindings and pods. Finished pods do not count: nothing runs as them any more."""
        kinds = ((CLUSTER_ROLE_BINDING, cluster.cluster_role_bindings), (ROLE_BINDING, cluster.role_bindings))
        own = (
            Ref(kind, binding.metadata.namespace, binding.metadata.name)
            for kind, bindings in kinds
            for binding in bindings
            if binding.metadata.labels.get(BOOTSTRAP[0]) == BOOTSTRAP[1]
        )
        running = (pod for pod in cluster.pods if pod.status.phase not in ("Succeeded", "Failed"))
        return cls(frozenset(own), Counter((pod.metadata.namespace, pod.spec.service_account) for pod in running))

    def is_own(self, binding: Ref, role: Ref, key: SubjectKey) -> bool:
        """Whether Kubernetes itself made this binding for this subject."""
        if binding not in self.own_bindings:
            return False
        if is_everybody(key):
            return role.name in _OF_EVERYBODY
        account = split_service_account(key.name) if key.kind == USER else None
        return account[0] == "kube-system" if account else key.name in (_OWN_USERS if key.kind == USER else _OWN_GROUPS)

    def others(self, grant: Grant) -> tuple[SubjectKey, ...]:
        """The subjects of a grant that are not Kubernetes' own."""
        keys = dict.fromkeys(key for key in grant.keys if key is not None)
        return tuple(key for key in keys if not self.is_own(grant.binding, grant.role, key))

    def sentence(self, keys: Iterable[SubjectKey]) -> str:
        """Who they are, and how many pods run as them."""
        every = sorted(set(keys))
        shown = ", ".join(map(self._named, every[:SHOWN]))
        return shown + (f" and {len(every) - SHOWN} more" if len(every) > SHOWN else "")

    def _named(self, key: SubjectKey) -> str:
        account = split_service_account(key.name) if key.kind == USER else None
        if account is None:
            return str(key)
        count = self.pods.get(account, 0)
        return f"ServiceAccount {account[0]}/{account[1]} ({count} pod{'s' * (count != 1)})"
