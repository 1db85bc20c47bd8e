"""Whom the intent file leaves as they are, whatever is learned."""

from datetime import date

import pytest
from msgspec.structs import replace
from tests.pillars.rbac.shapes import PODS, SECRETS, bound, cluster, cluster_role

from ostiary.model.evidence import Evidence, Stream, Usage
from ostiary.model.intent import Intent
from ostiary.model.rbac import Subject
from ostiary.model.rbac_intent import Allowed, RbacIntent, SubjectKind
from ostiary.model.verdict import Proof
from ostiary.model.world import World
from ostiary.pillars.rbac.enforcing.objects import OWNER, PART_LABEL
from ostiary.pillars.rbac.policy import Outcome
from ostiary.pillars.rbac.verbs import enforce, intended, learn, prove

WEB = "system:serviceaccount:shop:web"
MONTH = Stream(source="audit", since="2026-10-20T00:00:00Z", until="2026-11-23T10:00:00Z", records=9)
ROWS = tuple(
    Usage(user=user, verb="get", resource="pods", namespace="shop", name="a", first="2026-10-20", daily=(1,) * 35)
    for user in ("ann", WEB)
)


def world(wanted: RbacIntent) -> World:
    subjects = (Subject(kind="ServiceAccount", namespace="shop", name="web"), Subject(kind="User", name="ann"))
    there = cluster(cluster_role("reader", PODS, SECRETS), bound("reader", *subjects), server_version="v1.37.2")
    evidence = Evidence(streams=(MONTH,), usage=ROWS)
    return World.of(there, today=date(2026, 11, 24), evidence=evidence, intent=Intent(rbac=wanted))


def leaving(kind: SubjectKind, name: str, namespace: str = "") -> RbacIntent:
    return RbacIntent(leave=(Allowed(kind=kind, name=name, namespace=namespace),))


@pytest.mark.parametrize(
    ("wanted", "tightened"),
    [
        (RbacIntent(), ["ann", WEB]),
        (leaving(SubjectKind.USER, "ann"), [WEB]),
        (leaving(SubjectKind.USER, WEB), ["ann"]),
        (leaving(SubjectKind.SERVICE_ACCOUNT, "web", "shop"), ["ann"]),
        (leaving(SubjectKind.SERVICE_ACCOUNT, "web", "other"), ["ann", WEB]),
        (leaving(SubjectKind.GROUP, "ann"), ["ann", WEB]),
        (RbacIntent(leave_namespaces=("shop",)), ["ann"]),
    ],
)
def test_who_is_left_keeps_what_they_hold(wanted: RbacIntent, tightened: list[str]) -> None:
    there = world(wanted)
    policy = intended(there)
    assert sorted(one.subject.name for one in policy.tightened) == tightened
    assert all(one.outcome is not Outcome.KEEP or "intent file" in one.reason for one in policy.proposals)
    verdict = prove(there, policy)
    assert isinstance(verdict, Proof)
    named = {change.target.name for change in enforce(verdict).changes if change.target.kind == "Role"}
    assert len(named) == len(tightened)


def test_who_holds_what_ostiary_gave_keeps_it_and_so_does_the_proof() -> None:
    """A guardrail is proved of the cluster as enforcement leaves it, not of one in which a grant were gone."""
    there = world(RbacIntent())
    (grant,) = there.cluster.cluster_role_bindings
    meta = replace(grant.metadata, labels={**OWNER, PART_LABEL: "grant"})
    cluster = replace(there.cluster, cluster_role_bindings=(replace(grant, metadata=meta),))
    policy = intended(World.of(cluster, today=there.today, evidence=there.evidence))
    assert policy.tightened == ()
    assert {one.reason for one in policy.proposals} == {"what it holds was given by ostiary, and ends or stays by that"}


def test_what_is_learned_is_shown_all_the_same() -> None:
    assert len(learn(world(leaving(SubjectKind.USER, "ann"))).tightened) == 2
