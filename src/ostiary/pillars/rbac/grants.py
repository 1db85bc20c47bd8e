"""Every binding with the rules that it grants, found by whom it grants them to.

A binding to a role that is not there grants nothing, and does not keep other bindings from granting; whoever may create that role may fill it. A
binding that an API server would refuse, standing in a manifest, grants perhaps.

Source: ``pkg/registry/rbac/validation/rule.go`` (VisitRulesFor, GetRoleReferenceRules).

>>> Grants.of(Cluster()).of_scope("shop", ())
()
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Ref
from ostiary.model.rbac import Binding, Subject
from ostiary.pillars.rbac.aggregation import RoleRules, aggregated, as_stored, as_written
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, Doubt, Hidden
from ostiary.pillars.rbac.rule import EVERYTHING
from ostiary.pillars.rbac.subject import SubjectKey, key_of
from ostiary.pillars.rbac.validity import wrong_binding

CLUSTER = ""  # the scope of ClusterRoleBindings: every namespace, and what is in none


@dataclass(frozen=True, slots=True)
class Grant:
    """One binding: to whom, where, which rules. ``dangling``: its role is not there."""

    binding: Ref
    role: Ref
    scope: str
    subjects: tuple[Subject, ...]
    keys: tuple[SubjectKey | None, ...]  # of each subject
    rules: RoleRules
    dangling: bool = False

    def subjects_of(self, keys: Iterable[SubjectKey]) -> tuple[Subject, ...]:
        """The subjects by which these keys are meant."""
        wanted = frozenset(keys)
        return tuple(subject for subject, key in zip(self.subjects, self.keys, strict=True) if key in wanted)


@dataclass(frozen=True, slots=True)
class Grants:
    """All grants, by scope and key; and what could be grants and is not seen."""

    all: tuple[Grant, ...]
    hidden: Hidden
    by_scope: Mapping[str, Mapping[SubjectKey, tuple[Grant, ...]]]
    roles: "Roles"
    doubtful: tuple[Grant, ...]  # those with rules that are not sure

    @classmethod
    def of(cls, cluster: Cluster) -> "Grants":
        """Resolve every binding; a few microseconds each."""
        hidden = Hidden.of(cluster.blind)
        roles = Roles.of(cluster, hidden)
        every = tuple(
            _grant(binding, namespaced=namespaced, roles=roles, files=not cluster.server_version)
            for namespaced, bindings in ((False, cluster.cluster_role_bindings), (True, cluster.role_bindings))
            for binding in bindings
        )
        return cls(every, hidden, _indexed(every), roles, tuple(grant for grant in every if grant.rules.maybe))

    def of_scope(self, scope: str, keys: Iterable[SubjectKey]) -> tuple[Grant, ...]:
        """The grants of one scope to any of these keys, each once."""
        index = self.by_scope.get(scope)
        if not index:
            return ()
        found = [index[key] for key in keys if key in index]
        return found[0] if len(found) == 1 else tuple({id(grant): grant for some in found for grant in some}.values())


@dataclass(frozen=True, slots=True)
class Roles:
    """The rules of every role. What is unseen could be any role that is not there."""

    roles: Mapping[tuple[str, str], RoleRules]
    cluster_roles: Mapping[str, RoleRules]
    hidden: Hidden

    @classmethod
    def of(cls, cluster: Cluster, hidden: Hidden) -> "Roles":
        if cluster.server_version:
            of_role = as_stored
            cluster_roles = {role.metadata.name: as_stored(role) for role in cluster.cluster_roles}
        else:
            of_role = partial(as_written, kind=ROLE)
            cluster_roles = aggregated(cluster.cluster_roles, hidden.any_cluster_role())
        roles = {(role.metadata.namespace, role.metadata.name): of_role(role) for role in cluster.roles}
        return cls(roles, cluster_roles, hidden)

    def find(self, role: Ref) -> RoleRules | None:
        """The rules of a role; None when there is no such role, for sure."""
        if role.kind == ROLE:
            found = self.roles.get((role.namespace, role.name)) if role.namespace else None
        else:
            found = self.cluster_roles.get(role.name) if role.kind == CLUSTER_ROLE else None
        if (
            found is None
            and role.kind in (ROLE, CLUSTER_ROLE)
            and (unseen := self.hidden.role(role.kind, role.namespace, role.name))
        ):
            return RoleRules((), (EVERYTHING,), unseen)
        return found


def _grant(binding: Binding, *, namespaced: bool, roles: Roles, files: bool) -> Grant:
    scope = binding.metadata.namespace if namespaced else CLUSTER
    ref = Ref(ROLE_BINDING if namespaced else CLUSTER_ROLE_BINDING, scope, binding.metadata.name)
    kind = binding.role_ref.kind
    role = Ref(kind, scope if kind == ROLE else "", binding.role_ref.name)
    found = roles.find(role)
    rules = found or RoleRules()
    if files and (wrong := wrong_binding(binding, namespaced=namespaced)):
        rules = rules.doubted(Doubt(f"{ref}: an API server would refuse it ({wrong})", "correct the binding, and ask again"))
    keys = tuple(key_of(subject, scope) for subject in binding.subjects)
    return Grant(ref, role, scope, binding.subjects, keys, rules, dangling=found is None)


def _indexed(grants: Iterable[Grant]) -> dict[str, dict[SubjectKey, tuple[Grant, ...]]]:
    lists: defaultdict[str, defaultdict[SubjectKey, list[Grant]]] = defaultdict(lambda: defaultdict(list))
    for grant in grants:
        for key in dict.fromkeys(grant.keys):
            if key is not None:
                lists[grant.scope][key].append(grant)
    return {scope: {key: tuple(found) for key, found in index.items()} for scope, index in lists.items()}
