"""The changes that put proposals into force, in an order in which nobody is ever without what they need.

    prepare   every new role and binding. They grant nothing that is not granted already, so this can be done long before
    canary    the subjects that go first lose what they did not use
    enforce   everybody else

A binding is only ever taken from when what takes its place has stood since an earlier stage: authorizers read through caches. Its role is never
changed (``roleRef`` is immutable), and neither is a role that others may hold: a subject is taken out of the binding's subjects, and the binding
is deleted when nobody is left in it. What stands already is not done again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ostiary.model.cluster import Cluster
from ostiary.model.meta import Ref
from ostiary.model.plan import Action, Change
from ostiary.model.rbac import PolicyRule, Role, RoleRef, Subject
from ostiary.pillars.rbac.enforcing.objects import (
    address,
    binding,
    binding_ref_of,
    one_line,
    plain_rules,
    plain_subjects,
    role,
    role_ref_of,
    said,
    standing,
    subject_of,
)
from ostiary.pillars.rbac.enforcing.standing import Standing, is_ours
from ostiary.pillars.rbac.policy import Proposal
from ostiary.pillars.rbac.subject import SubjectKey, key_of
from ostiary.pillars.rbac.validity import GROUP

PREPARE, CANARY, ENFORCE = "prepare", "canary", "enforce"
STAGES = (PREPARE, CANARY, ENFORCE)


def steps(cluster: Cluster, proposals: Sequence[Proposal], first: frozenset[SubjectKey]) -> tuple[Change, ...]:
    """All changes, in order; empty when everything stands already."""
    there, leaving = Standing.of(cluster), _leaving(proposals)
    found = [change for one in proposals for change in _granted(one, there)]
    gone: set[SubjectKey] = set()
    for stage in (CANARY, ENFORCE):
        staged = [one for one in proposals if (one.subject in first) == (stage == CANARY)]
        found += [change for one in staged for change in _narrowed(stage, one, there)]
        now = {one.subject for one in staged}
        found += _taken(stage, now, gone, leaving, there)
        gone |= now
    return tuple(found)


def _leaving(proposals: Iterable[Proposal]) -> dict[Ref, set[SubjectKey]]:
    """The subjects that leave each binding, whenever they do."""
    found: defaultdict[Ref, set[SubjectKey]] = defaultdict(set)
    for one in proposals:
        for ref in replaced(one):
            found[ref].add(one.subject)
    return dict(sorted(found.items()))


def scopes(proposal: Proposal) -> Iterator[tuple[str, tuple[PolicyRule, ...]]]:
    """Where a subject keeps rights, and which; the empty namespace is the cluster."""
    if proposal.cluster_rules:
        yield "", proposal.cluster_rules
    yield from ((namespace, rules) for namespace, rules in sorted(proposal.namespaced.items()) if rules)


def _granted(proposal: Proposal, there: Standing) -> Iterator[Change]:
    """New roles and bindings for a subject."""
    who = said(proposal.subject)
    for namespace, rules in scopes(proposal):
        held, bound = role_ref_of(proposal.subject, namespace), binding_ref_of(proposal.subject, namespace)
        where = f"in namespace {namespace}" if namespace else "cluster-wide"
        if _own(held, there) is None:
            sentence = f"{who}: a role with what it uses {where}, {len(rules)} rule{'s' * (len(rules) != 1)}"
            yield _create(held, role(held, rules), sentence)
        if bound not in there.bindings:
            ref = RoleRef(api_group=GROUP, kind=held.kind, name=held.name)
            made = binding(bound, ref, (subject_of(proposal.subject),))
            yield _create(bound, made, f"{who}: holds that role {where}; nothing is taken yet")


def _own(ref: Ref, there: Standing) -> Role | None:
    """The role of that name that ostiary keeps. One that somebody else made counts as absent: creating ours then fails before anything is changed."""
    found = there.roles.get(ref)
    return found if found is not None and is_ours(found.metadata) else None


def _create(ref: Ref, body: dict[str, object], sentence: str) -> Change:
    return Change(stage=PREPARE, action=Action.CREATE, target=address(ref), after=body, sentence=sentence)


def _narrowed(stage: str, proposal: Proposal, there: Standing) -> Iterator[Change]:
    """Roles of ours that stand with other rules: learned earlier."""
    for namespace, rules in scopes(proposal):
        ref = role_ref_of(proposal.subject, namespace)
        found = _own(ref, there)
        if found is not None and found.rules != rules:
            yield Change(
                stage=stage,
                action=Action.PATCH,
                target=address(ref),
                before={"rules": plain_rules(found.rules)},
                after={"rules": plain_rules(rules)},
                sentence=f"{said(proposal.subject)}: what it uses has changed",
            )


def _taken(
    stage: str, staged: set[SubjectKey], gone: set[SubjectKey], leaving: Mapping[Ref, set[SubjectKey]], there: Standing
) -> Iterator[Change]:
    """Bindings that lose subjects. ``staged``: who leaves in this stage; ``gone``: who left in an earlier one."""
    for ref, keys in leaving.items():
        found, now = there.bindings.get(ref), keys & staged
        if found is None or not now:
            continue
        before = _without(found.subjects, ref.namespace, keys & gone)
        after = _without(found.subjects, ref.namespace, (keys & gone) | now)
        if after == before:
            continue
        sentence = _sentence(ref, found.role_ref, now, len(after))
        if after:
            yield Change(
                stage=stage,
                action=Action.PATCH,
                target=address(ref),
                before={"subjects": plain_subjects(before)},
                after={"subjects": plain_subjects(after)},
                sentence=sentence,
            )
        else:
            body = standing(ref, found, before)
            yield Change(stage=stage, action=Action.DELETE, target=address(ref), before=body, sentence=sentence)


def replaced(proposal: Proposal) -> frozenset[Ref]:
    """The bindings that a subject leaves: not the one that it comes to hold."""
    return frozenset(proposal.replaces) - {binding_ref_of(proposal.subject, namespace) for namespace, _ in scopes(proposal)}


def _without(subjects: tuple[Subject, ...], namespace: str, keys: Iterable[SubjectKey]) -> tuple[Subject, ...]:
    out = frozenset(keys)
    return tuple(one for one in subjects if key_of(one, namespace) not in out)


def _sentence(ref: Ref, role: RoleRef, now: Iterable[SubjectKey], left: int) -> str:
    who = ", ".join(sorted(map(said, now)))
    rest = f"{left} other subject{'s' * (left != 1)} keep{'s' * (left == 1)} it" if left else "nobody else holds it, so it goes"
    return one_line(f"{ref}: {who} no longer holds {role.kind} {role.name} by it; {rest}")
