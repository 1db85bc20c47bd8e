"""The roles and bindings that stand in a Cluster, by name; and which of them a plan leaves alone.

What ostiary keeps for other purposes (grants of persons, its own gateway) ends by itself or is needed as it is: a subject that holds such a binding is
not touched by a learned role, whatever was learned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta, Ref
from ostiary.model.rbac import Binding, Role
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from ostiary.pillars.rbac.enforcing.objects import LEAST, OWNER, PART_LABEL, RESTORED
from ostiary.pillars.rbac.policy import Proposal, RbacPolicy


@dataclass(frozen=True, slots=True)
class Standing:
    """What is there."""

    roles: Mapping[Ref, Role]
    bindings: Mapping[Ref, Binding]

    @classmethod
    def of(cls, cluster: Cluster) -> "Standing":
        """One pass over roles and bindings."""
        roles = {_ref(kind, one.metadata): one for kind, some in _roles(cluster) for one in some}
        return cls(roles, {_ref(kind, one.metadata): one for kind, some in _bindings(cluster) for one in some})

    def touched(self, policy: RbacPolicy) -> tuple[Proposal, ...]:
        """The proposals that a plan carries out: those that tighten, but for subjects of bindings that serve another purpose of ostiary."""
        return tuple(one for one in policy.tightened if not any(map(self.serves, one.replaces)))

    def serves(self, ref: Ref) -> bool:
        """Whether ostiary keeps a binding for another purpose than least privilege."""
        there = self.bindings.get(ref)
        return there is not None and is_ours(there.metadata) and there.metadata.labels.get(PART_LABEL) not in (LEAST, RESTORED)


def is_ours(meta: Meta) -> bool:
    """Whether ostiary keeps an object."""
    return OWNER.items() <= meta.labels.items()


def _roles(cluster: Cluster) -> Iterator[tuple[str, tuple[Role, ...]]]:
    yield CLUSTER_ROLE, cluster.cluster_roles
    yield ROLE, cluster.roles


def _bindings(cluster: Cluster) -> Iterator[tuple[str, tuple[Binding, ...]]]:
    yield CLUSTER_ROLE_BINDING, cluster.cluster_role_bindings
    yield ROLE_BINDING, cluster.role_bindings


def _ref(kind: str, meta: Meta) -> Ref:
    return Ref(kind, meta.namespace, meta.name)
