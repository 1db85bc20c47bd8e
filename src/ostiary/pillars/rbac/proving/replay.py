"""Whether proposals take nothing that was used and give nothing that was not there.

Every request of the evidence that was allowed, and that what stands now allows, is asked again of the cluster as it would be; by impersonation, of the
impersonator too. Every proposed rule has to be covered, atom by atom, by one rule that its subject holds by the bindings that it takes the place of.

What was put up for review (seen too seldom to be told from an accident or an attack) may be denied: the claim counts it, and the assumptions name it.

>>> replayed(World.of(Cluster(), today=date(2026, 11, 24)), ())
()
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ostiary.model.evidence import Impersonator, Usage
from ostiary.model.meta import Ref
from ostiary.model.verdict import Witness
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.escalation import covers
from ostiary.pillars.rbac.grants import CLUSTER, Grants
from ostiary.pillars.rbac.identity import AUTHENTICATED, Identity, service_account_groups, split_service_account
from ostiary.pillars.rbac.impersonation import impersonate
from ostiary.pillars.rbac.policy import Proposal, Review
from ostiary.pillars.rbac.proving.after import after
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.subject import SubjectKey, keys_of
from ostiary.pillars.rbac.usage import identity_of, request_of


def replayed(world: World, proposals: Iterable[Proposal]) -> tuple[Witness, ...]:
    """Every observed request that would be denied, and every proposed rule that is more than its subject has; worst first."""
    made = tuple(proposals)
    return (*_more(world, made), *_denied(world, made)) if made else ()


def _denied(world: World, proposals: tuple[Proposal, ...]) -> Iterator[Witness]:
    now, then = Authorizer(world.cluster), Authorizer(after(world.cluster, proposals))
    doubtful = {(one.usage.user, request_of(one.usage)) for one in reviewed(proposals)}
    for usage in world.evidence.usage:
        if usage.daily:
            for request in _asked(now, usage):
                if (
                    _allowed(now, usage, request)
                    and not _allowed(then, usage, request)
                    and not _doubted(then, usage, request, doubtful)
                ):
                    yield _witness(usage, request)


def reviewed(proposals: Iterable[Proposal]) -> tuple[Review, ...]:
    """What was allowed and is in no rule until a person has looked at it."""
    return tuple(one for proposal in proposals for one in proposal.review if one.usage.daily)


def _doubted(then: Authorizer, usage: Usage, request: Request, doubtful: set[tuple[str, Request]]) -> bool:
    """Whether what is denied was put up for review: the request, or else the impersonation by which it was made."""
    if (usage.user, request) in doubtful:
        return True
    if usage.by is None or not then.decide(identity_of(usage), request).allowed:
        return False
    return any(user == usage.by.user and other.verb.startswith("impersonate") for user, other in doubtful)


def _asked(now: Authorizer, usage: Usage) -> Iterator[Request]:
    """The requests that a row counts. Where names are not told apart, every name for which something allows it now; all of them if one rule has none."""
    request = request_of(usage)
    if not usage.many or now.decide(identity_of(usage), request).allowed:
        yield request
        return
    for name in sorted(_names(now.grants, identity_of(usage), request)):
        yield replace(request, name=name)


def _names(grants: Grants, identity: Identity, request: Request) -> set[str]:
    found: set[str] = set()
    for scope in {CLUSTER, request.namespace}:
        for grant in grants.of_scope(scope, keys_of(identity)):
            for rule in grant.rules.sure:
                found.update(name for name in rule.resource_names if allows(rule, replace(request, name=name)))
    return found


def _allowed(authorizer: Authorizer, usage: Usage, request: Request) -> bool:
    allowed = authorizer.decide(identity_of(usage), request).allowed
    if not allowed or usage.by is None:
        return allowed
    wanted = Identity(usage.user, wanted_groups(usage), usage.by.uid, usage.by.extra)
    return impersonate(authorizer, _really(usage.by), wanted, request).answer.allowed


def _really(by: Impersonator) -> Identity:
    return Identity(by.user, by.groups)


def wanted_groups(usage: Usage) -> tuple[str, ...]:
    """The groups that an impersonator asked for: not those that the API server adds by itself."""
    account = split_service_account(usage.user)
    added = {AUTHENTICATED, *(service_account_groups(account[0]) if account else ())}
    return tuple(group for group in usage.groups if group not in added)


def _witness(usage: Usage, request: Request) -> Witness:
    by = f" (impersonated by {usage.by.user})" if usage.by else ""
    seen = f"seen {usage.allowed} times, last on {usage.last}"
    return Witness(Ref("User", "", usage.user), f"{usage.user}{by} would no longer be allowed to {request}, {seen}")


def _more(world: World, proposals: tuple[Proposal, ...]) -> Iterator[Witness]:
    grants = Grants.of(world.cluster)
    by_ref = {grant.binding: grant for grant in grants.all}
    for one in proposals:
        mine = [by_ref[ref] for ref in one.replaces if ref in by_ref and one.subject in by_ref[ref].keys]
        for scope, rules in ((CLUSTER, one.cluster_rules), *sorted(one.namespaced.items())):
            held = tuple(rule for grant in mine if grant.scope in (CLUSTER, scope) for rule in grant.rules.sure)
            for rule in rules:
                if not covers(held, rule):
                    where = f"in namespace {scope}" if scope else "in the whole cluster"
                    words = f"{', '.join(rule.verbs)} on {', '.join(rule.resources or rule.non_resource_urls)}"
                    yield Witness(_ref(one.subject), f"{one.subject} would get more than it has {where}: {words}")


def _ref(key: SubjectKey) -> Ref:
    return Ref(key.kind, "", key.name)
