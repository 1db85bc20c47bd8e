"""What RBAC itself keeps people from granting: nobody writes a role, or binds one, that has more than they have.

A role may be written by whoever holds every one of its rules there, or ``escalate`` on it; a binding, by whoever holds every rule of the role, or ``bind`` on
it. These checks come on top of the right to write the object. Held means: each atom of the rule (one verb, group, resource, name) is covered by
*one* rule of the caller; a list of all verbs does not cover ``*``. A binding to a role that is not there needs ``bind``.

Source: ``pkg/registry/rbac/**/policybased/storage.go``, ``pkg/registry/rbac/escalation_check.go``,
``component-helpers/auth/rbac/validation/policy_comparator.go``; 1.37.2.

>>> covers((PolicyRule(verbs=("*",), api_groups=("",), resources=("*",)),), PolicyRule(verbs=("get",), api_groups=("",), resources=("pods",)))
True
"""

from collections.abc import Iterator
from dataclasses import replace

from ostiary.model.meta import Ref
from ostiary.model.rbac import PolicyRule, Role, RoleRef
from ostiary.pillars.rbac.aggregation import RoleRules
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Answer, Decision
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, ROLE
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.identity import MASTERS, Identity
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import ALL, path_covers
from ostiary.pillars.rbac.subject import keys_of
from ostiary.pillars.rbac.validity import GROUP

FULL = (
    PolicyRule(verbs=(ALL,), api_groups=(ALL,), resources=(ALL,)),
    PolicyRule(verbs=(ALL,), non_resource_urls=(ALL,)),
)
_PLURAL = {ROLE: "roles", CLUSTER_ROLE: "clusterroles"}


def may_write_role(authorizer: Authorizer, identity: Identity, role: Role, *, kind: str, update: bool) -> Answer:
    """Whether the escalation check lets this identity create or update a role with these rules. A name counts only on update."""
    meta = role.metadata
    escalate = Request("escalate", _PLURAL[kind], GROUP, name=meta.name if update else "", namespace=meta.namespace)
    needed = role.rules if role.aggregation_rule is None else (*role.rules, *FULL)
    return _exempt_or_held(authorizer, identity, escalate, RoleRules(needed))


def may_bind(authorizer: Authorizer, identity: Identity, ref: RoleRef, namespace: str) -> Answer:
    """Whether the escalation check lets this identity write a binding to a role, in a namespace or (empty) cluster-wide."""
    bind = Request("bind", _PLURAL.get(ref.kind, ""), GROUP, name=ref.name, namespace=namespace)
    found = authorizer.grants.roles.find(Ref(ref.kind, namespace if ref.kind == ROLE else "", ref.name))
    return _exempt_or_held(authorizer, identity, bind, found)


def _exempt_or_held(authorizer: Authorizer, identity: Identity, exemption: Request, needed: RoleRules | None) -> Answer:
    """Held, or exempt by a verb of its own. ``needed``: the rules of the role; None when it is not there."""
    if MASTERS in identity.groups:
        return Answer(Decision.ALLOW, f"the group {MASTERS} is not checked")
    exempt = authorizer.decide(identity, exemption)
    if exempt.allowed:
        return exempt
    if needed is None:
        return replace(exempt, reason=f"it may not {exemption}, and nobody can hold the rules of a role that is not there")
    sure, maybe = _held(authorizer, identity, exemption.namespace)
    if all(covers(sure, rule) for rule in (*needed.sure, *needed.maybe)):
        return Answer(Decision.ALLOW, "every rule of the role is held")
    doubts = (*exempt.doubts, *needed.doubts)
    if doubts or (maybe and all(covers((*sure, *maybe), rule) for rule in needed.sure)):
        return Answer(Decision.UNKNOWN, "not all that decides whether every rule of the role is held can be seen", doubts)
    return Answer(Decision.NO_OPINION, f"it may not {exemption}, and does not hold every rule of the role")


def _held(authorizer: Authorizer, identity: Identity, namespace: str) -> tuple[tuple[PolicyRule, ...], tuple[PolicyRule, ...]]:
    grants = tuple(_grants(authorizer, identity, namespace))
    return tuple(rule for grant in grants for rule in grant.rules.sure), tuple(
        rule for grant in grants for rule in grant.rules.maybe
    )


def _grants(authorizer: Authorizer, identity: Identity, namespace: str) -> Iterator[Grant]:
    keys = keys_of(identity)
    for scope in (CLUSTER, namespace) if namespace else (CLUSTER,):
        yield from authorizer.grants.of_scope(scope, keys)


def covers(held: tuple[PolicyRule, ...], rule: PolicyRule) -> bool:
    """Whether each atom of the rule is covered by one of the held rules."""
    return all(any(_covers_atom(owner, atom) for owner in held) for atom in _atoms(rule))


def _atoms(rule: PolicyRule) -> Iterator[PolicyRule]:
    for verb in rule.verbs:
        for path in rule.non_resource_urls:
            yield PolicyRule(verbs=(verb,), non_resource_urls=(path,))
        for group in rule.api_groups:
            for resource in rule.resources:
                for name in rule.resource_names or ("",):
                    names = (name,) if rule.resource_names else ()
                    yield PolicyRule(verbs=(verb,), api_groups=(group,), resources=(resource,), resource_names=names)


def _covers_atom(owner: PolicyRule, atom: PolicyRule) -> bool:
    if not (ALL in owner.verbs or atom.verbs[0] in owner.verbs):
        return False
    if atom.non_resource_urls:
        return any(path_covers(pattern, atom.non_resource_urls[0]) for pattern in owner.non_resource_urls)
    if not (ALL in owner.api_groups or atom.api_groups[0] in owner.api_groups):
        return False
    names_held = not owner.resource_names or (bool(atom.resource_names) and atom.resource_names[0] in owner.resource_names)
    return names_held and _covers_resource(owner, atom.resources[0])


def _covers_resource(owner: PolicyRule, resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    if ALL in owner.resources or resource in owner.resources:
        return True
    return bool(slash) and f"*/{subresource}" in owner.resources
