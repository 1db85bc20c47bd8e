"""What may be there and cannot be seen, as far as RBAC goes: the reason why an answer is unknown.

A ClusterRoleBinding that cannot be read could grant anything to anyone; a RoleBinding, anything in its namespace; a role, anything to those bound to
it. An object that could not even be named could be any of them. Nothing unseen takes a right away, so ``allow`` stands whatever is unseen; only
an aggregated role whose own rules stand because nothing is aggregated can lose them to a role that is not seen (see ``aggregation``).

>>> Hidden.of(()).bindings("shop")
()
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ostiary.model.blind import Blind
from ostiary.pillars.rbac.validity import GROUP

ROLE, CLUSTER_ROLE = "Role", "ClusterRole"
ROLE_BINDING, CLUSTER_ROLE_BINDING = "RoleBinding", "ClusterRoleBinding"
_KINDS = (ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING)


@dataclass(frozen=True, slots=True, order=True)
class Doubt:
    """One thing that is not known, and what to do about it."""

    what: str
    todo: str

    def __str__(self) -> str:
        return self.what


def doubt(blind: Blind) -> Doubt:
    """The doubt that something unseen leaves."""
    return Doubt(str(blind), _TODO.get(blind.reason.value, "make it readable, or remove it, and ask again"))


_TODO = {
    "forbidden": "ask as somebody who may list it: kubectl auth can-i list roles,clusterroles,rolebindings,clusterrolebindings -A",
    "unreachable": "read the cluster again",
    "truncated": "read the cluster again",
    "unknown-version": "write it as rbac.authorization.k8s.io/v1",
    "duplicate": "leave one of the objects of that name",
}


@dataclass(frozen=True, slots=True)
class Hidden:
    """The unseen objects that could be roles or bindings."""

    blind: tuple[Blind, ...]

    @classmethod
    def of(cls, blind: Iterable[Blind]) -> "Hidden":
        """Those that matter here: of an RBAC kind, or of no kind that could be told."""
        return cls(tuple(one for one in blind if not one.kind or (one.kind in _KINDS and one.group in ("", GROUP))))

    def bindings(self, namespace: str) -> tuple[Doubt, ...]:
        """What could be a binding that counts for a question in this namespace (empty: cluster-wide)."""
        return tuple(doubt(one) for one in self.blind if _may_be_binding(one, namespace))

    def role(self, kind: str, namespace: str, name: str) -> tuple[Doubt, ...]:
        """What could be this very role."""
        return tuple(
            doubt(one)
            for one in self.blind
            if one.kind in ("", kind)
            and (kind == CLUSTER_ROLE or one.namespace in ("", namespace))
            and (not one.kind or one.name in ("", name))
        )

    def any_cluster_role(self) -> tuple[Doubt, ...]:
        """What could be some ClusterRole, with any labels."""
        return tuple(doubt(one) for one in self.blind if one.kind in ("", CLUSTER_ROLE))


def _may_be_binding(blind: Blind, namespace: str) -> bool:
    if blind.kind in ("", CLUSTER_ROLE_BINDING):
        return True
    return blind.kind == ROLE_BINDING and bool(namespace) and blind.namespace in ("", namespace)
