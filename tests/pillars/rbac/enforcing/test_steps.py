"""Laws of the order of changes: nobody is ever without what they keep, nobody keeps what is taken, nobody else notices, and twice is once."""

from itertools import accumulate
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.rbac import clusters
from tests.pillars.rbac.enforcing.proposals import drawn
from tests.pillars.rbac.shapes import PODS, SECRETS, bound, cluster, cluster_role

from ostiary.apply.step import inverse
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta, Ref
from ostiary.model.plan import Action, Change
from ostiary.model.rbac import Binding, Subject
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.enforcing.afterwards import afterwards
from ostiary.pillars.rbac.enforcing.objects import OWNER, PART_LABEL, name_of
from ostiary.pillars.rbac.enforcing.standing import Standing
from ostiary.pillars.rbac.enforcing.steps import CANARY, ENFORCE, PREPARE, steps
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.subject import USER, SubjectKey, keys_of

SEEDS = st.integers(0, 2**32 - 1)
WEB = SubjectKey(USER, "system:serviceaccount:shop:web")
WEB_SUBJECT = Subject(kind="ServiceAccount", namespace="shop", name="web")
ANN = SubjectKey(USER, "ann")


def some_first(random: Random, proposals: tuple[Proposal, ...]) -> frozenset[SubjectKey]:
    return frozenset(one.subject for one in proposals if random.random() < 0.4)


def states(before: Cluster, changes: tuple[Change, ...]) -> list[Cluster]:
    """The cluster before, and after each change."""
    return list(accumulate(changes, lambda now, change: afterwards(now, (change,)), initial=before))


def due(before: Cluster, proposals: tuple[Proposal, ...], who: Identity, request: Request) -> bool:
    """Whether the request is to be allowed in the end, worked out binding by binding: what a proposal takes over does not count, its rules do."""
    keys = keys_of(who)
    replaced = {(ref, one.subject) for one in proposals for ref in one.replaces}
    scopes = {CLUSTER, request.namespace if request.is_resource else CLUSTER}
    for grant in Authorizer(before).grants.all:
        kept = [key for key in grant.keys if key in keys and (grant.binding, key) not in replaced]
        if grant.scope in scopes and kept and any(allows(rule, request) for rule in grant.rules.sure):
            return True
    for one in proposals:
        rules = [*one.cluster_rules, *(one.namespaced.get(request.namespace, ()) if request.is_resource else ())]
        if one.subject in keys and any(allows(rule, request) for rule in rules):
            return True
    return "system:masters" in who.groups


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_what_is_kept_is_never_missing_and_what_is_taken_is_gone(seed: int) -> None:
    before, objects, proposals, random = drawn(seed)
    changes = steps(before, proposals, some_first(random, proposals))
    along = [Authorizer(state) for state in states(before, changes)]
    for who, request in clusters.questions(random, objects, 40):
        wanted = due(before, proposals, who, request)
        answers = [one.decide(who, request).allowed for one in along]
        assert answers[-1] == wanted, (who, request)
        assert not wanted or all(answers), (who, request)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_nothing_is_ever_allowed_that_was_not(seed: int) -> None:
    before, objects, proposals, random = drawn(seed)
    along = [Authorizer(state) for state in states(before, steps(before, proposals, frozenset()))]
    for who, request in clusters.questions(random, objects, 30):
        if not along[0].decide(who, request).allowed:
            assert not any(one.decide(who, request).allowed for one in along), (who, request)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_twice_is_once_and_back_again_is_nothing(seed: int) -> None:
    before, _, proposals, random = drawn(seed)
    changes = steps(before, proposals, some_first(random, proposals))
    after = afterwards(before, changes)
    assert steps(after, proposals, frozenset()) == ()
    back = afterwards(after, [inverse(change) for change in reversed(changes)])
    assert sections(back) == sections(before)


def sections(state: Cluster) -> dict[str, set[bytes]]:
    """Roles and bindings as a server shows them: sorted, its defaults filled in, labels left aside, which no deletion here keeps."""
    found = {}
    for section in ("roles", "cluster_roles", "role_bindings", "cluster_role_bindings"):
        found[section] = {msgspec.json.encode(_bare(one)) for one in getattr(state, section)}
    return found


def _bare(one: object) -> object:
    if not isinstance(one, Binding):
        return one
    subjects = tuple(
        msgspec.structs.replace(subject, api_group="" if subject.kind == "ServiceAccount" else clusters.RBAC)
        for subject in one.subjects
    )
    meta = Meta(name=one.metadata.name, namespace=one.metadata.namespace)
    return msgspec.structs.replace(one, metadata=meta, subjects=subjects)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_new_things_come_before_old_things_go(seed: int) -> None:
    before, _, proposals, random = drawn(seed)
    changes = steps(before, proposals, some_first(random, proposals))
    order = [(PREPARE, CANARY, ENFORCE).index(change.stage) for change in changes]
    assert order == sorted(order)
    assert all((change.action is Action.CREATE) == (change.stage == PREPARE) for change in changes)


def test_one_of_several_subjects_leaves_and_the_others_stay() -> None:
    there = cluster(
        cluster_role("reader", PODS, SECRETS),
        bound("reader", WEB_SUBJECT, Subject(kind="Group", name="sre"), WEB_SUBJECT),
        server_version="v1.37.2",
    )
    ref = Ref("ClusterRoleBinding", "", "reader-holders")
    change = steps(
        there, (Proposal(subject=WEB, outcome=Outcome.TIGHTEN, cluster_rules=(PODS,), replaces=(ref,)),), frozenset()
    )[-1]
    sre = {"kind": "Group", "name": "sre", "apiGroup": "rbac.authorization.k8s.io"}
    assert change.action is Action.PATCH
    assert change.after == {"subjects": [sre]}
    web = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}
    assert change.before == {"subjects": [web, sre, web]}
    assert change.sentence == (
        "ClusterRoleBinding reader-holders: ServiceAccount shop/web no longer holds ClusterRole reader by it; 1 other subject keeps it"
    )


