"""The law between the two engines: who is found by columns is allowed by the authorizer, and nobody else."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pillars.rbac import clusters

from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.grants import Grants
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.subject import USER, SubjectKey, key_of

NOBODY = "a name that no binding has"
SEEDS = st.integers(0, 2**32 - 1)


def alone(key: SubjectKey) -> Identity:
    """Somebody who is meant by this key and by no other."""
    return Identity(key.name) if key.kind == USER else Identity(NOBODY, (key.name,))


def keys(authorizer: Authorizer) -> set[SubjectKey]:
    return {key for grant in authorizer.grants.all for key in grant.keys if key}


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_who_is_exactly_those_whom_the_authorizer_allows(seed: int) -> None:
    random = Random(seed)
    objects = clusters.rbac(random, roles=8, bindings=12)
    authorizer = Authorizer(clusters.typed(objects, server_version="v1.37.2"))
    columns = Columns(authorizer.grants)
    for _, request in clusters.questions(random, objects, 30):
        found = {holder.key for holder in columns.who(request)}
        allowed = {
            key for key in keys(authorizer) if authorizer.decide(alone(key), request).allowed and key.name != "system:masters"
        }
        assert found == allowed, request


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_everywhere_is_every_namespace_by_itself(seed: int) -> None:
    random = Random(seed)
    objects = clusters.rbac(random)
    columns = Columns(Grants.of(clusters.typed(objects)))
    for _, request in clusters.questions(random, objects, 20):
        if not request.is_resource:
            continue
        found = {(holder.key, holder.scope) for holder in columns.who(request, everywhere=True)}
        each = {
            (holder.key, holder.scope)
            for namespace in ("", *clusters.NAMESPACES)
            for holder in columns.who(
                Request(request.verb, request.resource, request.api_group, request.subresource, request.name, namespace)
            )
        }
        assert found == each
        assert columns.count([request]) == (len(found),)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_a_holder_comes_with_a_grant_that_says_so(seed: int) -> None:
    random = Random(seed)
    objects = clusters.rbac(random)
    columns = Columns(Grants.of(clusters.typed(objects)))
    for _, request in clusters.questions(random, objects, 10):
        for holder in columns.who(request, everywhere=True):
            assert holder.grant.scope == holder.scope
            assert holder.key in {key_of(subject, holder.scope) for subject in holder.grant.subjects}


def test_nothing_bound_is_nobody() -> None:
    columns = Columns(Grants.of(Cluster()))
    assert columns.who(Request("get", "pods")) == ()
    assert columns.who(Request("get", path="/healthz"), everywhere=True) == ()
