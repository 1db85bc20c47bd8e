"""A grant as RBAC objects, and which roles no grant may give.

A grant binds an existing ClusterRole to the person's impersonated user: in each of its namespaces, or everywhere. Names follow from the grant's id alone,
so that making them twice makes them once. Which grants are live is a question of state *and* of time: an active grant whose end is past is not.

A role that lets its holder hand out rights would outlive every end: ``escalate``, ``bind``, and ``impersonate`` of users or groups are refused. ``edit``
and ``admin`` may impersonate the service accounts of a namespace; the gateway lets no such header through, so they may be granted there, and not everywhere.

>>> never((PolicyRule(verbs=("bind",), api_groups=("*",), resources=("clusterroles",)),), everywhere=False)
('it may bind any role (bind clusterroles)',)
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from ostiary.model.access import GRANT_LABEL, USER_PREFIX, Grant, GrantState
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.pillars.access.objects import RBAC, Object, Part, binding

GRANT_BINDING = "ostiary:grant:"
_ALL = "*"
_SHOWN = 3
_IDENTITIES = {"": ("users", "groups"), "authentication.k8s.io": ("users", "groups", "uids", "nodes", "userextras")}


def user_of(person: str) -> str:
    """The user that a person is on every cluster."""
    return USER_PREFIX + person


def is_live(grant: Grant, now: datetime) -> bool:
    """Whether a grant gives anything at a moment: active, and its end is yet to come."""
    return grant.state is GrantState.ACTIVE and grant.ends_at is not None and grant.ends_at > now


def live(grants: Iterable[Grant], now: datetime, *, cluster: str = "") -> tuple[Grant, ...]:
    """Those that are live, on one cluster where it is named; by id."""
    return tuple(sorted((one for one in grants if is_live(one, now) and cluster in ("", one.cluster)), key=lambda one: one.id))


def scopes(grant: Grant) -> tuple[str, ...]:
    """Where a grant holds: its namespaces, or the empty string for the whole cluster."""
    return ("",) if grant.everywhere else tuple(sorted(set(grant.namespaces)))


def bindings(grant: Grant) -> tuple[Object, ...]:
    """The bindings of a grant, one for each of its namespaces or one for the cluster."""
    subject = Subject(kind="User", api_group=RBAC, name=user_of(grant.person))
    return tuple(
        binding(
            GRANT_BINDING + grant.id,
            (subject,),
            grant.role,
            Part.GRANT,
            namespace=scope,
            ends_at=grant.ends_at,
            labels={GRANT_LABEL: grant.id},
        )
        for scope in scopes(grant)
    )


def never(rules: Iterable[PolicyRule], *, everywhere: bool) -> tuple[str, ...]:
    """Why a role with these rules may not be granted; empty when it may."""
    return tuple(dict.fromkeys(reason for rule in rules for reason in _reasons(rule, everywhere=everywhere)))


def few(reasons: tuple[str, ...]) -> str:
    """The first reasons in a sentence, and how many more there are."""
    shown = "; ".join(reasons[:_SHOWN])
    return shown + (f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else "")


def _reasons(rule: PolicyRule, *, everywhere: bool) -> Iterator[str]:
    for verb, does in (("escalate", "write any role"), ("bind", "bind any role")):
        for resource in ("roles", "clusterroles"):
            if _verb(rule, verb) and _covers(rule, RBAC, resource):
                yield f"it may {does} ({verb} {resource})"
    if any(one == _ALL or one.startswith("impersonate") for one in rule.verbs):
        for group, resources in _IDENTITIES.items():
            for resource in resources:
                if _covers(rule, group, resource) and _impersonates(rule, group):
                    yield f"it may act in the name of others (impersonate {resource})"
        if everywhere and _covers(rule, "", "serviceaccounts"):
            yield "it may act as any service account (impersonate serviceaccounts everywhere)"
    if everywhere and _covers(rule, "", "nodes", "proxy"):
        yield "it reaches into every container past the API server (nodes/proxy)"


def _impersonates(rule: PolicyRule, group: str) -> bool:
    """Whether the rule's words for impersonating are those of this group: the old one for the core group, either for the other."""
    return any(one in (_ALL, "impersonate") or (group and one.startswith("impersonate:")) for one in rule.verbs)


def _verb(rule: PolicyRule, verb: str) -> bool:
    return verb in rule.verbs or _ALL in rule.verbs


def _covers(rule: PolicyRule, group: str, resource: str, subresource: str = "") -> bool:
    if group not in rule.api_groups and _ALL not in rule.api_groups:
        return False
    wanted = f"{resource}/{subresource}" if subresource else resource
    some = any(one.startswith(f"{resource}/") for one in rule.resources) if resource == "userextras" else False
    return (
        some or wanted in rule.resources or _ALL in rule.resources or bool(subresource and f"*/{subresource}" in rule.resources)
    )