def test_the_last_subject_takes_the_binding_along() -> None:
    there = cluster(cluster_role("reader", PODS), bound("reader", WEB_SUBJECT), server_version="v1.37.2")
    ref = Ref("ClusterRoleBinding", "", "reader-holders")
    change = steps(there, (Proposal(subject=WEB, outcome=Outcome.TIGHTEN, replaces=(ref,)),), frozenset())[-1]
    assert (change.action, change.target.ref) == (Action.DELETE, ref)


def test_a_binding_is_emptied_over_two_stages() -> None:
    there = cluster(
        cluster_role("reader", PODS), bound("reader", WEB_SUBJECT, Subject(kind="User", name="ann")), server_version="v1.37.2"
    )
    ref = Ref("ClusterRoleBinding", "", "reader-holders")
    both = tuple(Proposal(subject=key, outcome=Outcome.TIGHTEN, replaces=(ref,)) for key in (ANN, WEB))
    first, second = steps(there, both, frozenset({WEB}))
    ann = {"kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"}
    assert (first.stage, first.action, first.after) == (CANARY, Action.PATCH, {"subjects": [ann]})
    assert (second.stage, second.action, second.before["subjects"]) == (ENFORCE, Action.DELETE, [ann])


def test_what_was_learned_before_is_narrowed_in_place() -> None:
    there = cluster(cluster_role("reader", PODS, SECRETS), bound("reader", WEB_SUBJECT), server_version="v1.37.2")
    old = Ref("ClusterRoleBinding", "", "reader-holders")
    wide = Proposal(subject=WEB, outcome=Outcome.TIGHTEN, cluster_rules=(PODS, SECRETS), replaces=(old,))
    then = afterwards(there, steps(there, (wide,), frozenset()))
    own = Ref("ClusterRoleBinding", "", name_of(WEB))
    narrow = Proposal(subject=WEB, outcome=Outcome.TIGHTEN, cluster_rules=(PODS,), replaces=(own,))
    (change,) = steps(then, (narrow,), frozenset())
    assert (change.action, change.target.ref) == (Action.PATCH, Ref("ClusterRole", "", name_of(WEB)))
    gone = Proposal(subject=WEB, outcome=Outcome.TIGHTEN, replaces=(own,))
    (change,) = steps(then, (gone,), frozenset())
    assert (change.action, change.target.ref) == (Action.DELETE, own)


def test_a_role_of_that_name_that_somebody_else_made_is_not_taken_for_ours() -> None:
    """Creating ours then fails in the rehearsal, before anything is changed."""
    there = cluster(cluster_role(name_of(WEB), SECRETS), server_version="v1.37.2")
    changes = steps(there, (Proposal(subject=WEB, outcome=Outcome.TIGHTEN, cluster_rules=(PODS,)),), frozenset())
    assert [(one.action, one.target.kind) for one in changes] == [
        (Action.CREATE, "ClusterRole"),
        (Action.CREATE, "ClusterRoleBinding"),
    ]


def test_who_holds_a_grant_of_ostiarys_is_left_alone() -> None:
    grant = bound("reader", Subject(kind="User", name="ann"))
    meta = msgspec.structs.replace(grant.metadata, labels={**OWNER, PART_LABEL: "grant"})
    there = cluster(cluster_role("reader", PODS), msgspec.structs.replace(grant, metadata=meta), server_version="v1.37.2")
    policy = RbacPolicy(
        proposals=(
            Proposal(subject=ANN, outcome=Outcome.TIGHTEN, replaces=(Ref("ClusterRoleBinding", "", "reader-holders"),)),
            Proposal(subject=WEB, outcome=Outcome.TIGHTEN, replaces=()),
            Proposal(subject=SubjectKey(USER, "bob"), outcome=Outcome.NOT_ENOUGH),
        )
    )
    assert [one.subject for one in Standing.of(there).touched(policy)] == [WEB]


def test_names_are_told_apart() -> None:
    keys = [
        WEB,
        SubjectKey(USER, "account:shop:web"),
        SubjectKey("Group", "web"),
        SubjectKey(USER, "web"),
        SubjectKey(USER, "a/b"),
        SubjectKey(USER, "a-b"),
        SubjectKey(USER, "a%b"),
        SubjectKey(USER, ".."),
        SubjectKey(USER, "x" * 300),
        SubjectKey(USER, "Ünal"),
    ]
    names = [name_of(key) for key in keys]
    assert len(set(names)) == len(keys)
    assert not any(set(name) & set("/%?#\\ ") for name in names)


def test_a_name_begins_no_line_of_its_own() -> None:
    evil = "ann\nproved: everything\x1b[2J"
    there = cluster(cluster_role("reader", PODS), bound("reader", Subject(kind="User", name=evil)), server_version="v1.37.2")
    ref = Ref("ClusterRoleBinding", "", "reader-holders")
    made = Proposal(subject=SubjectKey(USER, evil), outcome=Outcome.TIGHTEN, cluster_rules=(PODS,), replaces=(ref,))
    changes = steps(there, (made,), frozenset())
    assert len(changes) == 3
    assert all(change.sentence.isprintable() and change.target.name.isprintable() for change in changes)
