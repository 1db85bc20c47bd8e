"""The sentences of a certificate about RBAC, and its premises: written a second time from the policy and from what is shown."""

from collections.abc import Iterator
from typing import Any

from .objects import LABEL, TOKEN
from .reading import Broken, Certificate, canonical, sha256
from .rights import OPERATED

_USED = ("user", "groups", "by", "verb", "apiGroup", "resource", "subresource", "namespace", "name", "path", "many")
_ABSENT: dict[str, Any] = {"groups": [], "by": None, "many": False}


def check_said(certificate: Certificate) -> None:
    """The sentence that people read says what the policy says, and nothing else."""
    proposals = [f"{one['subject'][0]} {one['subject'][1]}" for one in certificate.policy.get("proposals", [])]
    said = [_sentence(one) for one in certificate.policy.get("guardrails", [])]
    if proposals:
        doubted = len(doubtful(certificate.policy))
        but = f", but for {doubted} put up for review" if doubted else ""
        words = f"No request that was seen to be allowed is denied by the proposed roles{but}, and nobody gets more by them"
        said.insert(0, f"{words}: {', '.join(proposals)}.")
    if not said or certificate.claim != " ".join(said):
        raise Broken("the claim is not what the policy says")


def doubtful(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The usages that were allowed and are put up for review: people decide about them, and the claim counts them."""
    reviews = [review["usage"] for one in policy.get("proposals", []) for review in one.get("review", [])]
    return [usage for usage in reviews if usage.get("daily")]


def _sentence(one: dict[str, Any]) -> str:
    nobody = "Nobody" if one.get("about", "everybody") == "everybody" else "No service account"
    but = [
        f"{who['kind']} {who['namespace']}/{who['name']}" if who["kind"] == "ServiceAccount" else f"{who['kind']} {who['name']}"
        for who in one.get("only", [])
    ]
    how = "directly, by what bindings give" if one.get("directly") else "by any chain of escalations or all together"
    return f"{nobody}{' but ' if but else ''}{', '.join(but)} {_what(one)}, {how}."


def _what(one: dict[str, Any]) -> str:
    if one.get("clusterAdmin"):
        return "reaches cluster-admin"
    named = f" named {', '.join(one['names'])}" if one.get("names") else ""
    place = (
        " anywhere"
        if one.get("everywhere")
        else f" in {', '.join(one['namespaces'])}"
        if one.get("namespaces")
        else " cluster-wide"
    )
    return f"can {', '.join(one['verbs'])} {', '.join(one['resources'])}{named}{place}"


def check_rests(certificate: Certificate) -> None:
    """The premises are those that follow from what is shown, no more and no fewer."""
    if certificate.premises != sorted(set(_premises(certificate))):
        raise Broken("the premises do not follow from what is shown")


def _premises(certificate: Certificate) -> Iterator[str]:
    leaves = certificate.leaves
    for section in ("roles", "cluster_roles"):
        yield from (f"role {kind} {namespace} {name} {rest}" for kind, namespace, name, rest, _ in leaves[section])
    yield from (f"account {namespace} {name}" for _, namespace, name, _, _ in leaves["service_accounts"])
    for section in ("role_bindings", "cluster_role_bindings"):
        for kind, namespace, name, rest, _ in leaves[section]:
            text = certificate.texts[rest]
            ref = text.get("roleRef", {})
            for one in text.get("subjects", []):
                who = f"{one['namespace']}/{one.get('name', '')}" if one.get("namespace") else one.get("name", "")
                given = f"{ref.get('kind', '')} {ref.get('name', '')}"
                yield f"bound {kind} {namespace} {name} {one.get('kind', '')} {who} {given}"
    yield from _things(certificate)
    if certificate.policy.get("proposals"):
        for usage in certificate.texts[certificate.world["evidence"]].get("usage", []):
            if usage.get("daily"):
                yield f"usage {sha256(canonical([usage.get(part, _ABSENT.get(part, '')) for part in _USED]))}"


def _things(certificate: Certificate) -> Iterator[str]:
    for _, _, name, rest, _ in certificate.leaves["namespaces"]:
        if certificate.texts[rest]["metadata"].get("labels", {}).get(LABEL, "privileged") == "privileged":
            yield f"loose {name}"
    for _, namespace, name, rest, _ in certificate.leaves["secrets"]:
        account = certificate.texts[rest]["metadata"].get("annotations", {}).get(TOKEN)
        if account:
            yield f"token {namespace} {name} {account}"
    for _, _, _, rest, _ in certificate.leaves["custom_resource_definitions"]:
        spec = certificate.texts[rest].get("spec", {})
        pair = (spec.get("group", ""), spec.get("names", {}).get("plural", ""))
        if pair in OPERATED:
            yield f"operated {pair[0]} {pair[1]}"
