"""The cluster as it would be with proposals made: each subject without the bindings that its proposal replaces, and with the rules that it proposes.

Roles stand as they are; what is proposed stands in roles and bindings of names that no other object can have here.

>>> after(Cluster(), ()) == Cluster()
True
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta, Ref
from ostiary.model.rbac import Binding, Role, RoleRef, Subject
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.policy import Proposal, Rules
from ostiary.pillars.rbac.subject import SubjectKey, key_of
from ostiary.pillars.rbac.validity import GROUP

PREFIX = "proposed:"  # longer where an object of the cluster is called so


def after(cluster: Cluster, proposals: Iterable[Proposal]) -> Cluster:
    """The cluster with these proposals made."""
    made = tuple(proposals)
    if not made:
        return cluster
    gone = {(ref, one.subject) for one in made for ref in one.replaces}
    prefix = _free(cluster)
    parts = [part for number, one in enumerate(made) for part in _parts(f"{prefix}{number}", one)]
    wide = [(role, binding) for role, binding in parts if not role.metadata.namespace]
    narrow = [(role, binding) for role, binding in parts if role.metadata.namespace]
    return replace(
        cluster,
        cluster_roles=(*cluster.cluster_roles, *(role for role, _ in wide)),
        roles=(*cluster.roles, *(role for role, _ in narrow)),
        cluster_role_bindings=(
            *_without(cluster.cluster_role_bindings, CLUSTER_ROLE_BINDING, gone),
            *(binding for _, binding in wide),
        ),
        role_bindings=(*_without(cluster.role_bindings, ROLE_BINDING, gone), *(binding for _, binding in narrow)),
    )


def _without(bindings: Iterable[Binding], kind: str, gone: set[tuple[Ref, SubjectKey]]) -> Iterator[Binding]:
    touched = {ref for ref, _ in gone}
    for binding in bindings:
        ref = Ref(kind, binding.metadata.namespace, binding.metadata.name)
        if ref not in touched:
            yield binding
            continue
        kept = tuple(one for one in binding.subjects if (ref, key_of(one, binding.metadata.namespace)) not in gone)
        yield replace(binding, subjects=kept)


def _free(cluster: Cluster) -> str:
    """A beginning that no name has: a role of the same name would be taken for the proposed one."""
    prefix = PREFIX
    sections = (cluster.roles, cluster.cluster_roles, cluster.role_bindings, cluster.cluster_role_bindings)
    names = {one.metadata.name for section in sections for one in section}
    while any(name.startswith(prefix) for name in names):
        prefix = f"really-{prefix}"
    return prefix


def _parts(name: str, one: Proposal) -> Iterator[tuple[Role, Binding]]:
    for scope, rules in ((CLUSTER, one.cluster_rules), *sorted(one.namespaced.items())):
        if rules:
            yield _part(name, scope, rules, one.subject)


def _part(name: str, scope: str, rules: Rules, key: SubjectKey) -> tuple[Role, Binding]:
    meta = Meta(name=name, namespace=scope)
    ref = RoleRef(api_group=GROUP, kind=ROLE if scope else CLUSTER_ROLE, name=name)
    return Role(metadata=meta, rules=rules), Binding(
        metadata=meta, subjects=(Subject(kind=key.kind, api_group=GROUP, name=key.name),), role_ref=ref
    )
