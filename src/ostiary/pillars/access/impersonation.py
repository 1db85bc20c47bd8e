"""The gateway's own power, compiled from the live grants: whom it may be, and what it may do while it is somebody.

Where the server has constrained impersonation (on by default from 1.36), two rights are needed for every request, both: to be that person
(``impersonate:user-info``, limited by name to the people of live grants) and to make this very request as somebody (``impersonate-on:user-info:VERB``, limited
to the rules of the granted roles, in the namespaces where they are granted). Elsewhere there is the old ``impersonate``, limited by name. With no
live grant the gateway may do nothing at all.

What the person may do is asked of the API server on top: a power that is too wide here gives nobody a right. The session is carried as an extra value, which
gives no right either; its value is not limited.

Source: KEP-5284, ``apiserver/pkg/endpoints/filters/impersonation/mode.go`` (1.37.2): the request line alone is asked with ``impersonate-on``, in the verbs that
``request/requestinfo.go`` makes; a wildcard verb is one word among others in ``impersonate-on:user-info:*``, so it is spelled out.

>>> [rule.verbs for rule in on(PolicyRule(verbs=("get", "bind"), api_groups=("",), resources=("pods",)))]
[('impersonate-on:user-info:get',)]
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from ostiary.model.access import GATEWAY_ACCOUNT, GROUP, NAMESPACE, SESSION_EXTRA, Grant
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.pillars.access.bindings import scopes, user_of
from ostiary.pillars.access.objects import Object, Part, binding, cluster_role

GATEWAY_ROLE = "ostiary:gateway"
ON_ROLE = "ostiary:on:"
AUTHENTICATION = "authentication.k8s.io"
ACTING = "impersonate:user-info"
DOING = "impersonate-on:user-info:"
SUBJECT = Subject(kind="ServiceAccount", name=GATEWAY_ACCOUNT, namespace=NAMESPACE)
# Verbs of request lines; every other verb of RBAC is asked of the person, never with impersonate-on.
RESOURCE_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
PATH_VERBS = ("get", "head", "post", "put", "patch", "delete", "options")
# What everybody who is signed in may do by Kubernetes' own defaults, and kubectl needs: discovery, and asking who one is. Source: bootstrappolicy/policy.go.
EVERYBODY = (
    PolicyRule(
        verbs=("get",),
        non_resource_urls=(
            *("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz"),
            *("/openapi", "/openapi/*", "/version", "/version/"),
        ),
    ),
    PolicyRule(
        verbs=("create",),
        api_groups=("authorization.k8s.io",),
        resources=("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
    ),
    PolicyRule(verbs=("create",), api_groups=(AUTHENTICATION,), resources=("selfsubjectreviews",)),
)


@dataclass(frozen=True, slots=True)
class Power:
    """What the gateway may: rules of its own role, rules of its ``ostiary:on:ROLE`` roles, and where each of those is bound (empty: everywhere)."""

    own: tuple[PolicyRule, ...] = ()
    on: Mapping[str, tuple[PolicyRule, ...]] | None = None  # by granted role
    bound: tuple[tuple[str, str, datetime], ...] = ()  # granted role, scope, until when

    def rules(self, scope: str) -> tuple[PolicyRule, ...]:
        """Every rule that the gateway holds in a scope by this."""
        here = [rule for role, where, _ in self.bound if where == scope for rule in (self.on or {}).get(role, ())]
        return (*(self.own if not scope else ()), *here)


def power(grants: Iterable[Grant], roles: Mapping[str, tuple[PolicyRule, ...]], *, constrained: bool) -> Power:
    """The power that these live grants need; ``roles``: the rules of the granted ClusterRoles, as they stand on the server."""
    some = tuple(grants)
    if not some:
        return Power()
    people = tuple(sorted({user_of(grant.person) for grant in some}))
    if not constrained:
        return Power(tuple(_being("impersonate", "", people)))
    until: dict[tuple[str, str], datetime] = {}
    for grant in some:
        for scope in scopes(grant):
            if grant.ends_at is not None:
                until[grant.role, scope] = max(grant.ends_at, until.get((grant.role, scope), grant.ends_at))
    own = (*_being(ACTING, AUTHENTICATION, people), *on(*EVERYBODY))
    granted = sorted({role for role, _ in until})
    return Power(
        own, {role: on(*roles.get(role, ())) for role in granted}, tuple((*key, end) for key, end in sorted(until.items()))
    )


def _being(verb: str, group: str, people: tuple[str, ...]) -> Iterator[PolicyRule]:
    yield PolicyRule(verbs=(verb,), api_groups=(group,), resources=("users",), resource_names=people)
    yield PolicyRule(verbs=(verb,), api_groups=(group,), resources=("groups",), resource_names=(GROUP,))
    yield PolicyRule(verbs=(verb,), api_groups=(AUTHENTICATION,), resources=(f"userextras/{SESSION_EXTRA}",))


def on(*rules: PolicyRule) -> tuple[PolicyRule, ...]:
    """The same rules for whoever acts as somebody: their request verbs, each with ``impersonate-on`` before it; a path is asked for separately."""
    return tuple(made for rule in rules for made in _on(rule))


def _on(rule: PolicyRule) -> Iterator[PolicyRule]:
    if rule.resources and (verbs := _doing(rule, RESOURCE_VERBS)):
        yield replace(rule, verbs=verbs, non_resource_urls=())
    if rule.non_resource_urls and (verbs := _doing(rule, PATH_VERBS)):
        yield PolicyRule(verbs=verbs, non_resource_urls=rule.non_resource_urls)


def _doing(rule: PolicyRule, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(DOING + verb for verb in known if verb in rule.verbs or "*" in rule.verbs)


def on_role(granted: str) -> str:
    """The name of the role that stands for a granted one."""
    return ON_ROLE + granted


def roles(power: Power) -> tuple[Object, ...]:
    """The ClusterRoles of the gateway with their present rules."""
    return (
        cluster_role(GATEWAY_ROLE, power.own, Part.INSTALLATION),
        *(cluster_role(on_role(name), rules, Part.INSTALLATION) for name, rules in (power.on or {}).items()),
    )


def bound(power: Power) -> tuple[Object, ...]:
    """The bindings by which the gateway holds its ``ostiary:on:ROLE`` roles, each until the last grant that needs it ends."""
    return tuple(
        binding(on_role(name), (SUBJECT,), on_role(name), Part.GATEWAY, namespace=scope, ends_at=until)
        for name, scope, until in power.bound
    )
