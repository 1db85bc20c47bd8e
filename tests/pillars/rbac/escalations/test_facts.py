"""Facts join what a subject and its groups hold, name the bindings, and agree with the authorizer."""

from dataclasses import replace
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.rbac import clusters
from tests.pillars.rbac.shapes import SECRETS, bound, cluster, cluster_role

from ostiary.model.basics import ServiceAccount
from ostiary.model.blind import Blind, Reason
from ostiary.model.meta import Meta
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.escalations import PRIMITIVES, facts, waiting
from ostiary.pillars.rbac.escalations.facts import implied
from ostiary.pillars.rbac.escalations.primitive import Place
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.subject import GROUP, USER, SubjectKey

RBAC = "rbac.authorization.k8s.io"
BIND = PolicyRule(verbs=("bind",), api_groups=(RBAC,), resources=("clusterroles",))
WRITE = PolicyRule(verbs=("create",), api_groups=(RBAC,), resources=("rolebindings",))
CREATE_ACCOUNTS = PolicyRule(verbs=("create",), api_groups=("",), resources=("serviceaccounts",))
WEB = Subject(kind="ServiceAccount", name="web", namespace="shop")
BY_KEY = {primitive.key: primitive for primitive in PRIMITIVES}


def test_one_need_by_oneself_and_one_by_a_group_that_one_is_always_in() -> None:
    everybody = Subject(kind="Group", name="system:serviceaccounts:shop")
    authorizer = Authorizer(cluster(cluster_role("b", BIND), cluster_role("w", WRITE), bound("b", WEB), bound("w", everybody)))
    found = [fact for fact in facts(authorizer) if fact.primitive == "bind-clusterroles"]
    assert [(fact.subject.name, fact.scope) for fact in found] == [("system:serviceaccount:shop:web", "")]
    assert {binding.name for binding in found[0].bindings} == {"b-holders", "w-holders"}


def test_a_group_that_holds_everything_is_named_and_its_members_are_not() -> None:
    group, other = Subject(kind="Group", name="system:serviceaccounts"), cluster_role("o", CREATE_ACCOUNTS)
    authorizer = Authorizer(cluster(cluster_role("b", BIND, WRITE), other, bound("b", group), bound("o", WEB)))
    assert {fact.subject for fact in facts(authorizer) if fact.primitive == "bind-clusterroles"} == {
        SubjectKey(GROUP, "system:serviceaccounts")
    }


def test_groups_that_come_by_themselves() -> None:
    assert implied(SubjectKey(GROUP, "dev")) == (SubjectKey(GROUP, "system:authenticated"),)
    assert implied(SubjectKey(GROUP, "system:unauthenticated")) == ()
    assert SubjectKey(GROUP, "system:nodes") in implied(SubjectKey(USER, "system:node:n1"))


def test_whoever_may_create_the_account_that_a_binding_waits_for() -> None:
    roles = (cluster_role("secrets", SECRETS), cluster_role("accounts", CREATE_ACCOUNTS))
    world = cluster(*roles, bound("secrets", WEB), bound("accounts", namespace="shop"))
    found = waiting(Authorizer(world), world)
    assert [(fact.subject.name, fact.scope, fact.names) for fact in found] == [("ann", "shop", ("web",))]
    there = msgspec.structs.replace(world, service_accounts=(ServiceAccount(metadata=Meta(name="web", namespace="shop")),))
    assert waiting(Authorizer(there), there) == ()
    unseen = msgspec.structs.replace(world, blind=(Blind(kind="ServiceAccount", reason=Reason.FORBIDDEN),))
    assert waiting(Authorizer(unseen), unseen) == ()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_need_of_a_fact_is_allowed_by_the_authorizer(seed: int) -> None:
    random = Random(seed)
    objects = clusters.rbac(random, roles=10, bindings=16)
    authorizer = Authorizer(clusters.typed(objects, server_version="v1.37.2"))
    for fact in facts(authorizer):
        identity = _identity(fact.subject)
        for need in BY_KEY[fact.primitive].needs:
            scope = "" if need.place is Place.CLUSTER else fact.scope
            names = ("", *need.only, *fact.names, *clusters.NAMES)
            asked = [replace(request, name=name, namespace=scope) for request in need.requests for name in names]
            assert need.prefix or any(authorizer.decide(identity, request).allowed for request in asked), (fact, need)


def _identity(key: SubjectKey) -> Identity:
    groups = tuple(one.name for one in implied(key))
    return Identity(key.name, groups) if key.kind == USER else Identity("nobody in particular", (key.name, *groups))
