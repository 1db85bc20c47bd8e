"""The engine and the verifier are two evaluators that share nothing: on generated clusters they agree, both ways. And chains are what they say."""

import dataclasses
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.pillars.rbac.proving.generated import LIVE, TODAY, assumed, guardrail, world

from ostiary.model.meta import Meta
from ostiary.model.rbac import Binding, RoleRef, Subject
from ostiary.model.rbac_intent import Assumed, Guardrail
from ostiary.model.verdict import Proof, Refutation
from ostiary.model.world import World, encode
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.atoms import AS, ByGrant
from ostiary.pillars.rbac.proving.certificate import certificate
from ostiary.pillars.rbac.proving.goals import checked, goal, starts
from ostiary.pillars.rbac.proving.guarded import Held
from ostiary.pillars.rbac.proving.horn import Level
from ostiary.pillars.rbac.proving.program import clauses
from ostiary.pillars.rbac.proving.prove import prove
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.validity import GROUP
from ostiary.verifier import Broken, verify

BULK = 200


def forged(made: World, rail: Guardrail, assume: tuple[Assumed, ...]) -> bytes:
    """A certificate as one would have to make it up: with everything that follows, so that the set is closed, and the goal in it."""
    rail = checked((rail,), made.cluster)[0]
    scene = clauses(made, assume)
    goal(scene, rail)
    level = Level.BOUND if rail.directly else Level.PERHAPS
    closure = scene.program.closure(map(AS, starts(scene, rail)), level)
    return encode(certificate(made, RbacPolicy(guardrails=(rail,), assume=assume), [Held(rail, closure, scene.keys)]))


def agree(seed: int, server: str) -> str:
    """Whether both say the same of one cluster; returns what they say."""
    random = Random(seed)
    made, rail, assume = world(random, server), guardrail(random), assumed(random)
    found = prove(made, RbacPolicy(guardrails=(rail,), assume=assume))
    if isinstance(found, Proof):
        assert verify(encode(found.certificate), world=made.digest).claim == found.claim
    else:
        with pytest.raises(Broken):
            verify(forged(made, rail, assume), world=made.digest)
    return type(found).__name__


@pytest.mark.parametrize("server", [LIVE, "v1.31.0", ""])
def test_what_is_proved_is_verified_and_what_is_not_cannot_be_forged(server: str) -> None:
    said = [agree(seed, server) for seed in range(BULK)]
    assert {"Proof", "Refutation", "Unknown"} == set(said)
    assert min(map(said.count, ("Proof", "Refutation", "Unknown"))) > BULK // 20


@settings(max_examples=60)
@given(st.integers(BULK, 10**9), st.sampled_from([LIVE, ""]))
def test_they_agree_on_any_other_cluster(seed: int, server: str) -> None:
    agree(seed, server)


@settings(max_examples=50)
@given(st.integers(0, 10**9))
def test_one_more_binding_never_closes_a_chain(seed: int) -> None:
    random = Random(seed)
    made, rail = world(random), guardrail(random)
    policy = RbacPolicy(guardrails=(rail,))
    if isinstance(prove(made, policy), Refutation):
        more = Binding(
            metadata=Meta(name="more"),
            subjects=(Subject(kind="User", name="zoe"),),
            role_ref=RoleRef(api_group=GROUP, kind="ClusterRole", name="role-0"),
        )
        bindings = (*made.cluster.cluster_role_bindings, more)
        further = World.of(replace(made.cluster, cluster_role_bindings=bindings), today=TODAY)
        assert isinstance(prove(further, policy), Refutation)


@settings(max_examples=50)
@given(st.integers(0, 10**9))
def test_every_right_in_a_derivation_is_one_that_a_rule_of_its_binding_gives(seed: int) -> None:
    random = Random(seed)
    made, rail = world(random), guardrail(random)
    rail = checked((rail,), made.cluster)[0]
    scene = clauses(made)
    target = goal(scene, rail)
    closure = scene.program.closure(map(AS, starts(scene, rail)), Level.SURE, target)
    if closure.has(target):
        for clause in closure.clauses(target):
            note = scene.program.notes[clause]
            if isinstance(note, ByGrant) and note.request.verb != "*":
                named = dataclasses.replace(note.request, name=note.names.split(", ")[0])
                assert any(allows(rule, named) for rule in note.grant.rules.sure), note


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_the_same_world_gives_the_same_answer(seed: int) -> None:
    first, second = Random(seed), Random(seed)
    one = prove(world(first), RbacPolicy(guardrails=(guardrail(first),)))
    assert repr(one) == repr(prove(world(second), RbacPolicy(guardrails=(guardrail(second),))))
