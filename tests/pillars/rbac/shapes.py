"""Roles, bindings and clusters in one line each, for tests."""

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.rbac import AggregationRule, Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.model.workloads import LabelSelector

GROUP = "rbac.authorization.k8s.io"
PODS = PolicyRule(verbs=("get",), api_groups=("",), resources=("pods",))
SECRETS = PolicyRule(verbs=("get",), api_groups=("",), resources=("secrets",))
ANN = Subject(kind="User", name="ann")


def cluster_role(name: str, *rules: PolicyRule, labels: dict[str, str] | None = None, sums: str = "") -> Role:
    """A ClusterRole; ``sums``: it aggregates the roles labelled ``to: sums``."""
    selector = AggregationRule(cluster_role_selectors=(LabelSelector(match_labels={"to": sums}),)) if sums else None
    return Role(metadata=Meta(name=name, labels=labels or {}), rules=rules, aggregation_rule=selector)


def bound(role: str, *subjects: Subject, namespace: str = "", kind: str = "ClusterRole") -> Binding:
    """A binding, by the role's name."""
    return Binding(
        metadata=Meta(name=f"{role}-holders", namespace=namespace),
        subjects=subjects or (ANN,),
        role_ref=RoleRef(api_group=GROUP, kind=kind, name=role),
    )


def cluster(*objects: Role | Binding, server_version: str = "") -> Cluster:
    """Roles without a namespace are ClusterRoles, bindings without one ClusterRoleBindings."""
    roles = [one for one in objects if isinstance(one, Role)]
    bindings = [one for one in objects if isinstance(one, Binding)]
    return Cluster(
        roles=tuple(one for one in roles if one.metadata.namespace),
        cluster_roles=tuple(one for one in roles if not one.metadata.namespace),
        role_bindings=tuple(one for one in bindings if one.metadata.namespace),
        cluster_role_bindings=tuple(one for one in bindings if not one.metadata.namespace),
        server_version=server_version,
    )
