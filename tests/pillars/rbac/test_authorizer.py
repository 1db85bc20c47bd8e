"""Laws of the authorizer that no single example shows; the examples are the corpus of the judge."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.rbac import clusters

from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Decision
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.server import Mode, Server

SEEDS = st.integers(0, 2**32 - 1)
RBAC = "rbac.authorization.k8s.io"
ANN, READ = Identity("ann"), Request("get", "pods", namespace="shop")


def with_blind(cluster: Cluster, *blind: Blind) -> Cluster:
    import msgspec

    return msgspec.structs.replace(cluster, blind=blind)


def cluster_of(seed: int) -> tuple[Random, clusters.Objects]:
    random = Random(seed)
    return random, clusters.rbac(random)


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_the_order_of_objects_changes_nothing(seed: int) -> None:
    random, objects = cluster_of(seed)
    questions = clusters.questions(random, objects, 40)
    one = Authorizer(clusters.typed(objects))
    random.shuffle(objects)
    other = Authorizer(clusters.typed(objects))
    assert [one.decide(*each).decision for each in questions] == [other.decide(*each).decision for each in questions]


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_a_further_binding_takes_nothing_away(seed: int) -> None:
    random, objects = cluster_of(seed)
    questions = clusters.questions(random, objects, 40)
    fewer = [one for one in objects if not one["kind"].endswith("Binding") or random.random() < 0.5]
    before, after = Authorizer(clusters.typed(fewer)), Authorizer(clusters.typed(objects))
    for question in questions:
        if before.decide(*question).allowed:
            assert after.decide(*question).allowed


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_more_groups_take_nothing_away(seed: int) -> None:
    random, objects = cluster_of(seed)
    authorizer = Authorizer(clusters.typed(objects))
    for identity, request in clusters.questions(random, objects, 40):
        if authorizer.decide(identity, request).allowed:
            assert authorizer.decide(replace(identity, groups=(*identity.groups, "one more")), request).allowed


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_what_is_hidden_makes_unknown_exactly_what_it_could_change(seed: int) -> None:
    """Hide one object: what stays known is the same as when it is seen, and what the object changes is unknown."""
    random, objects = cluster_of(seed)
    objects = [one for one in objects if "aggregationRule" not in one]
    hidden = objects[random.randrange(len(objects))]
    meta = hidden["metadata"]
    blind = Blind(
        kind=hidden["kind"], group=RBAC, namespace=meta.get("namespace", ""), name=meta["name"], reason=Reason.UNREADABLE
    )
    rest = clusters.typed([one for one in objects if one is not hidden])
    without, whole = Authorizer(with_blind(rest, blind)), Authorizer(clusters.typed(objects))
    for question in clusters.questions(random, objects, 60):
        seen, known = whole.decide(*question).decision, without.decide(*question)
        assert known.decision in (seen, Decision.UNKNOWN)
        assert (known.decision is Decision.UNKNOWN) == bool(known.doubts)


@pytest.mark.parametrize(
    ("kind", "namespace", "unknown"),
    [
        ("ClusterRoleBinding", "", True),
        ("RoleBinding", "", True),
        ("RoleBinding", "shop", True),
        ("RoleBinding", "other", False),
        ("Role", "", False),
        ("ClusterRole", "", False),
        ("", "", True),
        ("Pod", "", False),
        ("Namespace", "", False),
    ],
)
def test_which_forbidden_list_leaves_a_question_without_grants_open(kind: str, namespace: str, unknown: bool) -> None:
    blind = Blind(kind=kind, group=RBAC, namespace=namespace, reason=Reason.FORBIDDEN)
    answer = Authorizer(with_blind(Cluster(server_version="v1.37.2"), blind)).decide(ANN, READ)
    assert answer.decision is (Decision.UNKNOWN if unknown else Decision.NO_OPINION)


def test_masters_are_allowed_whatever_is_hidden() -> None:
    blind = Blind(kind="ClusterRoleBinding", group=RBAC, reason=Reason.FORBIDDEN)
    authorizer = Authorizer(with_blind(Cluster(), blind))
    assert authorizer.decide(Identity("", ("system:masters",)), READ).allowed


@pytest.mark.parametrize(
    ("modes", "decision"),
    [
        ((), Decision.NO_OPINION),
        ((Mode.ALWAYS_DENY,), Decision.NO_OPINION),
        ((Mode.ALWAYS_ALLOW,), Decision.ALLOW),
        ((Mode.WEBHOOK,), Decision.UNKNOWN),
        ((Mode.RBAC, Mode.WEBHOOK), Decision.UNKNOWN),
        ((Mode.WEBHOOK, Mode.ALWAYS_ALLOW), Decision.UNKNOWN),
        ((Mode.ALWAYS_ALLOW, Mode.WEBHOOK), Decision.ALLOW),
        ((Mode.RBAC, Mode.ALWAYS_ALLOW), Decision.ALLOW),
    ],
)
def test_the_first_authorizer_that_decides_decides(modes: tuple[Mode, ...], decision: Decision) -> None:
    assert Authorizer(Cluster(), Server(modes=modes)).decide(ANN, READ).decision is decision


def test_an_unseen_binding_before_always_allow_does_not_matter_and_a_webhook_between_does() -> None:
    cluster = with_blind(Cluster(), Blind(kind="ClusterRoleBinding", group=RBAC, reason=Reason.FORBIDDEN))
    assert Authorizer(cluster, Server(modes=(Mode.RBAC, Mode.ALWAYS_ALLOW))).decide(ANN, READ).allowed
    between = Server(modes=(Mode.RBAC, Mode.WEBHOOK, Mode.ALWAYS_ALLOW))
    assert Authorizer(cluster, between).decide(ANN, READ).decision is Decision.UNKNOWN
