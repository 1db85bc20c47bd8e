"""What has to be true of proposed roles: they cover nothing that their subject did not have, and allow every request that was seen to be allowed.

What the policy puts up for review is left out, request by request; the claim says how many there are.
"""

from collections.abc import Iterator
from typing import Any

from .guardrails import after
from .objects import ACCOUNTS, Key, Shown, account_of, shown
from .reading import Broken, Certificate, canonical, sha256
from .rights import allows, covered, names
from .said import doubtful

Request = dict[str, str]
MASTERS = "system:masters"
_PARTS = ("verb", "apiGroup", "resource", "subresource", "namespace", "name", "path")


def check_proposals(certificate: Certificate) -> None:
    """Never more than before, and never less than was used."""
    proposals = certificate.policy.get("proposals", [])
    if not proposals:
        return
    now = shown(certificate)
    for one in proposals:
        _check_no_more(one, now)
    evidence = certificate.texts.get(certificate.world["evidence"])
    if not isinstance(evidence, dict) or sha256(canonical(evidence)) != certificate.world["evidence"]:
        raise Broken("the evidence is not shown")
    then = after(shown(certificate), proposals)
    doubted = {(usage["user"], _line(_request(usage))) for usage in doubtful(certificate.policy)}
    for usage in evidence.get("usage", []):
        if usage.get("daily"):
            _check_still(usage, now, then, doubted)


def _check_no_more(one: dict[str, Any], now: Shown) -> None:
    key = (one["subject"][0], one["subject"][1])
    gone = {(ref["kind"], ref["namespace"], ref["name"]) for ref in one.get("replaces", [])}
    mine = [grant for grant in now.grants if grant.binding in gone and key in grant.keys]
    for scope, rules in {"": one.get("clusterRules", []), **one.get("namespaced", {})}.items():
        held = [rule for grant in mine if grant.scope in ("", scope) for rule in grant.rules]
        for rule in rules:
            if not covered(held, rule):
                raise Broken(f"{key[0]} {key[1]} would get more than it has in {scope or 'the whole cluster'}")


def _request(usage: dict[str, Any]) -> Request:
    return {part: usage.get(part, "") for part in _PARTS}


def _line(request: Request) -> tuple[str, ...]:
    return tuple(request.get(part, "") for part in _PARTS)


def _check_still(usage: dict[str, Any], now: Shown, then: Shown, doubted: set[tuple[str, tuple[str, ...]]]) -> None:
    for keys, asked in (*_of(usage, _request(usage), now), *_by(usage)):
        if any((name, _line(asked)) in doubted for kind, name in keys if kind == "User"):
            continue
        if _allowed(now, keys, asked) and not _allowed(then, keys, asked):
            raise Broken(
                f"{sorted(keys)[-1][1]} would no longer be allowed to {asked['verb']} {asked['resource'] or asked['path']}"
            )


def _of(usage: dict[str, Any], request: Request, now: Shown) -> Iterator[tuple[set[Key], Request]]:
    """Who asked, and what. Where names are not told apart: for every name that some rule gives."""
    keys = _keys(usage["user"], usage.get("groups", []))
    yield keys, request
    if usage.get("many") and not _allowed(now, keys, request):
        sub = f"/{request['subresource']}" if request["subresource"] else ""
        rules = _rules(now, keys, request["namespace"])
        for name in names(rules, request["verb"], request["apiGroup"], f"{request['resource']}{sub}"):
            yield keys, {**request, "name": name}


def _keys(user: str, groups: list[str]) -> set[Key]:
    account = account_of(("User", user))
    if not groups:
        groups = [ACCOUNTS, f"{ACCOUNTS}:{account[0]}"] if account else []
        groups += ["system:unauthenticated" if user == "system:anonymous" else "system:authenticated"]
    return {("User", user), *(("Group", group) for group in groups)}


def _by(usage: dict[str, Any]) -> Iterator[tuple[set[Key], Request]]:
    """What an impersonator was asked, each by itself. Impersonation of a constrained mode is not understood here, and refused."""
    by = usage.get("by")
    if not by:
        return
    keys, account = _keys(by["user"], by.get("groups", [])), account_of(("User", usage["user"]))
    if ("Group", MASTERS) in keys:
        return  # may impersonate anybody, whatever roles say
    if by.get("constraint"):
        raise Broken("the evidence holds a constrained impersonation, which is not checked here")
    asked = {"verb": "impersonate", "path": ""}
    if account:
        yield keys, {**asked, "resource": "serviceaccounts", "namespace": account[0], "name": account[1]}
    else:
        yield keys, {**asked, "resource": "users", "name": usage["user"]}
    for group in usage.get("groups", []):
        yield keys, {**asked, "resource": "groups", "name": group}
    if by.get("uid"):
        yield keys, {**asked, "resource": "uids", "apiGroup": "authentication.k8s.io", "name": by["uid"]}
    for name, values in by.get("extra", []):
        for value in values:
            yield (
                keys,
                {**asked, "resource": "userextras", "subresource": name, "apiGroup": "authentication.k8s.io", "name": value},
            )


def _rules(cluster: Shown, keys: set[Key], namespace: str) -> list[Any]:
    return [
        rule
        for grant in cluster.grants
        if grant.scope in ("", namespace) and keys.intersection(grant.keys)
        for rule in grant.rules
    ]


def _allowed(cluster: Shown, keys: set[Key], request: Request) -> bool:
    if ("Group", MASTERS) in keys:
        return True
    namespace = "" if request.get("path") else request.get("namespace", "")
    return allows(_rules(cluster, keys, namespace), request)
