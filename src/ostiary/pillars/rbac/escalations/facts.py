"""Who holds which escalation primitive, where, and by which bindings.

A need may be held by a binding to the subject, by one to a group that it is always in, or cluster-wide; several needs may be held by several bindings. A
subject is a user name or a group as bindings name it. When a group alone holds everything, the fact is the group's, and its members are not named
again.

Only what is sure is a fact. What is not seen is said by ``unseen`` of the pillar.

>>> facts(Authorizer(Cluster()))
()
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from ostiary.model.meta import Ref
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.escalations.catalogue import PRIMITIVES
from ostiary.pillars.rbac.escalations.primitive import Need, Place, Primitive
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.identity import AUTHENTICATED, SERVICE_ACCOUNTS, UNAUTHENTICATED, authenticated
from ostiary.pillars.rbac.subject import GROUP, USER, SubjectKey, keys_of

EVERY_NAME: frozenset[str] | None = None
Names = frozenset[str] | None  # None: every name, and none


@dataclass(frozen=True, slots=True)
class Fact:
    """One subject holds one primitive in one scope. ``names``: limited to these; empty means not limited."""

    primitive: str
    subject: SubjectKey
    scope: str
    names: tuple[str, ...]
    bindings: tuple[Ref, ...]
    roles: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """How a need is held by one key in one scope."""

    names: Names
    grants: tuple[Grant, ...]


Holdings = Mapping[tuple[SubjectKey, str], _Held]


def facts(
    authorizer: Authorizer, columns: Columns | None = None, primitives: tuple[Primitive, ...] = PRIMITIVES
) -> tuple[Fact, ...]:
    """Every fact about these primitives, sorted by primitive (in the order given), scope and subject."""
    columns = columns or Columns(authorizer.grants)
    groups = _implied_groups(authorizer)
    found = (_of(primitive, columns, groups) for primitive in primitives if primitive.applies(authorizer.server))
    return tuple(chain.from_iterable(found))


def _implied_groups(authorizer: Authorizer) -> dict[SubjectKey, tuple[SubjectKey, ...]]:
    """For every key that some binding names, itself and the groups that come with it."""
    keys = {key for grant in authorizer.grants.all for key in grant.keys if key is not None}
    return {key: (key, *(group for group in implied(key) if group != key)) for key in keys}


def implied(key: SubjectKey) -> tuple[SubjectKey, ...]:
    """The groups that whoever is meant by a key is always in."""
    if key.kind == USER:
        return keys_of(authenticated(key.name))[1:]
    always = [] if key.name in (AUTHENTICATED, UNAUTHENTICATED) else [AUTHENTICATED]
    if key.name.startswith(f"{SERVICE_ACCOUNTS}:"):
        always = [SERVICE_ACCOUNTS, *always]
    return tuple(SubjectKey(GROUP, name) for name in always)


def _of(primitive: Primitive, columns: Columns, groups: Mapping[SubjectKey, tuple[SubjectKey, ...]]) -> Iterator[Fact]:
    needs = [(need, _holdings(need, columns)) for need in primitive.needs]
    by_scope: defaultdict[str, set[SubjectKey]] = defaultdict(set)
    for _, holdings in needs:
        for key, scope in holdings:
            by_scope[scope].add(key)
    through = _through_groups(by_scope[CLUSTER], groups) if len(needs) > 1 else {}
    for scope, keys in sorted(by_scope.items()):
        if primitive.namespace and scope not in (CLUSTER, primitive.namespace):
            continue
        further = (member for group in keys & through.keys() for member in through[group]) if scope else ()
        for key in sorted(keys.union(further)):
            fact = _fact(primitive, key, scope, needs, groups[key])
            if fact is not None:
                yield fact


def _through_groups(
    keys: set[SubjectKey], groups: Mapping[SubjectKey, tuple[SubjectKey, ...]]
) -> dict[SubjectKey, list[SubjectKey]]:
    """For each group, those of the keys who are always in it: they may hold one need cluster-wide and another by the group, in a namespace."""
    found: defaultdict[SubjectKey, list[SubjectKey]] = defaultdict(list)
    for key in keys:
        for group in groups[key][1:]:
            found[group].append(key)
    return found


def _fact(
    primitive: Primitive, key: SubjectKey, scope: str, needs: list[tuple[Need, Holdings]], keys: tuple[SubjectKey, ...]
) -> Fact | None:
    names: Names = EVERY_NAME
    grants: list[Grant] = []
    for need, holdings in needs:
        held = _best(need, holdings, keys, scope)
        if held is None:
            return None
        names = _both(names, held.names) if need.named and need.limits and not need.only else names
        grants += held.grants
    own = {id(grant) for grant in grants if key in grant.keys}
    if not own or names == frozenset() or (scope != CLUSTER and all(grant.scope == CLUSTER for grant in grants)):
        return None  # the fact is a group's, is about nothing, or is that of the whole cluster
    distinct = tuple({id(grant): grant for grant in grants}.values())
    roles = tuple(dict.fromkeys(grant.role for grant in distinct))
    return Fact(primitive.key, key, scope, tuple(sorted(names or ())), tuple(grant.binding for grant in distinct), roles)


def _best(need: Need, holdings: Holdings, keys: tuple[SubjectKey, ...], scope: str) -> _Held | None:
    """How a need is held: without names if it can be, by the subject itself before its groups."""
    scopes = (CLUSTER,) if need.place is Place.CLUSTER or scope == CLUSTER else (CLUSTER, scope)
    found = [holdings[(key, where)] for key in keys for where in scopes if (key, where) in holdings]
    whole = next((held for held in found if held.names is None), None)
    if whole is not None or not found:
        return whole
    every = frozenset(name for held in found for name in held.names or ())
    return _Held(every, tuple(grant for held in found for grant in held.grants))


def _both(one: Names, other: Names) -> Names:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _holdings(need: Need, columns: Columns) -> Holdings:
    """Who holds a need, by key and scope."""
    found: dict[tuple[SubjectKey, str], _Held] = {}
    matched = columns.with_verb(need.prefix) if need.prefix else chain.from_iterable(map(columns.holding, need.requests))
    for grant, names in matched:
        kept = _dangerous(need, names)
        if kept != frozenset():
            for key in grant.keys:
                if key is not None:
                    found[(key, grant.scope)] = _joined(found.get((key, grant.scope)), kept, grant)
    return found


def _dangerous(need: Need, names: Names) -> Names:
    """The names by which a rule is worth something here; none at all is an empty set."""
    if names is None:
        return None
    if not need.named:
        return frozenset()
    return names & frozenset(need.only) if need.only else names


def _joined(before: _Held | None, names: Names, grant: Grant) -> _Held:
    if before is None or (names is None and before.names is not None):
        return _Held(names, (grant,))
    if before.names is None or names is None:
        return before
    return _Held(before.names | names, (*before.grants, grant))
