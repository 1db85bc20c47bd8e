"""Why an answer is what it is: every rule that allows, every rule that nearly does, and what would change it.

Nearly: a rule of a binding that means this identity and misses one thing, such as a subresource or a name; a binding that counts in another
namespace; a binding whose role is not there; a binding that would allow it to somebody else.

>>> explain(Authorizer(Cluster()), Identity("ann"), Request("get", "pods", namespace="shop")).change[0]
'kubectl create role ann-get-pods --verb=get --resource=pods -n shop'
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Answer, Decision, Hit
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.identity import MASTERS, Identity, split_service_account
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import Aspect, allows, mismatches
from ostiary.pillars.rbac.secondary import Secondary, secondary_checks
from ostiary.pillars.rbac.subject import keys_of

MOST = 12  # of a kind: what is near is to be read, not searched


@dataclass(frozen=True, slots=True)
class Explanation:
    """``hits``: what allows, or perhaps does. ``near``: sentences. ``change``: commands or sentences that would turn the answer round."""

    answer: Answer
    hits: tuple[Hit, ...]
    near: tuple[str, ...]
    change: tuple[str, ...]
    secondary: tuple[Secondary, ...]


def explain(authorizer: Authorizer, identity: Identity, request: Request) -> Explanation:
    """The whole answer to one question."""
    answer = authorizer.decide(identity, request)
    hits = tuple(authorizer.hits(identity, request))
    near = () if answer.allowed else _near(authorizer, identity, request)
    change = _undo(answer, identity, hits) if answer.allowed else _grant(answer, identity, request)
    return Explanation(answer, hits, near, change, tuple(secondary_checks(request, authorizer.server)))


def _near(authorizer: Authorizer, identity: Identity, request: Request) -> tuple[str, ...]:
    keys = keys_of(identity)
    counted = request.namespace if request.is_resource else CLUSTER
    mine = [grant for scope in authorizer.grants.by_scope for grant in authorizer.grants.of_scope(scope, keys)]
    here = [grant for grant in mine if grant.scope in (CLUSTER, counted)]
    elsewhere = [grant for grant in mine if grant.scope not in (CLUSTER, counted)]
    known = {id(grant) for grant in mine}
    others = [grant for grant in authorizer.grants.all if id(grant) not in known and grant.scope in (CLUSTER, counted)]
    parts = (_dangling(here), _one_off(here, request), _elsewhere(elsewhere, request), _others(others, request))
    return tuple(sentence for part in parts for sentence in _first(part))


def _first(sentences: Iterator[str]) -> Iterator[str]:
    for count, sentence in enumerate(dict.fromkeys(sentences)):
        if count == MOST:
            yield "and more like these"
            return
        yield sentence


def _dangling(grants: list[Grant]) -> Iterator[str]:
    for grant in grants:
        if grant.dangling:
            yield f"{grant.binding} refers to {grant.role}, which is not there: whoever creates it decides what is granted"


def _one_off(grants: list[Grant], request: Request) -> Iterator[str]:
    for grant in grants:
        for rule in grant.rules.sure:
            missed = mismatches(rule, request)
            if len(missed) == 1 and request.is_resource == bool(rule.resources):
                yield f"{grant.binding} of {grant.role}: {_why(rule, request, missed[0])}"


def _why(rule: PolicyRule, request: Request, missed: Aspect) -> str:
    """One sentence on what keeps a rule from allowing the request."""
    match missed:
        case Aspect.VERB:
            return f"its verbs are {_list(rule.verbs)}, not {request.verb}"
        case Aspect.API_GROUP:
            return f"its API groups are {_list(rule.api_groups)}, not {request.api_group or 'the core group'}"
        case Aspect.NAME if not request.name:
            return f"it holds for the names {_list(rule.resource_names)}, and this request has no name"
        case Aspect.NAME:
            return f"it holds for the names {_list(rule.resource_names)}, not {request.name}"
        case Aspect.PATH:
            return f"its paths are {_list(rule.non_resource_urls)}, not {request.path}"
        case Aspect.RESOURCE:
            return f"its resources are {_list(rule.resources)}, not {request.combined}{_pitfall(rule, request)}"


def _pitfall(rule: PolicyRule, request: Request) -> str:
    if f"{request.resource}/*" in rule.resources:
        return f"; {request.resource}/* is no wildcard, */{request.subresource or 'SUBRESOURCE'} would be one"
    if request.subresource and request.resource in rule.resources:
        return "; a resource does not cover its subresources"
    return ""


def _list(words: tuple[str, ...]) -> str:
    shown = [word or '""' for word in words]
    return ", ".join(shown if len(shown) <= MOST else [*shown[:MOST], f"and {len(shown) - MOST} more"])


def _elsewhere(grants: list[Grant], request: Request) -> Iterator[str]:
    for grant in grants:
        if any(allows(rule, request) for rule in grant.rules.sure):
            what = "a path is in no namespace" if not request.is_resource else f"this is {_where(request)}"
            yield f"{grant.binding} of {grant.role} would allow it in namespace {grant.scope}; {what}"


def _where(request: Request) -> str:
    return f"namespace {request.namespace}" if request.namespace else "cluster-wide"


def _others(grants: list[Grant], request: Request) -> Iterator[str]:
    for grant in grants:
        if any(allows(rule, request) for rule in grant.rules.sure):
            names = ", ".join(dict.fromkeys(str(key) for key in grant.keys[:MOST] if key))
            yield f"{grant.binding} of {grant.role} allows it to {names or 'nobody'}"


def _undo(answer: Answer, identity: Identity, hits: tuple[Hit, ...]) -> tuple[str, ...]:
    """What would have to go, all of it, for the answer to be another."""
    if MASTERS in identity.groups:
        return (f"only a credential without the group {MASTERS}: no role or binding can change it",)
    sure = tuple(
        dict.fromkeys(f"{hit.grant.binding} (subject {hit.subject.kind} {hit.subject.name})" for hit in hits if hit.sure)
    )
    if not answer.reason.startswith("RBAC"):
        return (f"not by roles and bindings alone: {answer.reason}", *sure)
    return sure if len(sure) < 2 else (f"all {len(sure)} of these would have to go:", *sure)


def _grant(answer: Answer, identity: Identity, request: Request) -> tuple[str, ...]:
    """The smallest grant that would allow it, as commands."""
    if answer.decision is Decision.UNKNOWN:
        return tuple(f"{doubt.what}: {doubt.todo}" for doubt in answer.doubts)
    name = _object_name(identity, request)
    kind = "role" if request.is_resource and request.namespace else "clusterrole"
    where = ["-n", request.namespace] if kind == "role" else []
    if request.is_resource:
        what = [f"--resource={request.qualified}", *([f"--resource-name={request.name}"] if request.name else [])]
    else:
        what = [f"--non-resource-url={request.path}"]
    role = ["kubectl", "create", kind, name, f"--verb={request.verb}", *what, *where]
    bound = ["kubectl", "create", f"{kind}binding", name, f"--{kind}={name}", _subject_option(identity), *where]
    return shlex.join(role), shlex.join(bound)


def _object_name(identity: Identity, request: Request) -> str:
    words = "-".join((identity.user or identity.groups[0] if identity.groups else identity.user or "nobody", request.verb))
    plain = "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in f"{words}-{request.combined or 'path'}")
    return plain.lower().strip("-.")[:63]


def _subject_option(identity: Identity) -> str:
    if account := split_service_account(identity.user):
        return f"--serviceaccount={account[0]}:{account[1]}"
    return f"--user={identity.user}" if identity.user or not identity.groups else f"--group={identity.groups[0]}"
