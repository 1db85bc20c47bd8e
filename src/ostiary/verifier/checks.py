"""What has to be true of a certificate about pods, step by step; the first step that fails says why."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .guardrails import check_guardrails, check_seen
from .levels import LEVELS, NEWEST, violated
from .reading import Broken, Certificate, Leaf, canonical, read, sha256
from .replayed import check_proposals
from .said import check_rests, check_said
from .tree import MAKERS, MUTATORS, check_tree

FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Holds:
    """What a certificate shows, and what it takes for granted."""

    claim: str
    world: str
    pillar: str
    policy: Any
    premises: tuple[str, ...]
    assumptions: tuple[str, ...]


def verify(data: bytes, *, world: str = "") -> Holds:
    """Check a certificate, and that it is for the World of that digest when one is given. Raises Unreadable or Broken."""
    certificate = read(data)
    try:
        for step in STEPS[certificate.pillar]:
            step(certificate)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # a posture of a shape that no API object has
        raise Broken("something shown has a shape that no object of Kubernetes has") from None
    if world and certificate.world["digest"] != world:
        raise Broken(f"it is for the World {certificate.world['digest']}, not {world}")
    return Holds(
        certificate.claim,
        certificate.world["digest"],
        certificate.pillar,
        certificate.policy,
        tuple(certificate.premises),
        tuple(certificate.assumptions),
    )


def _minor(version: str) -> int | None:
    match = re.fullmatch(r"v1\.(0|[1-9][0-9]?)", version)
    return int(match[1]) if match else None


def check_policy(certificate: Certificate) -> None:
    """Levels and versions that exist, that this verifier knows and that the server knows; namespaces that are there, each shown."""
    namespaces = {leaf[2]: leaf for leaf in certificate.leaves["namespaces"]}
    server = re.match(r"v1\.([0-9]+)", certificate.world["server"])
    if certificate.world["server"] and not server:
        raise Broken(f"the server's version {certificate.world['server']!r} is not one of Kubernetes 1")
    for name, (level, version) in certificate.policy.items():
        minor = _minor(version)
        if level not in LEVELS or minor is None or minor > NEWEST:
            raise Broken(f"{name}: {level}:{version} is not a level that is known here (up to v1.{NEWEST})")
        if server and minor > int(server[1]):
            raise Broken(f"{name}: the server {certificate.world['server']} does not know {version}")
        if name not in namespaces:
            raise Broken(f"{name}: no such namespace is in the World")
        if _namespace(certificate, namespaces[name]).get("name") != name:
            raise Broken(f"{name}: its namespace is shown under another name")


def _namespace(certificate: Certificate, leaf: Leaf) -> dict[str, Any]:
    value = certificate.texts.get(leaf[3])
    meta = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(meta, dict):
        raise Broken(f"{leaf[2]}: its namespace is not shown")
    return meta


def check_blind(certificate: Certificate) -> None:
    """Nothing that could not be seen may have been a pod here, or have changed one."""
    for leaf in certificate.leaves["blind"]:
        if _concerns(leaf, certificate.policy):
            raise Broken(
                f"something was not seen that the claim needs: {leaf[0] or 'an object'} {leaf[1]}/{leaf[2]}: {leaf[3]}"
            )


def _concerns(leaf: Leaf, policy: dict[str, tuple[str, str]]) -> bool:
    kind, namespace, name, reason, _ = leaf
    if kind in MUTATORS.values():
        return reason != "missing-resource"
    if kind == "Namespace":
        return name == "" or name in policy
    makes_pods = kind == "" or kind in MAKERS.values() or reason == "unknown-kind-with-pod-template"
    return makes_pods and (namespace == "" or namespace in policy)


def check_postures(certificate: Certificate) -> None:
    """Every pod and template in the policy's namespaces is shown, and its level admits it."""
    for leaf in _judged(certificate):
        kind, namespace, name, _, digest = leaf
        posture = certificate.texts.get(digest)
        if not isinstance(posture, dict) or set(posture) != {"annotations", "spec"}:
            raise Broken(f"{kind} {namespace}/{name}: its posture is not shown")
        level, version = certificate.policy[namespace]
        found = violated(posture, level, _minor(version) or 0)
        if found:
            raise Broken(f"{kind} {namespace}/{name}: {level}:{version} does not admit it: {', '.join(found)}")
        sources = [set(volume) - {"name"} for volume in posture["spec"].get("volumes", ())]
        if certificate.world["server"] and not all(sources):
            raise Broken(f"{kind} {namespace}/{name}: a volume has a source that was not understood")


def _judged(certificate: Certificate) -> Iterator[Leaf]:
    """Leaves of pods and templates in the policy's namespaces, without pods that are shown to be finished."""
    for section in MAKERS:
        for leaf in certificate.leaves[section]:
            if leaf[1] in certificate.policy and not (section == "pods" and _finished(certificate, leaf)):
                yield leaf


def _finished(certificate: Certificate, leaf: Leaf) -> bool:
    """A finished pod is never created again, so no level bears on it; metadata and status are shown in full."""
    rest = certificate.texts.get(leaf[3])
    if not isinstance(rest, list) or len(rest) != 2 or not all(isinstance(part, dict) for part in rest):
        return False
    meta, status = rest
    return (meta.get("namespace"), meta.get("name")) == leaf[1:3] and status.get("phase") in FINISHED


def check_premises(certificate: Certificate) -> None:
    """The premises are those that follow from what is shown, no more and no fewer."""
    if certificate.premises != sorted(_premises(certificate)):
        raise Broken("the premises do not follow from what is shown")


def _premises(certificate: Certificate) -> set[str]:
    mutators = [leaf for section in MUTATORS for leaf in certificate.leaves[section]]
    facts = {"blind-none"}
    facts.update(f"posture {leaf[1]} {leaf[4]}" for leaf in _judged(certificate))
    facts.update(f"mutator {leaf[0]} {leaf[2]} {leaf[3]}" for leaf in mutators)
    if mutators:
        for leaf in certificate.leaves["namespaces"]:
            if leaf[2] in certificate.policy:
                labels = _namespace(certificate, leaf).get("labels", {})
                others = {key: one for key, one in labels.items() if not key.startswith("pod-security.kubernetes.io/")}
                facts.add(f"labels {leaf[2]} {sha256(canonical(others))}")
    return facts


def check_claim(certificate: Certificate) -> None:
    """The sentence that people read says what the policy says, and nothing else."""
    levels = ", ".join(f"{name} {level}:{version}" for name, (level, version) in sorted(certificate.policy.items()))
    said = (
        f"Every pod that runs, and every pod that a template would make, is admitted by the level of its namespace: {levels}."
    )
    if certificate.claim != (said if levels else "Nothing is claimed: the policy names no namespace."):
        raise Broken("the claim is not what the policy says")


STEPS: dict[str, tuple[Callable[[Certificate], None], ...]] = {
    "pods": (check_tree, check_policy, check_blind, check_postures, check_premises, check_claim),
    "rbac": (check_tree, check_seen, check_guardrails, check_proposals, check_rests, check_said),
}
