"""Whether a set of facts is closed: whether nothing that the facts together allow leads to a fact outside.

Everybody in the set is taken as one: what one may and what another may counts together, whoever writes a binding or is in two groups. Pods are not
looked at: who may enter some pod of a namespace counts as every service account there. Both make more follow than does in a cluster, never less.

A fact about the whole cluster stands for the same fact about each namespace; one about every name, for each name.
"""

from collections.abc import Iterator
from functools import cached_property

from .objects import ACCOUNT, ACCOUNTS, Key, Rule, Shown, account_of
from .rights import CLIENT_SIGNERS, OPERATED, SETTINGS, TABLE, everything, names, right

Fact = tuple[str, ...]
ALL: Fact = ("all", "")
IN_PODS, OF_OPERATORS = "pods-stay-inside", "operators"  # what people may have chosen to take for granted


class Set:
    """The facts of a certificate, and what they allow together. ``inside``: the identities that are in it."""

    def __init__(self, cluster: Shown, inside: set[Key], facts: set[Fact], assume: set[str]) -> None:
        self.cluster, self.inside, self.facts, self.assume = cluster, inside, facts, assume

    def has(self, kind: str, *rest: str) -> bool:
        """Whether a fact is in the set, itself or by one that is wider."""
        match kind, rest:
            case "as", _:
                return (rest[0], rest[1]) in self.inside or (rest[0], rest[1]) not in self.cluster.keys  # whom no binding names
            case "secrets" | "bound", (*first, last):
                wider = [(*first, ""), ("", last), ("", "")] if kind == "secrets" else [(*first, "")]
                everything = kind == "bound" and self.has("all", last)
                if kind == "bound" and last:
                    wider.append((*first, "*"))  # bound in every namespace
                return everything or (kind, *rest) in self.facts or any((kind, *one) in self.facts for one in wider)
            case _:
                return (kind, *rest) in self.facts or (kind, "") in self.facts

    @cached_property
    def held(self) -> dict[str, list[Rule]]:
        """The rules that somebody in the set holds, or may bind, by scope."""
        found: dict[str, list[Rule]] = {"": []}
        for grant in self.cluster.grants:
            if self.inside.intersection(grant.keys):
                found.setdefault(grant.scope, []).extend(grant.rules)
        for fact in self.facts:
            if fact[0] == "bound":
                kind, namespace, name, scope = fact[1:]
                found.setdefault(scope, []).extend(self.cluster.rules((kind, namespace, name)))
        return found

    @cached_property
    def rights(self) -> dict[tuple[str, str], set[str]]:
        """The names for which each right is held, by scope: of the scope's own rules."""
        return {(scope, key): right(rules, key) for scope, rules in self.held.items() for key in TABLE}

    def may(self, key: str, scope: str = "") -> set[str]:
        """The names for which a right is held in a scope."""
        here = self.rights.get((scope, key), set())
        return here | self.rights[("", key)] | self.rights.get(("*", key), set()) if scope else here


def outside(closed: Set, *, chains: bool = True) -> Iterator[Fact]:
    """Every fact that follows from the set in one step and is not in it; without chains, the groups that somebody is in by themselves."""
    for fact in _follows(closed) if chains else _groups(closed):
        if not closed.has(*fact):
            yield fact


def _follows(closed: Set) -> Iterator[Fact]:
    yield from _groups(closed)
    yield from _cluster(closed)
    yield from _names(closed)
    for namespace in sorted(closed.cluster.namespaces):
        yield from _namespace(closed, namespace)
        yield from _pods(closed, namespace)
        yield from _accounts(closed, namespace)


def _groups(closed: Set) -> Iterator[Fact]:
    """In which groups somebody always is."""
    for kind, name in closed.inside:
        account = account_of((kind, name))
        if account:
            yield "as", "Group", f"{ACCOUNTS}:{account[0]}"
        if account or name.startswith(f"{ACCOUNTS}:"):
            yield "as", "Group", ACCOUNTS
        if kind == "User" and name.startswith("system:node:"):
            yield "as", "Group", "system:nodes"
        anonymous = name in ("system:anonymous", "system:unauthenticated")
        yield "as", "Group", "system:unauthenticated" if anonymous else "system:authenticated"
    if ("Group", "system:masters") in closed.inside:
        yield ALL


