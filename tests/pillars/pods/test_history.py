"""What a rollback would make counts: old templates of StatefulSets and DaemonSets, as old ReplicaSets do."""

import msgspec
import pytest
from tests.pillars.pods.worlds import ORDINARY, PRIVILEGED, TAME, namespace, workload, world

from ostiary.adapters.decode import Decoder
from ostiary.model.kinds import find
from ostiary.model.levels import Level
from ostiary.model.meta import Meta, OwnerReference, Ref
from ostiary.model.pods import PodSpec, PodTemplate
from ostiary.model.verdict import Proof, Refutation
from ostiary.model.workloads import ControllerRevision, RevisionData, RevisionSpec
from ostiary.model.world import World, encode
from ostiary.pillars import pods
from ostiary.pillars.pods import LevelVersion, PodPolicy
from ostiary.verifier import verify

POLICY = PodPolicy(levels={"shop": LevelVersion(Level.BASELINE, "v1.37")})


def revision(name: str, spec: PodSpec, number: int) -> ControllerRevision:
    owner = OwnerReference(kind="DaemonSet", name="agent", controller=True)
    meta = Meta(name=name, namespace="shop", owner_references=(owner,))
    return ControllerRevision(
        metadata=meta, data=RevisionData(spec=RevisionSpec(template=PodTemplate(spec=spec))), revision=number
    )


def with_history(*specs: PodSpec) -> World:
    """A DaemonSet that is tame now, and what it was."""
    revisions = [revision(f"agent-{number}", spec, number) for number, spec in enumerate((*specs, TAME), 1)]
    return world(namespaces=[namespace("shop")], daemon_sets=[workload("agent", TAME)], controller_revisions=revisions)


def test_a_rollback_that_would_be_refused_refutes() -> None:
    verdict = pods.prove(with_history(PRIVILEGED, ORDINARY), POLICY)
    assert isinstance(verdict, Refutation)
    (witness,) = verdict.witnesses
    assert witness.subject == Ref("ControllerRevision", "shop", "agent-1")
    assert "[data.spec.template.spec.containers[0].securityContext.privileged]" in witness.reason


def test_a_history_that_is_admitted_is_part_of_the_proof_and_the_verifier_sees_it() -> None:
    proof = pods.prove(with_history(ORDINARY), POLICY)
    assert isinstance(proof, Proof)
    assert Ref("ControllerRevision", "shop", "agent-1") in proof.premises.values()
    assert verify(encode(proof.certificate)).claim == proof.claim


def test_learn_is_held_by_history_and_check_names_the_owner_and_what_to_do() -> None:
    made = with_history(PRIVILEGED)
    assert "shop" in pods.learn(made).left
    (found,) = [finding for finding in pods.check(made) if finding.code == "POD-002"]
    assert found.subject == Ref("DaemonSet", "shop", "agent")
    assert found.witness.startswith("ControllerRevision shop/agent-1: data.spec.template")
    assert "delete what is old" in found.fix


@pytest.mark.parametrize("data", [{}, {"spec": {"other": 1}}, {"spec": {"template": {"$patch": "replace"}}}])
def test_a_revision_of_something_else_makes_no_pod(data: dict[str, object]) -> None:
    kind = find("apps", "ControllerRevision")
    assert kind is not None
    text = msgspec.json.encode({"metadata": {"name": "x", "namespace": "shop"}, "data": data, "revision": 1})
    made = world(namespaces=[namespace("shop")], controller_revisions=[Decoder(bytes(32)).json(kind, text)])
    assert isinstance(pods.prove(made, PodPolicy(levels={"shop": LevelVersion(Level.RESTRICTED, "v1.37")})), Proof)
