"""How well the answers here agree with an API server's own: questions drawn from a cluster's own words, and what a count of agreements is worth.

Most questions are about a binding's subject and a rule of its role, or miss it by one word; the rest put any subject before any rule. The bound is the exact
one of Clopper and Pearson, for the rate of disagreement among questions drawn in this way; of other questions it says nothing.
Draws come from the seed alone: same cluster, same seed, same questions.

>>> round(bound(0, 3000), 5)
0.001
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.batch import Question
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.identity import Identity, authenticated
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import ALL
from ostiary.pillars.rbac.subject import USER, SubjectKey

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "escalate", "bind", "impersonate")
SUBRESOURCES = ("exec", "log", "status", "scale", "token", "proxy")
T = TypeVar("T")


class _Draws:
    """An endless row of numbers from a seed."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed, 0

    def below(self, limit: int) -> int:
        self._count += 1
        digest = hashlib.sha256(f"{self._seed}:{self._count}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def often(self, percent: int) -> bool:
        return self.below(100) < percent


def sample(authorizer: Authorizer, count: int, seed: str) -> Iterator[Question]:
    """``count`` questions; no question at all when no role with rules is bound to anybody."""
    grants = [grant for grant in authorizer.grants.all if any(grant.keys)]
    ruled = [grant for grant in grants if grant.rules.sure]
    draws = _Draws(seed)
    for _ in range(count if ruled else 0):
        grant = draws.one(ruled)
        asking = grant if draws.often(75) else draws.one(grants)
        request = _request(draws, draws.one(grant.rules.sure), grant.scope)
        yield _identity(draws, asking), _another_word(draws, request) if draws.often(40) else request


def _identity(draws: _Draws, grant: Grant) -> Identity:
    key: SubjectKey = draws.one([key for key in grant.keys if key is not None])
    return authenticated(key.name) if key.kind == USER else authenticated("somebody", (key.name,))


def _request(draws: _Draws, rule: PolicyRule, scope: str) -> Request:
    verb = draws.one(rule.verbs)
    if rule.non_resource_urls:
        return Request(verb, path=draws.one(rule.non_resource_urls).rstrip(ALL) or "/")
    resource, _, subresource = draws.one(rule.resources).partition("/")
    group, name = draws.one(rule.api_groups), draws.one(rule.resource_names) if rule.resource_names else ""
    return Request(verb, resource, group, subresource, name, scope)


def _another_word(draws: _Draws, request: Request) -> Request:
    if not request.is_resource:
        return replace(request, path=f"{request.path}/{draws.one(SUBRESOURCES)}")
    others = (
        replace(request, verb=draws.one(VERBS)),
        replace(request, subresource=draws.one(SUBRESOURCES)),
        replace(request, name="another"),
        replace(request, namespace="default"),
        replace(request, api_group="apps"),
    )
    return draws.one(others)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The outcome: how many were asked, how many of them were unknown here, and those on which the two differ, as sentences."""

    asked: int
    unknown: int
    differing: tuple[str, ...]

    @property
    def compared(self) -> int:
        return self.asked - self.unknown

    def sentence(self, confidence: float = 0.95) -> str:
        """What may be said."""
        if not self.compared:
            return "nothing could be compared"
        most = bound(len(self.differing), self.compared, confidence)
        return (
            f"{self.compared - len(self.differing)} of {self.compared} answers agree; "
            f"with {confidence:.0%} confidence fewer than {most:.3%} of such questions differ"
        )


def bound(differing: int, compared: int, confidence: float = 0.95) -> float:
    """The upper bound on the rate of disagreement, one-sided (Clopper and Pearson 1934)."""
    if differing >= compared:
        return 1.0
    low, high = differing / compared, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(differing, compared, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(successes: int, trials: int, rate: float) -> float:
    """The chance of so many successes or fewer."""
    if rate <= 0:
        return 1.0
    if rate >= 1:
        return float(successes >= trials)
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(rate)
        + (trials - k) * math.log1p(-rate)
        for k in range(successes + 1)
    )
    return sum(map(math.exp, logs))
