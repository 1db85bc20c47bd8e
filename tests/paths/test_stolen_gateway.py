"""The most that a stolen gateway could do: exactly the live grants, or a witness."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.paths.behind_gateway import GATEWAY, NOW, bind, group, user, world
from tests.pillars.access.grants import grant

from ostiary.core.errors import BadInput
from ostiary.model.access import Grant
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.world import World
from ostiary.paths.stolen_gateway import intended, prove
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.identity import Identity, authenticated
from ostiary.pillars.rbac.impersonation import impersonate
from ostiary.pillars.rbac.request import Request

ALICE, BOB = grant("alice", "edit", "shop", id="a"), grant("bob", "view", "bank", id="b")
GATEWAY_ITSELF = authenticated("system:serviceaccount:ostiary-system:ostiary-gateway")


def verdict(*grants: Grant, **how: Any) -> Any:
    made = world(*grants, **how)
    return prove(made, intended(made))


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("grants", [(), (ALICE,), (ALICE, BOB), (grant("carol", "view", id="c"), ALICE)])
def test_what_ostiary_itself_writes_is_proved(grants: tuple[Grant, ...], constrained: bool) -> None:
    assert isinstance(verdict(*grants, constrained=constrained), Proof)


LOOSE: list[tuple[dict[str, Any], str]] = [
    (bind(GATEWAY, "cluster-admin"), "*"),
    (bind(GATEWAY, "view", "shop"), "get"),
    (bind(user("system:serviceaccount:ostiary-system:ostiary-gateway"), "view"), "get"),
    (bind(group("system:serviceaccounts:ostiary-system"), "view"), "get"),
    (bind(group("system:serviceaccounts"), "view"), "get"),
    (bind(group("system:authenticated"), "view"), "get"),
]


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize(("loose", "verb"), LOOSE)
def test_a_right_of_the_gateways_own_is_a_witness(loose: dict[str, Any], verb: str, constrained: bool) -> None:
    found = verdict(ALICE, constrained=constrained, more=[loose])
    assert isinstance(found, Refutation)
    assert found.witnesses[0].subject.name == "loose"
    assert verb in found.witnesses[0].reason


@pytest.mark.parametrize(
    "loose",
    [
        bind(group("ostiary:access"), "cluster-admin"),
        bind(user("ostiary:alice"), "edit", "bank"),
        bind(group("ostiary:access"), "edit"),
    ],
)
def test_a_right_of_the_people_within_reach_is_a_witness(loose: dict[str, Any]) -> None:
    """Bob's grant lets the gateway view the bank as somebody; so what alice may view there is in reach, though no grant gives it to her."""
    found = verdict(ALICE, BOB, more=[loose])
    assert isinstance(found, Refutation)
    assert "as ostiary:alice" in found.witnesses[0].reason


def test_a_right_out_of_reach_is_no_witness_where_impersonation_is_limited_and_one_where_it_is_not() -> None:
    loose = bind(user("ostiary:alice"), "edit", "bank")
    assert isinstance(verdict(ALICE, more=[loose]), Proof)
    assert isinstance(verdict(ALICE, constrained=False, more=[loose]), Refutation)


def test_a_right_of_somebody_without_a_live_grant_is_out_of_reach() -> None:
    assert isinstance(verdict(ALICE, BOB, more=[bind(user("ostiary:mallory"), "cluster-admin")]), Proof)


def test_a_grant_that_ended_and_is_still_bound_is_a_witness() -> None:
    assert isinstance(verdict(ALICE, live=()), Refutation)
    assert isinstance(verdict(ALICE, at=NOW + timedelta(hours=2)), Refutation)
    assert isinstance(verdict(ALICE, at=NOW + timedelta(hours=2), asked=False), Refutation)


