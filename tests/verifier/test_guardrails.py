"""A certificate about RBAC holds as it was made, and in no other way: every lie that a forger can tell, its digests made up, is refused."""

import copy
import json
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.rbac.escalations.test_catalogue import right
from tests.pillars.rbac.proving.test_chains import CROWN, castle

from ostiary.model.evidence import Evidence, Stream, Usage
from ostiary.model.meta import Ref
from ostiary.model.rbac_intent import About, Assumed, Guardrail
from ostiary.model.verdict import Proof
from ostiary.model.world import World, encode
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy
from ostiary.pillars.rbac.proving.prove import prove
from ostiary.pillars.rbac.subject import SubjectKey
from ostiary.verifier import Broken, Unreadable, verify
from ostiary.verifier.reading import canonical, sha256

GATE = Guardrail(name="gate", only=CROWN.only, verbs=("get",), resources=("secrets",), namespaces=("castle",))
ORDERS = Guardrail(
    name="orders",
    about=About.SERVICE_ACCOUNTS,
    only=CROWN.only,
    verbs=("create",),
    resources=("deployments",),
    everywhere=True,
    directly=True,
)
POLICY = RbacPolicy(guardrails=(CROWN, GATE, ORDERS))


def made(policy: RbacPolicy = POLICY, wide: str = "get nodes", narrow: str = "create serviceaccounts/token =servant") -> bytes:
    proof = prove(castle(wide, narrow), policy)
    assert isinstance(proof, Proof), proof
    return encode(proof.certificate)


def resealed(value: dict[str, Any]) -> bytes:
    """The bytes of a certificate whose digests, all of them, were made up to fit: sections from leaves, cluster from sections, world from its parts."""
    for section, leaves in value["leaves"].items():
        value["sections"][section] = sha256(canonical(sorted(leaves)))
    value["world"]["cluster"] = sha256(canonical(value["sections"]))
    parts = {name: part for name, part in value["world"].items() if name != "digest"}
    value["world"]["digest"] = sha256(canonical(parts))
    body = {name: part for name, part in value.items() if name != "digest"}
    return canonical({**body, "digest": sha256(canonical(body))})


def test_it_holds_as_it_was_made() -> None:
    holds = verify(made())
    assert holds.claim.startswith("Nobody but ServiceAccount castle/king reaches cluster-admin")
    assert verify(resealed(json.loads(made()))) == holds


def test_every_bit_counts() -> None:
    data = made(RbacPolicy(guardrails=(CROWN,)), wide="", narrow="")
    random = Random(5)
    for position in random.sample(range(len(data)), 600):
        changed = bytearray(data)
        changed[position] ^= 1 << random.randrange(8)
        with pytest.raises((Broken, Unreadable)):
            verify(bytes(changed))


