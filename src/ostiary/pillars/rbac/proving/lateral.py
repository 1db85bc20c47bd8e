"""Rights that are worth something only together, in one request of one identity: to bind a role and write the binding, to escalate and write the role.

The facts of the catalogue say who has them together, for sure. Two identities that have a part each might still come together: a person may be in
several groups of an identity provider, and whoever writes a role or binding can hand on what it has. Therefore each part by itself counts as
enough for a proof, as a clause that perhaps holds (``effects``).

Source: ``escalations.catalogue``; ``pkg/registry/rbac/escalation_check.go``.
"""

from ostiary.model.meta import Ref
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, ROLE
from ostiary.pillars.rbac.escalations.catalogue import PRIMITIVES
from ostiary.pillars.rbac.escalations.facts import Fact, facts
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.identity import MASTERS
from ostiary.pillars.rbac.proving.atoms import ALL, AS, BOUND, EVERY_NAMESPACE, MAY, TOKENS, Said, where
from ostiary.pillars.rbac.proving.horn import Atom
from ostiary.pillars.rbac.proving.scene import Scene
from ostiary.pillars.rbac.subject import GROUP, SubjectKey

Power = tuple[str, str, str]  # what it is, the scope, the name of a role or empty for any
_EVERYWHERE = "bind-clusterroles-everywhere"
_BINDS = ("bind-roles", "bind-clusterroles", _EVERYWHERE)
_BY_ITSELF = {
    "sign-in-by-certificate": "has a client certificate made and approved in the name of any user, those by which Kubernetes runs among them",
    "mutating-policies": "changes objects as they are written, through a mutating admission policy of its own",
    "legacy-tokens": "makes a token secret for a service account {} and reads it",
}
_TOGETHER = tuple(
    one
    for one in PRIMITIVES
    if one.key.startswith(("bind-", "escalate-")) or one.key == "impersonate-groups" or one.key in _BY_ITSELF
)


def by_one_identity(scene: Scene) -> None:
    """The clauses of every fact about rights that one identity has together."""
    binds, escalates = dict[Power, set[SubjectKey]](), dict[Power, set[SubjectKey]]()
    for fact in facts(scene.authorizer, scene.columns, _TOGETHER):
        if fact.primitive == "impersonate-groups":
            for name in fact.names or (MASTERS,):
                note = Said("impersonates the group {}, by {}", (name, _by(fact)))
                scene.sure(AS(SubjectKey(GROUP, name)), AS(fact.subject), note=note)
            continue
        if fact.primitive in _BY_ITSELF:
            _by_itself(scene, fact)
            continue
        found = binds if fact.primitive in _BINDS else escalates
        for name in fact.names or ("",):
            power = (fact.primitive, fact.scope, name)
            found.setdefault(power, set()).add(fact.subject)
            scene.sure(power, AS(fact.subject), note=Said("{}, by {}", (_words(*power), _by(fact))))
    for power in sorted(binds):
        _binds(scene, *power)
    _escalates(scene, escalates)


def _by_itself(scene: Scene, fact: Fact) -> None:
    """What one subject can do in several requests: said once more as one clause, so that it is found for each subject at once."""
    gained = TOKENS(fact.scope) if fact.primitive == "legacy-tokens" else ALL(CLUSTER)
    words = _BY_ITSELF[fact.primitive].replace("{}", where(fact.scope))
    scene.sure(gained, AS(fact.subject), note=Said("{}, by {}", (words, _by(fact))))


def _by(fact: Fact) -> str:
    return " and ".join(map(str, fact.bindings))


def _words(primitive: str, scope: str, name: str) -> str:
    """What somebody has the power to do."""
    does, kind = ("bind" if primitive in _BINDS else "escalate"), (ROLE if primitive.endswith("-roles") else CLUSTER_ROLE)
    place = where(scope) if scope or primitive == _EVERYWHERE or does == "escalate" else "in every namespace"
    return f"may {does} {f'{kind} {name}' if name else f'any {kind}'} {place}"


def _binds(scene: Scene, primitive: str, scope: str, name: str) -> None:
    """Any ClusterRole is cluster-admin too; a Role by what it holds. In every namespace is one scope of its own."""
    power: Atom = (primitive, scope, name)
    place = scope or (CLUSTER if primitive == _EVERYWHERE else EVERY_NAMESPACE)
    if primitive == "bind-roles":
        for role in scene.roles_in(scope, name):
            scene.sure(bound(scene, role, role.namespace), power, note=Said("binds {} to itself", (role,)))
    elif name:
        role = Ref(CLUSTER_ROLE, "", name)
        scene.sure(bound(scene, role, place), power, note=Said("binds {} to itself", (role,)))
    else:
        for one in scene.namespaces if place == EVERY_NAMESPACE else (place,):
            scene.sure(ALL(one), power, note=Said("binds cluster-admin to itself {}", (where(one),)))


def bound(scene: Scene, role: Ref, scope: str) -> Atom:
    """The atom of a role that somebody may bind."""
    atom = BOUND(role, scope)
    scene.roles.setdefault(atom, (role, scope))
    return atom


def _escalates(scene: Scene, powers: dict[Power, set[SubjectKey]]) -> None:
    """It rewrites a role that it holds, or that it may bind once its rules are none."""
    if not powers:
        return
    for grant in scene.authorizer.grants.all:
        primitive = "escalate-roles" if grant.role.kind == ROLE else "escalate-clusterroles"
        for power in ((primitive, scope, name) for scope in {grant.scope, CLUSTER} for name in (grant.role.name, "")):
            if power in powers and not grant.dangling:
                note = Said("rewrites {}, which it holds by {}", (grant.role, grant.binding))
                scene.sure(ALL(grant.scope), power, scene.holding(grant), note=note)
                for key in sorted(powers[power].intersection(key for key in grant.keys if key is not None)):
                    given = Said("{} and holds it by {}: rewrites it", (_words(*power), grant.binding))
                    scene.sure(ALL(grant.scope), AS(key), note=given)
    for power in sorted(powers):
        _, scope, name = power
        roles = power[0] == "escalate-roles"
        for place in scene.places(scope):
            if not roles or any(scene.roles_in(place, name)):
                note = Said("binds a role to itself {}, and rewrites it", (where(place),))
                scene.sure(ALL(place), power, MAY("write-bindings", place), note=note)
        if not roles:
            note = Said("binds a role to itself in the whole cluster, and rewrites it")
            scene.sure(ALL(CLUSTER), power, MAY("write-cluster-bindings", CLUSTER), note=note)
