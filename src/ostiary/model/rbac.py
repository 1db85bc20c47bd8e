"""``rbac.authorization.k8s.io/v1``: roles and who is bound to them."""

from msgspec import field

from ostiary.model.meta import Meta
from ostiary.model.value import Value, always
from ostiary.model.workloads import LabelSelector


class PolicyRule(Value, frozen=True, kw_only=True):
    """One rule; ``*`` is kept symbolic."""

    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = field(name="nonResourceURLs", default=())


class AggregationRule(Value, frozen=True, kw_only=True):
    """Selectors of the ClusterRoles whose rules a controller copies here."""

    cluster_role_selectors: tuple[LabelSelector, ...] = ()


class Role(Value, frozen=True, kw_only=True):
    """Role or ClusterRole; only the latter aggregates."""

    metadata: Meta = always(Meta())
    rules: tuple[PolicyRule, ...] = ()
    aggregation_rule: AggregationRule | None = None


class Subject(Value, frozen=True, kw_only=True):
    """User, Group or ServiceAccount."""

    kind: str = ""
    api_group: str = ""
    name: str = ""
    namespace: str = ""


class RoleRef(Value, frozen=True, kw_only=True):
    """The role that a binding grants."""

    api_group: str = ""
    kind: str = ""
    name: str = ""


class Binding(Value, frozen=True, kw_only=True):
    """RoleBinding or ClusterRoleBinding."""

    metadata: Meta = always(Meta())
    subjects: tuple[Subject, ...] = ()
    role_ref: RoleRef = always(RoleRef())
