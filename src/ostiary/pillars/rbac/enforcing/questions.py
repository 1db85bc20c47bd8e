"""What the API server itself is asked after each stage: access reviews that it must allow, and others that it must no longer allow.

Allowed: requests that the evidence shows, one for each verb and resource, the seldom ones first. No longer allowed: rights that lead further, and the
plainest request of each old rule, as long as nothing else that the subject holds allows them. A review says what the authorizer would answer; it needs
no credential of the subject's and changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ostiary.model.evidence import Usage
from ostiary.model.plan import Change, Target, Trial
from ostiary.model.rbac import PolicyRule
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.capabilities import CAPABILITIES
from ostiary.pillars.rbac.decision import Decision
from ostiary.pillars.rbac.enforcing.afterwards import afterwards
from ostiary.pillars.rbac.enforcing.objects import name_of, one_line, said
from ostiary.pillars.rbac.enforcing.steps import CANARY, ENFORCE
from ostiary.pillars.rbac.grants import Grant, Grants
from ostiary.pillars.rbac.identity import AUTHENTICATED, Identity, authenticated
from ostiary.pillars.rbac.policy import Proposal
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import ALL
from ostiary.pillars.rbac.subject import GROUP, SubjectKey, keys_of
from ostiary.pillars.rbac.usage import identity_of, request_of

_WORST = ("get-secrets", "create-pods", "exec", "mint-tokens", "bind", "get-nodes-proxy")
MOST_ALLOWED, MOST_REFUSED = 12, 6  # reviews for one subject
_NOBODY = "ostiary:trial"  # a member of the group that is asked about, and of no other


def questions(
    world: World, proposals: Sequence[Proposal], first: frozenset[SubjectKey], changes: Sequence[Change]
) -> tuple[Trial, ...]:
    """The reviews of every subject from which something is taken, stage by stage."""
    before, after = Authorizer(world.cluster), Authorizer(afterwards(world.cluster, changes))
    used, held = _by_subject(world.evidence.usage, proposals), _held(before.grants, proposals)
    found: list[Trial] = []
    for stage in (CANARY, ENFORCE):
        if any(change.stage == stage for change in changes):
            for one in proposals:
                if (one.subject in first) == (stage == CANARY):
                    found += _allowed(stage, one.subject, used.get(one.subject, []), after)
                    found += _refused(stage, one.subject, held[one.subject], before, after)
    return tuple(found)


def _by_subject(rows: Iterable[Usage], proposals: Sequence[Proposal]) -> dict[SubjectKey, list[Usage]]:
    wanted = {one.subject for one in proposals}
    found: dict[SubjectKey, list[Usage]] = {}
    for row in rows:
        if row.allowed:
            for key in wanted.intersection(keys_of(identity_of(row))):
                found.setdefault(key, []).append(row)
    return found


def _allowed(stage: str, key: SubjectKey, rows: Sequence[Usage], after: Authorizer) -> Iterator[Trial]:
    kinds: dict[tuple[str, ...], Usage] = {}
    for row in sorted(rows, key=lambda one: (one.allowed, str(request_of(one)))):
        kind = (row.verb, row.api_group, row.resource, row.subresource, row.path)
        if kind not in kinds and after.decide(identity_of(row), request_of(row)).allowed:
            kinds[kind] = row
    for row in list(kinds.values())[:MOST_ALLOWED]:
        yield _review(stage, key, identity_of(row), request_of(row), allowed=True)


def _held(grants: Grants, proposals: Sequence[Proposal]) -> dict[SubjectKey, list[Grant]]:
    """The grants that each subject loses."""
    found: dict[SubjectKey, list[Grant]] = {one.subject: [] for one in proposals}
    by_ref = {grant.binding: grant for grant in grants.all}
    for one in proposals:
        lost = (by_ref[ref] for ref in one.replaces if ref in by_ref)
        found[one.subject] += [grant for grant in lost if one.subject in grant.keys]
    return found


def _refused(stage: str, key: SubjectKey, held: Sequence[Grant], before: Authorizer, after: Authorizer) -> Iterator[Trial]:
    who = _alone(key)
    taken = (
        request
        for request in dict.fromkeys(_candidates(held))
        if before.decide(who, request).allowed and after.decide(who, request).decision is Decision.NO_OPINION
    )
    for request in islice(taken, MOST_REFUSED):
        yield _review(stage, key, who, request, allowed=False)


def _alone(key: SubjectKey) -> Identity:
    """The subject with what every such identity has, and nothing that an identity provider may add."""
    return Identity(_NOBODY, (key.name, AUTHENTICATED)) if key.kind == GROUP else authenticated(key.name)


def _candidates(grants: Sequence[Grant]) -> Iterator[Request]:
    for scope in sorted({grant.scope for grant in grants}):
        for one in sorted(CAPABILITIES[1:], key=lambda one: one.key not in _WORST):
            yield _in(one.request, scope)
    for grant in grants:
        for rule in grant.rules.sure:
            yield from _plainest(rule, grant.scope)


def _in(request: Request, namespace: str) -> Request:
    return Request(request.verb, request.resource, request.api_group, request.subresource, namespace=namespace)


def _plainest(rule: PolicyRule, namespace: str) -> Iterator[Request]:
    """The request of the first word of everything in a rule, if none is a star."""
    if rule.non_resource_urls and not namespace and rule.verbs and ALL not in rule.non_resource_urls[0] + rule.verbs[0]:
        yield Request(rule.verbs[0], path=rule.non_resource_urls[0])
    if not rule.resources or not rule.api_groups or not rule.verbs:
        return
    verb, group, (resource, _, sub) = rule.verbs[-1], rule.api_groups[0], rule.resources[-1].partition("/")
    if ALL not in (verb, group, resource, sub):
        yield Request(verb, resource, group, sub, rule.resource_names[0] if rule.resource_names else "", namespace)


def _review(stage: str, key: SubjectKey, who: Identity, request: Request, *, allowed: bool) -> Trial:
    spec: dict[str, object] = {"user": who.user, "groups": list(who.groups)}
    if request.is_resource:
        words = {
            "verb": request.verb,
            "group": request.api_group,
            "resource": request.resource,
            "subresource": request.subresource,
            "name": request.name,
            "namespace": request.namespace,
        }
        spec["resourceAttributes"] = {name: word for name, word in words.items() if word}
    else:
        spec["nonResourceAttributes"] = {"path": request.path, "verb": request.verb}
    version, kind = "authorization.k8s.io/v1", "SubjectAccessReview"
    return Trial(
        stage=stage,
        sentence=one_line(f"{said(key)} {'may still' if allowed else 'may no longer'} {request}"),
        target=Target(api_version=version, kind=kind, resource="subjectaccessreviews", name=name_of(key)),
        body={"apiVersion": version, "kind": kind, "spec": spec},
        admitted=True,
        answer={"status": {"allowed": allowed}},
    )
