"""What each subject holds today: by bindings that a proposal can take the place of, and by those that stay.

Kubernetes' own bindings stay; so does one whose role is not there, or not sure. What those that stay allow needs no rule of its own.

>>> Standing.of(Cluster()).subjects
{}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Ref
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.doubt import Doubt
from ostiary.pillars.rbac.escalation import covers
from ostiary.pillars.rbac.grants import CLUSTER, Grant, Grants
from ostiary.pillars.rbac.holders import Holders
from ostiary.pillars.rbac.identity import MASTERS
from ostiary.pillars.rbac.learning.atom import Atom
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows, name_matches
from ostiary.pillars.rbac.subject import GROUP, SubjectKey

Rules = tuple[PolicyRule, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The rules of some bindings of one subject, by scope."""

    bindings: tuple[Ref, ...]
    rules: Mapping[str, Rules]
    doubts: tuple[Doubt, ...] = ()

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> "Held":
        every = tuple(grants)
        scopes = dict.fromkeys(grant.scope for grant in every)
        rules = {
            scope: tuple(dict.fromkeys(rule for grant in every if grant.scope == scope for rule in grant.rules.sure))
            for scope in scopes
        }
        doubts = tuple(doubt for grant in every for doubt in grant.rules.doubts)
        return cls(tuple(grant.binding for grant in every), rules, doubts)

    def in_force(self, namespace: str, *, path: bool = False) -> Iterable[PolicyRule]:
        """The rules that count in a namespace (empty: cluster-wide); a path is in none."""
        yield from self.rules.get(CLUSTER, ())
        if namespace and not path:
            yield from self.rules.get(namespace, ())

    def allows(self, request: Request) -> bool:
        return any(allows(rule, request) for rule in self.in_force(request.namespace, path=bool(request.path)))

    def covers(self, atom: Atom) -> bool:
        """Whether the whole atom is held: all names where it has none."""
        return covers(tuple(self.in_force(atom.namespace, path=bool(atom.path))), atom.rule)

    def names(self, request: Request) -> tuple[str, ...]:
        """The names to which what is held for this question is limited; none when nothing is, or when it is not limited."""
        rules = [rule for rule in self.in_force(request.namespace) if _but_for_the_name(rule, request)]
        if any(not rule.resource_names for rule in rules):
            return ()
        return tuple(dict.fromkeys(name for rule in rules for name in rule.resource_names))


def _but_for_the_name(rule: PolicyRule, request: Request) -> bool:
    if not rule.resource_names or name_matches(rule, request.name):
        return allows(rule, request)
    nameless = PolicyRule(verbs=rule.verbs, api_groups=rule.api_groups, resources=rule.resources)
    return allows(nameless, request)


@dataclass(frozen=True, slots=True)
class Standing:
    """``subjects``: what may be replaced, for each subject that has any. ``kept``: what stays.

    ``elsewhere``: of manifests, the subjects that are bound to nothing but roles which are not among them, each with one of these.
    """

    subjects: Mapping[SubjectKey, Held]
    kept: Mapping[SubjectKey, Held]
    elsewhere: Mapping[SubjectKey, Ref]

    @classmethod
    def of(cls, cluster: Cluster) -> "Standing":
        holders, replaced, kept = Holders.of(cluster), dict[SubjectKey, list[Grant]](), dict[SubjectKey, list[Grant]]()
        elsewhere: dict[SubjectKey, Ref] = {}
        for grant in Grants.of(cluster).all:
            for key in dict.fromkeys(key for key in grant.keys if key is not None):
                stays = grant.dangling or holders.is_own(grant.binding, grant.role, key)
                (kept if stays else replaced).setdefault(key, []).append(grant)
                if grant.dangling and not cluster.server_version:
                    elsewhere.setdefault(key, grant.role)
        left = {key: elsewhere[key] for key in sorted(elsewhere) if key not in replaced}
        return cls(_held(replaced), _held(kept), left)

    def stays(self, keys: Iterable[SubjectKey], request: Request) -> bool:
        """Whether a request of somebody with these keys is allowed by what stays."""
        every = tuple(keys)
        if SubjectKey(GROUP, MASTERS) in every:
            return True
        return any(self.kept[key].allows(request) for key in every if key in self.kept)


def _held(grants: Mapping[SubjectKey, list[Grant]]) -> dict[SubjectKey, Held]:
    return {key: Held.of(grants[key]) for key in sorted(grants)}
