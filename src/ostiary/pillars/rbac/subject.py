"""Which identities a subject of a binding means.

A ``ServiceAccount`` means the user name of that account, and so does a ``User`` that is called so. Its namespace defaults to the binding's; in a
ClusterRoleBinding there is none to default to, and it means nobody. A kind that Kubernetes does not know means nobody.

Source: ``pkg/registry/rbac/validation/rule.go`` (appliesToUser).

>>> key_of(Subject(kind="ServiceAccount", name="web"), "shop")
SubjectKey(kind='User', name='system:serviceaccount:shop:web')
"""

from typing import NamedTuple

from ostiary.model.rbac import Subject
from ostiary.pillars.rbac.identity import Identity, service_account_user

USER, GROUP, SERVICE_ACCOUNT = "User", "Group", "ServiceAccount"


class SubjectKey(NamedTuple):
    """What a binding grants to, in the two kinds that an authorizer compares: a user name or a group."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def key_of(subject: Subject, binding_namespace: str) -> SubjectKey | None:
    """The user name or group that a subject means; None when it means nobody."""
    if subject.kind == USER or subject.kind == GROUP:
        return SubjectKey(subject.kind, subject.name)
    namespace = subject.namespace or binding_namespace
    if subject.kind != SERVICE_ACCOUNT or not namespace:
        return None
    return SubjectKey(USER, service_account_user(namespace, subject.name))


def keys_of(identity: Identity) -> tuple[SubjectKey, ...]:
    """Every key under which bindings mean this identity."""
    return (SubjectKey(USER, identity.user), *(SubjectKey(GROUP, group) for group in dict.fromkeys(identity.groups)))
