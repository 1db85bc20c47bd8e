"""Rights that are worth something only together, in one request of one identity: to bind a role and write the binding, to escalate and write the role.

The facts of the catalogue say who has them together, for sure. Two identities that have a part each might still come together: a person may be in
several groups of an identity provider, and whoever writes a role or binding can hand on what it has. Therefore each part by itself counts as
enough for a proof, as a clause that perhaps holds (``effects``).

Source: ``escalations.catalogue``; ``pkg/registry/rbac/escalation_check.go``.
"""

from collections.abc import Iterator

from ostiary.model.meta import Ref
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, ROLE
from ostiary.pillars.rbac.escalations.catalogue import PRIMITIVES
from ostiary.pillars.rbac.escalations.facts import Fact, facts
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.identity import MASTERS
from ostiary.pillars.rbac.proving.atoms import ALL, AS, BOUND, MAY, Said, where
from ostiary.pillars.rbac.proving.horn import Atom
from ostiary.pillars.rbac.proving.scene import Scene
from ostiary.pillars.rbac.subject import GROUP, SubjectKey

_TOGETHER = tuple(one for one in PRIMITIVES if one.key.startswith(("bind-", "escalate-")) or one.key == "impersonate-groups")


def by_one_identity(scene: Scene) -> None:
    """The clauses of every fact about rights that one identity has together."""
    for fact in facts(scene.authorizer, scene.columns, _TOGETHER):
        match fact.primitive:
            case "impersonate-groups":
                for name in fact.names or (MASTERS,):
                    note = Said("impersonates the group {}, by {}", (name, _by(fact)))
                    scene.sure(AS(SubjectKey(GROUP, name)), AS(fact.subject), note=note)
            case "bind-roles" | "bind-clusterroles" | "bind-clusterroles-everywhere":
                _binds(scene, fact)
            case _:
                _escalates(scene, fact)


def _by(fact: Fact) -> str:
    return " and ".join(map(str, fact.bindings))


def _binds(scene: Scene, fact: Fact) -> None:
    everywhere = fact.primitive == "bind-clusterroles-everywhere"
    for place in (CLUSTER,) if everywhere else scene.places(fact.scope):
        if fact.primitive != "bind-roles" and not fact.names:
            note = Said("binds cluster-admin to itself {}, by {}", (where(place), _by(fact)))
            scene.sure(ALL(place), AS(fact.subject), note=note)
        else:
            for role in _roles(scene, fact, place):
                note = Said("binds {} to itself {}, by {}", (role, where(place), _by(fact)))
                scene.sure(bound(scene, role, place), AS(fact.subject), note=note)


def _roles(scene: Scene, fact: Fact, place: str) -> Iterator[Ref]:
    if fact.primitive in ("bind-roles", "escalate-roles"):
        there = scene.authorizer.grants.roles.roles
        yield from (Ref(ROLE, place, name) for namespace, name in there if namespace == place and _named(fact, name))
    else:
        yield from (Ref(CLUSTER_ROLE, "", name) for name in fact.names)


def bound(scene: Scene, role: Ref, scope: str) -> Atom:
    """The atom of a role that somebody may bind."""
    atom = BOUND(role, scope)
    scene.roles.setdefault(atom, (role, scope))
    return atom


def _named(fact: Fact, name: str) -> bool:
    return not fact.names or name in fact.names


def _escalates(scene: Scene, fact: Fact) -> None:
    """It rewrites a role that it holds, or that it may bind once its rules are none."""
    kind = ROLE if fact.primitive == "escalate-roles" else CLUSTER_ROLE
    for grant in scene.authorizer.grants.all:
        if grant.role.kind == kind and _named(fact, grant.role.name) and _in(grant, fact):
            note = Said("escalates {}, which it holds by {}, to everything, by {}", (grant.role, grant.binding, _by(fact)))
            scene.sure(ALL(grant.scope), AS(fact.subject), scene.holding(grant), note=note)
    note = Said("escalates a role that it may bind, {}, by {}", (where(fact.scope), _by(fact)))
    for place in scene.places(fact.scope):
        if kind == CLUSTER_ROLE or any(_roles(scene, fact, place)):
            scene.sure(ALL(place), AS(fact.subject), MAY("write-bindings", place), note=note)
    if kind == CLUSTER_ROLE:
        scene.sure(ALL(CLUSTER), AS(fact.subject), MAY("write-cluster-bindings", CLUSTER), note=note)


def _in(grant: Grant, fact: Fact) -> bool:
    return fact.scope in (CLUSTER, grant.scope) and not grant.dangling
