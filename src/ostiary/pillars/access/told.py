"""Grants as a cluster's own objects tell of them: from bindings that carry a grant's label, who may what, where and until when.

For a look at a cluster without the control plane, and for a comparison with it. Whoever may write bindings can write such a one: what a cluster tells is
evidence of what was bound, not of who approved it.

>>> told(Cluster())
()
"""

from collections import defaultdict
from datetime import UTC, datetime

from ostiary.model.access import EXPIRES_ANNOTATION, GRANT_LABEL, USER_PREFIX, Grant, GrantState
from ostiary.model.cluster import Cluster
from ostiary.model.rbac import Binding
from ostiary.pillars.access.bindings import GRANT_BINDING
from ostiary.pillars.access.objects import moment

_NO_REQUEST = datetime(1970, 1, 1, tzinfo=UTC)


def told(cluster: Cluster) -> tuple[Grant, ...]:
    """Every grant that is told of in the form that ostiary writes, ended or not, by id; anything else is for ``check`` to find."""
    found: defaultdict[str, list[tuple[str, Binding]]] = defaultdict(list)
    for kind_scope, binding in each_binding(cluster):
        if grant_of(binding):
            found[grant_of(binding)].append((kind_scope, binding))
    return tuple(grant for name, some in sorted(found.items()) if (grant := _grant(name, some)) is not None)


def each_binding(cluster: Cluster) -> tuple[tuple[str, Binding], ...]:
    """Every binding with its scope: its namespace, or the empty string for a ClusterRoleBinding."""
    return (
        *(("", binding) for binding in cluster.cluster_role_bindings),
        *((binding.metadata.namespace, binding) for binding in cluster.role_bindings),
    )


def grant_of(binding: Binding) -> str:
    """The id of the grant that a binding says it belongs to; empty when it says none."""
    return binding.metadata.labels.get(GRANT_LABEL, "")


def ends_at(binding: Binding) -> datetime | None:
    """When a binding says that it ends."""
    return moment(binding.metadata.annotations.kept.get(EXPIRES_ANNOTATION, ""))


def _grant(name: str, some: list[tuple[str, Binding]]) -> Grant | None:
    said = {(_person(binding), binding.role_ref.name, ends_at(binding)) for _, binding in some}
    named = all(binding.metadata.name == GRANT_BINDING + name and binding.role_ref.kind == "ClusterRole" for _, binding in some)
    if len(said) != 1 or not named:
        return None
    person, role, ends = said.pop()
    if not person or ends is None:
        return None
    namespaces = tuple(sorted(scope for scope, _ in some if scope))
    return Grant(
        id=name, person=person, cluster="", role=role, namespaces=namespaces, everywhere=any(not scope for scope, _ in some),
        reason="", seconds=0, requested_at=_NO_REQUEST, state=GrantState.ACTIVE, ends_at=ends,
    )  # fmt: skip


def _person(binding: Binding) -> str:
    """The one person of a grant's binding; empty when it is not exactly one user of ours."""
    if len(binding.subjects) != 1:
        return ""
    subject = binding.subjects[0]
    mine = subject.kind == "User" and subject.name.startswith(USER_PREFIX)
    return subject.name.removeprefix(USER_PREFIX) if mine else ""