def _cluster(closed: Set) -> Iterator[Fact]:
    """What the rights that count in no namespace lead to."""
    may = closed.may
    if everything(closed.held[""]) or _certificates(closed) or "" in may("impersonate users"):
        yield ALL
    if any(may(key) for key in ("reach kubelets", "mutate by webhook", "replace the API", "escalate cluster roles")):
        yield ALL
    if may("mutate by policy") and may("bind mutating policies"):
        yield ALL
    if (
        may("change settings", "kube-system") & (SETTINGS | {""})
        or closed.has("all", "kube-system")
        or (OF_OPERATORS not in closed.assume and _operates(closed))
    ):
        yield ALL
    if may("observe"):
        yield "secrets", "", ""
    if may("impersonate nodes") or (IN_PODS not in closed.assume and closed.has("run", "") and may("create namespaces")):
        yield ("nodes",)
    if ("nodes",) in closed.facts:
        yield ALL


def _names(closed: Set) -> Iterator[Fact]:
    """Whom somebody may impersonate, and what may be bound for the whole cluster."""
    may = closed.may
    for name in may("impersonate users") - {""}:
        if not name.startswith(ACCOUNT):
            yield "as", "User", name
    for name in may("impersonate groups"):
        yield ALL if name in ("", "system:masters") else ("as", "Group", name)
    for name in may("bind cluster roles"):
        yield ("bound", "ClusterRole", "", name, "") if name else ALL


def _operates(closed: Set) -> bool:
    """Whether somebody may tell an operator of this cluster what to do, or may do everything in a namespace."""
    rules = [rule for some in closed.held.values() for rule in some]
    custom = closed.cluster.custom & OPERATED
    if custom and any(fact[0] == "all" for fact in closed.facts):
        return True
    return any(names(rules, verb, *one) for one in custom for verb in ("create", "update", "patch"))


def _certificates(closed: Set) -> bool:
    approves = bool(closed.may("approve clients") & (CLIENT_SIGNERS | {""}))
    return approves and bool(closed.may("request certificates")) and bool(closed.may("approve requests"))


def _namespace(closed: Set, here: str) -> Iterator[Fact]:
    """What rights lead to in a namespace, or by it."""
    may = closed.may
    if (
        everything([*closed.held.get(here, []), *closed.held.get("*", [])])
        or may("escalate roles", here)
        or "" in may("bind cluster roles", here)
    ):
        yield "all", here
    if closed.has("all", here):
        for kind in ("run", "tokens", "loose"):
            yield kind, here
        yield "secrets", here, ""
    for name in may("read secrets", here):
        yield "secrets", here, name
    if may("write secrets", here) and any(fact[0] == "secrets" and fact[1] in ("", here) for fact in closed.facts):
        yield "tokens", here
    if may("request pod certificates", here):
        yield "tokens", here
    for name in may("bind cluster roles", here) - {""}:
        yield "bound", "ClusterRole", "", name, here
    for kind, namespace, name in closed.cluster.roles:
        if kind == "Role" and namespace == here and may("bind roles", here) & {"", name}:
            yield "bound", kind, namespace, name, here
    if may("change namespaces", here) & {"", here}:
        yield "loose", here


def _pods(closed: Set, here: str) -> Iterator[Fact]:
    """What having pods run, or being in them, leads to."""
    may = closed.may
    if may("make pods", here) or may("change templates", here):
        yield "run", here
    if may("enter pods", here) or (closed.cluster.enters_by_get and may("enter pods by get", here)):
        yield "tokens", here
        yield "secrets", here, ""
    if closed.has("run", here):
        yield "secrets", here, ""
    if IN_PODS not in closed.assume:
        loose = here in closed.cluster.loose or closed.has("loose", here)
        if loose and (closed.has("run", here) or may("debug pods", here)):
            yield ("nodes",)
        if closed.has("run", here) and may("create volumes"):
            yield ("nodes",)


def _accounts(closed: Set, here: str) -> Iterator[Fact]:
    """The service accounts of a namespace that are had."""
    there, absent = closed.cluster.accounts.get(here, set()), closed.cluster.absent.get(here, set())
    made = absent if closed.may("create accounts", here) or closed.has("all", here) or not closed.cluster.live else set()
    minted, taken = closed.may("mint tokens", here), closed.may("impersonate accounts", here)
    had = {
        name for namespace, secret, name in closed.cluster.tokens if namespace == here and closed.has("secrets", here, secret)
    }
    had |= (there | made) & minted | (there | absent) & taken
    if closed.has("tokens", here) or closed.has("run", here) or "" in minted:
        had |= there | made
    if "" in taken:
        had |= there | absent
    for name in had:
        yield "as", "User", f"{ACCOUNT}{here}:{name}"