def test_a_forged_grant_is_found_out_by_the_control_planes_word() -> None:
    labels, ends = {"ostiary.dev/grant": "forged"}, {"ostiary.dev/expires": "2026-11-25T00:00:00Z"}
    forged = bind(user("ostiary:alice"), "edit", "bank", name="ostiary:grant:forged", labels=labels, annotations=ends)
    assert isinstance(verdict(ALICE, BOB, more=[forged]), Refutation)
    taken = verdict(ALICE, BOB, more=[forged], asked=False)
    assert isinstance(taken, Proof)
    assert any("not asked" in text for text in taken.assumptions)


def test_a_wildcard_in_the_gateways_role_is_a_witness() -> None:
    wide = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "wide"},
        "rules": [{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]}],
    }  # fmt: skip
    found = verdict(more=[wide, bind(GATEWAY, "wide")])
    assert isinstance(found, Refutation)
    assert "impersonate users in every namespace" in found.witnesses[0].reason


def test_what_could_not_be_read_is_unknown() -> None:
    made = world(ALICE)
    hidden = Blind(kind="RoleBinding", namespace="shop", reason=Reason.FORBIDDEN)
    blind = World.of(replace(made.cluster, blind=(hidden,)), today=made.today, evidence=made.evidence)
    found = prove(blind, intended(blind))
    assert isinstance(found, Unknown)
    assert found.missing[0].what == hidden


def test_a_cluster_without_a_gateway_is_no_proof() -> None:
    empty = World.of(Cluster(), today=NOW.date())
    with pytest.raises(BadInput, match="not behind a gateway"):
        prove(empty, intended(empty))


people = st.sampled_from(["alice", "bob", "carol"])
granted = st.lists(
    st.builds(
        grant,
        people,
        st.sampled_from(["view", "edit"]),
        st.sampled_from(["shop", "bank"]),
        id=st.sampled_from(["g1", "g2", "g3"]),
    ),
    max_size=3,
    unique_by=lambda one: one.id,
)
loose_ends = st.lists(
    st.builds(
        bind,
        st.one_of(people.map(lambda name: user(f"ostiary:{name}")), st.just(group("ostiary:access")), st.just(GATEWAY)),
        st.sampled_from(["view", "edit", "cluster-admin"]),
        st.sampled_from(["", "shop", "bank"]),
    ),
    max_size=1,
)
requests = st.builds(
    Request,
    st.sampled_from(["get", "list", "create", "delete"]),
    st.sampled_from(["pods", "configmaps", "nodes"]),
    namespace=st.sampled_from(["shop", "bank", "kube-system"]),
)


@settings(max_examples=60, deadline=None)
@given(granted, loose_ends, st.booleans(), st.lists(requests, min_size=1, max_size=6))
def test_where_it_is_proved_no_request_gets_through_that_no_grant_gives(
    grants: list[Grant], loose: list[dict[str, Any]], constrained: bool, asked: list[Request]
) -> None:
    """The law: decide by the authorizer and by the modes of impersonation, request by request, as each person and as the gateway itself."""
    made = world(*grants, constrained=constrained, more=loose)
    found = prove(made, intended(made))
    authorizer = Authorizer(made.cluster)
    reached = [
        (person, request)
        for request in asked
        for person in ("alice", "bob", "carol", "")
        if _reaches(authorizer, person, request) and not _given(grants, person, request)
    ]
    if reached:
        assert isinstance(found, Refutation), reached


def _reaches(authorizer: Authorizer, person: str, request: Request) -> bool:
    if not person:
        return authorizer.decide(GATEWAY_ITSELF, request).allowed
    extra = (("ostiary.dev/session", ("s1",)),)
    wanted = Identity(f"ostiary:{person}", ("ostiary:access",), extra=extra)
    became = impersonate(authorizer, GATEWAY_ITSELF, wanted, request)
    return became.identity is not None and authorizer.decide(became.identity, request).allowed


def _given(grants: list[Grant], person: str, request: Request) -> bool:
    verbs = {"view": ("get", "list"), "edit": ("get", "list", "create", "delete")}
    return any(
        one.person == person
        and request.namespace in one.namespaces
        and request.verb in verbs[one.role]
        and request.resource != "nodes"
        for one in grants
    )
