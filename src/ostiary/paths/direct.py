"""Who gets round a level by what they hold themselves: the facts of RBAC about escalation, read with the labels of namespaces beside them.

PodSecurity is a validating admission plugin: it judges pods after every mutating webhook and policy, so that nothing such a webhook does to a pod
gets it past a level. What it does to a namespace is another matter. Source: ``plugin/pkg/admission/security/podsecurity/admission.go`` (Validate, no Admit).
A namespace is in itself when a request for it is authorized: a Role in ``shop`` is enough to change the labels of ``shop``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ostiary.model.levels import Level
from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.paths.way import How, Way
from ostiary.pillars.pods import PodPolicy
from ostiary.pillars.pods.labels import newest, stance
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.decision import Hit
from ostiary.pillars.rbac.defaults import CLUSTER_ADMIN, leads_to
from ostiary.pillars.rbac.escalations import Fact, facts
from ostiary.pillars.rbac.escalations.catalogue import WORKLOADS
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.holders import Holders
from ostiary.pillars.rbac.identity import Identity, authenticated
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.subject import USER, SubjectKey

# What a fact about a primitive leads to when it is held cluster-wide.
_CLUSTER_WIDE: Mapping[str, How] = {
    "nodes-proxy": How.NODE,
    "mutating-webhooks": How.MUTATION,
    "mutating-policies": How.MUTATION,
    "escalate-clusterroles": How.GRANT,
    "sign-in-by-certificate": How.NAME,
}
_IN_A_NAMESPACE: Mapping[str, How] = {
    "change-namespaces": How.LABELS,
    "escalate-roles": How.GRANT,
    "host-volumes": How.HOST_VOLUME,
}
_BINDING = ("bind-roles", "bind-clusterroles", "bind-clusterroles-everywhere")


@dataclass(frozen=True, slots=True)
class Scene:
    """What the ways are looked for in: computed once."""

    world: World
    policy: PodPolicy
    authorizer: Authorizer
    columns: Columns
    holders: Holders
    facts: tuple[Fact, ...]
    loose: frozenset[str]  # namespaces that would hold no pod back once the policy is enforced

    @classmethod
    def of(cls, world: World, policy: PodPolicy) -> "Scene":
        """Resolve every binding and find every fact."""
        authorizer = Authorizer(world.cluster)
        columns = Columns(authorizer.grants)
        found = (*facts(authorizer, columns), *_of_absent_defaults(authorizer))
        return cls(world, policy, authorizer, columns, Holders.of(world.cluster), found, frozenset(_loose(world, policy)))

    def way(self, fact: Fact, how: How) -> Way:
        """The way that a fact is."""
        pairs = zip(fact.bindings, fact.roles, strict=False)
        own = all(self.holders.is_own(binding, role, fact.subject) for binding, role in pairs)
        return Way(fact.subject, how, fact.primitive, fact.scope, fact.names, fact.bindings, fact.roles, own)


def direct(scene: Scene) -> Iterator[Way]:
    """Every way that needs nobody else's name."""
    for fact in scene.facts:
        how = _how(scene, fact)
        if how is not None:
            yield scene.way(fact, how)
    yield from _new_namespaces(scene)


def _how(scene: Scene, fact: Fact) -> How | None:
    """What a fact leads to by itself."""
    if fact.primitive in _IN_A_NAMESPACE:
        return _IN_A_NAMESPACE[fact.primitive] if _bears(scene, fact) else None
    if fact.primitive == "create-workloads":
        loose = scene.loose if fact.scope == CLUSTER else scene.loose & {fact.scope}
        return How.LOOSE_NAMESPACE if loose else None
    if fact.primitive in _BINDING:
        return How.GRANT if _bears(scene, fact, names=False) and _binds_enough(scene, fact) else None
    if fact.primitive == "cluster-settings":
        return How.SETTINGS
    return _CLUSTER_WIDE.get(fact.primitive) if fact.scope == CLUSTER else None


def _bears(scene: Scene, fact: Fact, *, names: bool = True) -> bool:
    """Whether it is about a namespace of the policy. Names limit ``change-namespaces`` alone: they are those of namespaces there."""
    levels = scene.policy.levels
    about = set(levels) if fact.scope == CLUSTER else {fact.scope} & levels.keys()
    if names and fact.names and fact.primitive == "change-namespaces":
        about &= set(fact.names)
    return bool(about)


def _binds_enough(scene: Scene, fact: Fact) -> bool:
    """Whether one of the roles that may be bound lets somebody change the labels of a namespace; without names, any may be."""
    if not fact.names:
        return fact.primitive != "bind-roles" or any(
            _changes_labels(scene, Ref("Role", fact.scope, one)) for one in _roles(scene, fact)
        )
    kind, namespace = ("Role", fact.scope) if fact.primitive == "bind-roles" else ("ClusterRole", "")
    return any(name == CLUSTER_ADMIN or _changes_labels(scene, Ref(kind, namespace, name)) for name in fact.names)


def _roles(scene: Scene, fact: Fact) -> list[str]:
    return [role.metadata.name for role in scene.world.cluster.roles if role.metadata.namespace == fact.scope]


def _changes_labels(scene: Scene, role: Ref) -> bool:
    rules = scene.authorizer.grants.roles.find(role)
    asked = [Request("patch", "namespaces", name=name, namespace=name) for name in scene.policy.levels]
    return rules is not None and any(allows(rule, request) for rule in (*rules.sure, *rules.maybe) for request in asked)


def _new_namespaces(scene: Scene) -> Iterator[Way]:
    """Those who may make namespaces, and pods in any."""
    making = Request("create", "namespaces")
    for holder in scene.columns.who(making):
        identity = identity_of(holder.key)
        for group, resource in WORKLOADS:
            hit = _hit(scene, identity, Request("create", resource, group))
            if hit is not None:
                grants = tuple({id(grant): grant for grant in (holder.grant, hit.grant)}.values())
                bindings, roles = tuple(one.binding for one in grants), tuple(one.role for one in grants)
                yield scene.way(Fact("create-namespaces", holder.key, CLUSTER, (), bindings, roles), How.NEW_NAMESPACE)
                break


def _hit(scene: Scene, identity: Identity, request: Request) -> Hit | None:
    return next((hit for hit in scene.authorizer.hits(identity, request) if hit.sure), None)


def identity_of(key: SubjectKey) -> Identity:
    """Somebody whom bindings mean by this key: a user with the groups that it always has, or a member of a group."""
    return authenticated(key.name) if key.kind == USER else authenticated("", (key.name,))


def _loose(world: World, policy: PodPolicy) -> Iterator[str]:
    for namespace in world.cluster.namespaces:
        name = namespace.metadata.name
        wanted = policy.levels.get(name)
        if (wanted or stance(namespace.metadata.labels, newest=newest(world)).enforce).level is Level.PRIVILEGED:
            yield name


def _of_absent_defaults(authorizer: Authorizer) -> Iterator[Fact]:
    """In manifests: what bindings to roles give that every API server makes by itself."""
    for grant in authorizer.grants.all:
        if not grant.dangling or grant.role.kind != "ClusterRole":
            continue
        held = ("change-namespaces",) if grant.role.name == CLUSTER_ADMIN else leads_to(grant.role.name)
        for key in (key for key in grant.keys if key is not None):
            for primitive in held:
                yield Fact(primitive, key, grant.scope, (), (grant.binding,), (grant.role,))
