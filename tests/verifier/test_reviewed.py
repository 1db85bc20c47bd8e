"""Requests put up for review: a proof counts and names them, and a certificate that hides or invents one is refused."""

import json
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace
from tests.pillars.rbac.shapes import ANN, PODS, SECRETS, bound, cluster, cluster_role

from ostiary.core.canonical import digest
from ostiary.model.evidence import Evidence, Impersonator, Stream, Usage
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.model.verdict import Proof
from ostiary.model.world import World, encode
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.prove import prove
from ostiary.pillars.rbac.verbs import learn
from ostiary.verifier import Broken, verify

WEB = "system:serviceaccount:shop:web"
MONTH = Stream(
    source="audit", since="2026-10-20T00:00:00Z", until="2026-11-23T10:00:00Z", records=9, where="/var/log/audit.log"
)
DAILY = Usage(user=WEB, verb="get", resource="pods", namespace="shop", name="a", first="2026-10-20", daily=(1,) * 35)
ONCE = Usage(user=WEB, verb="get", resource="secrets", namespace="payments", name="card", first="2026-11-20", daily=(1,))


def proof(*usage: Usage) -> Proof[RbacPolicy]:
    account = Subject(kind="ServiceAccount", namespace="shop", name="web")
    act = PolicyRule(verbs=("impersonate",), api_groups=("",), resources=("users",))
    there = cluster(
        cluster_role("reader", PODS, SECRETS, act),
        cluster_role("pods", PODS),
        bound("reader", account),
        bound("pods", ANN),
        server_version="v1.37.2",
    )
    world = World.of(there, today=date(2026, 11, 24), evidence=Evidence(streams=(MONTH,), usage=usage))
    verdict = prove(world, learn(world))
    assert isinstance(verdict, Proof), verdict
    return verdict


def test_what_was_seen_once_is_denied_and_said() -> None:
    made = proof(DAILY, ONCE)
    assert ", but for 1 put up for review, and nobody gets more by them" in made.claim
    assert any(
        f'{WEB} does not need to get secrets "card" in namespace payments (seen 1 time' in one for one in made.assumptions
    )
    (proposal,) = _policy(made)["proposals"]
    assert "secrets" not in json.dumps([proposal.get("clusterRules"), proposal.get("namespaced")])
    assert verify(encode(made.certificate)).claim == made.claim


def test_without_anything_to_review_nothing_is_said_of_it() -> None:
    assert "review" not in proof(DAILY).claim


def test_an_impersonation_seen_once_is_put_up_for_review_and_the_certificate_holds() -> None:
    made = proof(
        DAILY, Usage(user="ann", by=Impersonator(user=WEB), verb="get", resource="pods", first="2026-11-20", daily=(1,))
    )
    assert any(f"{WEB} does not need to impersonate" in one for one in made.assumptions)
    assert verify(encode(made.certificate)).claim == made.claim


def test_those_who_may_anything_may_impersonate_in_every_mode() -> None:
    row = Usage(user="ann", verb="get", resource="pods", namespace="shop", first="2026-10-20", daily=(1,) * 35)
    masters = Impersonator(user="admin", groups=("system:masters",), constraint="impersonate:user-info")
    made = proof(DAILY, replace(row, by=masters))
    assert verify(encode(made.certificate)).claim == made.claim


def _policy(made: Proof[RbacPolicy]) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(encode(made.certificate["policy"]))
    return policy


def _forged(made: Proof[RbacPolicy], *, claim: str, drop: bool) -> bytes:
    plain = json.loads(encode(made.certificate))
    if drop:
        for one in plain["policy"]["proposals"]:
            one["review"] = []
    else:
        plain["policy"]["proposals"][0].setdefault("review", []).append({"usage": json.loads(encode(DAILY)), "reason": "so"})
    plain["claim"] = claim
    plain.pop("digest")
    return encode({**plain, "digest": digest(plain)})


@pytest.mark.parametrize("drop", [True, False])
def test_a_review_that_is_hidden_or_invented_does_not_go_unsaid(drop: bool) -> None:
    made = proof(DAILY, ONCE)
    with pytest.raises(Broken):
        verify(_forged(made, claim=made.claim, drop=drop))


def test_a_claim_without_the_review_does_not_hold() -> None:
    made = proof(DAILY, ONCE)
    with pytest.raises(Broken, match="would no longer be allowed to get secrets"):
        verify(_forged(made, claim=made.claim.replace(", but for 1 put up for review", ""), drop=True))