def _text(value: dict[str, Any], kind: str, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change an object that is shown, and everything that bears its digest."""
    for leaves in value["leaves"].values():
        for leaf in leaves:
            if (leaf[0], leaf[2]) == (kind, name):
                before = next(text for text in value["texts"] if sha256(text.encode()) == leaf[3])
                plain = json.loads(before)
                change(plain)
                after = canonical(plain).decode()
                value["texts"] = [after if text == before else text for text in value["texts"]]
                value["premises"] = sorted(one.replace(leaf[3], sha256(after.encode())) for one in value["premises"])
                leaf[3] = sha256(after.encode())


def _facts(value: dict[str, Any], rail: str) -> list[list[str]]:
    return value["closed"][rail]["facts"]  # type: ignore[no-any-return]


def _subject(name: str, kind: str = "User") -> dict[str, Any]:
    return {"kind": kind, "name": name}


LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    # who is kept out
    "ann is left out of the set": lambda v: v["closed"]["crown"]["outside"].append(["User", "ann"]),
    "everybody is left out": lambda v: v["closed"]["crown"]["outside"].append(["Group", "system:authenticated"]),
    "a service account is left out": lambda v: v["closed"]["gate"]["outside"].append(
        ["User", "system:serviceaccount:castle:servant"]
    ),
    "a service account is left out where only they count": lambda v: v["closed"]["orders"]["outside"].append(
        ["User", "system:serviceaccount:village:default"]
    ),
    "somebody more is allowed": lambda v: v["policy"]["guardrails"][0]["only"].append(_subject("ann")),
    "somebody who sounds like Kubernetes": lambda v: v["closed"]["crown"]["outside"].append(["User", "kube-scheduler"]),
    # what is claimed
    "the claim says more": lambda v: v.update(claim=v["claim"].replace("cluster-admin", "anything")),
    "a guardrail is left out of the policy": lambda v: v["policy"]["guardrails"].pop(),
    "a guardrail is left out of policy and sets": lambda v: (v["policy"]["guardrails"].pop(), v["closed"].pop("orders")),
    "no guardrail at all": lambda v: v.update(policy={}, closed={}, claim=""),
    "chains are left aside": lambda v: v["policy"]["guardrails"][0].update(directly=True),
    "people are left aside": lambda v: v["policy"]["guardrails"][0].update(about="service-accounts"),
    "another verb": lambda v: v["policy"]["guardrails"][1].update(verbs=["delete"]),
    "no verb": lambda v: v["policy"]["guardrails"][1].update(verbs=[]),
    "a star": lambda v: v["policy"]["guardrails"][1].update(verbs=["*"]),
    "another namespace": lambda v: v["policy"]["guardrails"][1].update(namespaces=["village"]),
    "no namespace": lambda v: v["policy"]["guardrails"][1].update(namespaces=[]),
    "two guardrails of one name": lambda v: v["policy"]["guardrails"].append(v["policy"]["guardrails"][0]),
    "something is assumed and not said": lambda v: v["policy"].update(assume=["pods-stay-inside"]),
    "something unheard of is assumed": lambda v: v["policy"].update(assume=["everything-is-fine"]),
    # what is shown
    "a binding is not shown": lambda v: v["leaves"]["cluster_role_bindings"].pop(),
    "no binding is shown": lambda v: v["leaves"].update(cluster_role_bindings=[]),
    "a role is not shown": lambda v: v["leaves"]["cluster_roles"].pop(),
    "an account is not shown": lambda v: v["leaves"]["service_accounts"].pop(),
    "a secret is not shown": lambda v: v["leaves"]["secrets"].pop(),
    "a whole section is not shown": lambda v: v["leaves"].pop("roles"),
    "an unneeded section": lambda v: v["leaves"].update(pods=[]),
    "a text is missing": lambda v: v["texts"].pop(),
    "a leaf of another kind": lambda v: v["leaves"]["cluster_roles"][0].__setitem__(0, "Role"),
    "a role under another name": lambda v: v["leaves"]["cluster_roles"][0].__setitem__(2, "humble2"),
    "something was not seen": lambda v: v["leaves"]["blind"].append(
        ["Role", "castle", "", "forbidden", "rbac.authorization.k8s.io"]
    ),
    "secrets were not seen": lambda v: v["leaves"]["blind"].append(["Secret", "", "", "forbidden", ""]),
    "something of no kind": lambda v: v["leaves"]["blind"].append(["", "", "", "unreadable", ""]),
    "a premise too few": lambda v: v["premises"].pop(),
    "a premise too many": lambda v: v["premises"].append("zzz"),
    # what the objects say
    "ann has the crown": lambda v: _text(v, "ClusterRoleBinding", "crown", lambda o: o["subjects"].append(_subject("ann"))),
    "everybody has the crown": lambda v: _text(
        v, "ClusterRoleBinding", "crown", lambda o: o["subjects"].append(_subject("system:authenticated", "Group"))
    ),
    "ann may do anything": lambda v: _text(
        v, "ClusterRole", "wide", lambda o: o["rules"].append(json.loads(encode(right("* *.*"))))
    ),
    "ann mints another token": lambda v: _text(
        v, "ClusterRole", "narrow", lambda o: o["rules"][0].update(resourceNames=["king"])
    ),
    "ann mints every token": lambda v: _text(v, "ClusterRole", "narrow", lambda o: o["rules"][0].pop("resourceNames")),
    "ann reaches kubelets": lambda v: _text(
        v, "ClusterRole", "wide", lambda o: o["rules"][0].update(resources=["nodes/proxy"])
    ),
    # the closed set
    "another kind of set": lambda v: v["closed"]["crown"].pop("facts"),
    "no set": lambda v: v["closed"].pop("crown"),
    "a set of nonsense": lambda v: v["closed"].update(crown=[]),
    "the goal is in the set": lambda v: _facts(v, "crown").append(["all", ""]),
    "a namespace is": lambda v: _facts(v, "gate").append(["all", "castle"]),
    "a secret is": lambda v: _facts(v, "gate").append(["secrets", "castle", "seal"]),
    "a bound role leads on": lambda v: _facts(v, "crown").append(["bound", "ClusterRole", "", "crown", ""]),
    "pods run": lambda v: _facts(v, "crown").append(["run", "castle"]),
    "all tokens": lambda v: _facts(v, "crown").append(["tokens", ""]),
}


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_holds(lie: str) -> None:
    value = json.loads(made())
    LIES[lie](value)
    with pytest.raises((Broken, Unreadable)):
        verify(resealed(value))


def test_a_world_without_a_namespace_is_another_world() -> None:
    """A certificate that is consistent throughout is about the World of its digest, whether there ever was one: compare it."""
    value = json.loads(made())
    world = value["world"]["digest"]
    value["leaves"]["namespaces"].pop()
    assert verify(resealed(copy.deepcopy(value))).world != world
    with pytest.raises(Broken, match="it is for the World"):
        verify(resealed(value), world=world)


def test_a_lie_about_an_assumption_needs_its_sentence() -> None:
    value = json.loads(made(RbacPolicy(guardrails=POLICY.guardrails, assume=(Assumed.OPERATORS,))))
    assert "operators" in " ".join(verify(resealed(copy.deepcopy(value))).assumptions)
    value["assumptions"] = [one for one in value["assumptions"] if "operators" not in one]
    with pytest.raises(Broken, match="assumed"):
        verify(resealed(value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
_GIVEN = json.loads(made())


@given(st.sampled_from(["policy", "closed", "leaves", "texts", "premises", "sections"]), JSON)
def test_no_nonsense_makes_it_crash(part: str, nonsense: Any) -> None:
    value = copy.deepcopy(_GIVEN)
    value[part] = nonsense
    with pytest.raises((Broken, Unreadable)):
        verify(canonical(value)) if part in ("leaves", "sections") else verify(resealed(value))


@given(st.integers(0, 10**6), JSON)
def test_nonsense_deep_inside_does_not_make_it_crash(seed: int, nonsense: Any) -> None:
    """Anything in the place of anything in policy, sets or objects: refused, or without bearing on the claim."""
    random, value = Random(seed), copy.deepcopy(_GIVEN)
    key: Any
    holder: Any = value
    key = random.choice(["policy", "closed"])
    while isinstance(holder[key], dict | list) and holder[key] and random.random() < 0.8:
        holder = holder[key]
        key = random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))
    holder[key] = nonsense
    try:
        holds = verify(resealed(value))
    except Broken:
        return
    assert holds.claim == _GIVEN["claim"]


TODAY = date(2026, 11, 24)
WRITE = RbacPolicy(
    proposals=(
        Proposal(
            subject=SubjectKey("User", "ann"),
            outcome=Outcome.TIGHTEN,
            namespaced={"castle": (right("get pods"),)},
            replaces=(Ref("RoleBinding", "castle", "narrow"),),
        ),
    )
)


def learned(*uses: Usage, policy: RbacPolicy = WRITE) -> World:
    seen = Evidence(streams=(Stream(source="audit", since="2026-11-01T00:00:00Z", until="2026-11-20T00:00:00Z"),), usage=uses)
    return World.of(castle("", "get,list pods; create pods/exec =kitchen").cluster, today=TODAY, evidence=seen)


def used(verb: str = "get", resource: str = "pods", **more: Any) -> Usage:
    return Usage(user="ann", verb=verb, resource=resource, namespace="castle", first="2026-11-02", daily=(3, 1), **more)


def test_proposals_are_replayed_by_the_verifier_too() -> None:
    proof = prove(learned(used(name="throne"), used("delete", "nodes")), WRITE)
    assert isinstance(proof, Proof), proof
    assert "nobody gets more by them: User ann" in verify(encode(proof.certificate)).claim


PROPOSED_LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "more than before": lambda v: v["policy"]["proposals"][0]["namespaced"]["castle"][0].update(verbs=["get", "delete"]),
    "for the whole cluster": lambda v: v["policy"]["proposals"][0].update(clusterRules=[json.loads(encode(right("get pods")))]),
    "without what was used": lambda v: v["policy"]["proposals"][0].update(namespaced={}),
    "limited by a name": lambda v: v["policy"]["proposals"][0]["namespaced"]["castle"][0].update(resourceNames=["kitchen"]),
    "for somebody else": lambda v: v["policy"]["proposals"][0].update(subject=["User", "bob"]),
    "without evidence": lambda v: v.update(texts=[one for one in v["texts"] if "usage" not in one]),
    "with other evidence": lambda v: v["world"].update(evidence=sha256(b"{}")),
    "a proposal that is not said": lambda v: v["policy"]["proposals"].append(
        {"subject": ["User", "bob"], "outcome": "tighten", "replaces": [], "namespaced": {}}
    ),
}


@pytest.mark.parametrize("lie", PROPOSED_LIES)
def test_no_lie_about_a_proposal_holds(lie: str) -> None:
    proof = prove(learned(used(name="throne")), WRITE)
    assert isinstance(proof, Proof)
    value = json.loads(encode(proof.certificate))
    PROPOSED_LIES[lie](value)
    with pytest.raises(Broken):
        verify(resealed(value))
