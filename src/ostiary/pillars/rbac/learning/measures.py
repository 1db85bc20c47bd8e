"""How good a proposal is: what is granted beyond what was used, before and after; and what can be expected of the next requests.

The size of some rules is the number of actions that they allow, each once for every namespace and once for what is in none. Actions are the verbs of the
resources that the Cluster knows, custom ones among them, and those of the primitives: stars are counted by what they mean. An action that leads further
weighs ten, three where it is limited to names.

>>> unseen({})
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ostiary.model.cluster import Cluster
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.escalations.catalogue import PRIMITIVES
from ostiary.pillars.rbac.learning.atom import Action
from ostiary.pillars.rbac.learning.sightings import Sightings
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import ALL
from ostiary.pillars.rbac.vocabulary import CLUSTER_SCOPED, NAMESPACED

Rules = tuple[PolicyRule, ...]
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_OF_SUBRESOURCES = ("create", "get", "patch", "update")
_SUBRESOURCES = {
    ("", "pods"): "attach binding ephemeralcontainers eviction exec log portforward proxy resize status",
    ("", "nodes"): "metrics proxy status",
    ("", "services"): "proxy status",
    ("", "serviceaccounts"): "token",
    ("", "namespaces"): "finalize status",
    ("apps", "deployments"): "scale status",
    ("apps", "replicasets"): "scale status",
    ("apps", "statefulsets"): "scale status",
    ("apps", "daemonsets"): "status",
    ("batch", "jobs"): "status",
    ("certificates.k8s.io", "certificatesigningrequests"): "approval status",
}
_DANGEROUS = frozenset(
    Action(one.verb, one.api_group, one.combined) for way in PRIMITIVES for need in way.needs for one in need.requests
)
FURTHER, FURTHER_BY_NAME = 10, 3


@dataclass(frozen=True, slots=True)
class Size:
    """A number of actions, plain and weighed."""

    plain: int = 0
    risk: int = 0


class Yardstick:
    """Measures rules by one Cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._places = max(1, len(cluster.namespaces))
        self._known: dict[PolicyRule, dict[Action, bool]] = {}

    @cached_property
    def _actions(self) -> dict[Action, bool]:
        """Every action, and whether its resource stands in namespaces."""
        found = {Action(one.verb, one.api_group, one.combined): True for one in _requests()}
        for table, namespaced in ((NAMESPACED, True), (CLUSTER_SCOPED, False)):
            for group, words in table.items():
                found |= {Action(verb, group, word): namespaced for word in words.split() for verb in VERBS}
        for (group, resource), subs in _SUBRESOURCES.items():
            scoped = resource not in ("nodes", "namespaces", "certificatesigningrequests")
            found |= {Action(verb, group, f"{resource}/{sub}"): scoped for sub in subs.split() for verb in _OF_SUBRESOURCES}
        for crd in self._cluster.custom_resource_definitions:
            scoped, group, plural = crd.spec.scope == "Namespaced", crd.spec.group, crd.spec.names.plural
            found |= {Action(verb, group, plural): scoped for verb in VERBS}
            found |= {
                Action(verb, group, f"{plural}/{sub}"): scoped for sub in ("status", "finalizers") for verb in _OF_SUBRESOURCES
            }
        return found

    @cached_property
    def _resources(self) -> frozenset[tuple[str, str]]:
        return frozenset((group, resource) for _, group, resource in self._actions)

    def size(self, everywhere: Rules, namespaced: Mapping[str, Rules]) -> Size:
        """How much rules allow, cluster-wide and by namespace."""
        total: Counter[str] = Counter()
        wide = self._covered(everywhere)
        for action, named in wide.items():
            places = self._places + 1 if self._actions.get(action, True) else 1
            _add(total, action, named, places)
        for rules in namespaced.values():
            for action, named in self._covered(rules).items():
                if wide.get(action, True) and not (action in wide and named):
                    _add(total, action, named, 1)
        return Size(total["plain"], total["risk"])

    def _covered(self, rules: Rules) -> dict[Action, bool]:
        """The actions that are allowed, and whether only by name."""
        found: dict[Action, bool] = {}
        for rule in rules:
            for action, named in self._of(rule).items():
                found[action] = found.get(action, True) and named
        return found

    def _of(self, rule: PolicyRule) -> dict[Action, bool]:
        if rule not in self._known:
            every = self._said(rule) if _plain(rule) else [action for action in self._actions if _allowed(rule, action)]
            self._known[rule] = dict.fromkeys(every, bool(rule.resource_names))
        return self._known[rule]

    def _said(self, rule: PolicyRule) -> list[Action]:
        """The actions of a rule without stars: each resource in the groups that have it, in all of them where nobody knows it."""
        every = [(group, resource) for group in rule.api_groups for resource in rule.resources]
        known = {resource for group, resource in every if (group, resource) in self._resources}
        real = [(group, what) for group, what in every if what not in known or (group, what) in self._resources]
        return [Action(verb, group, what) for group, what in real for verb in rule.verbs]


def _plain(rule: PolicyRule) -> bool:
    return ALL not in (*rule.verbs, *rule.api_groups) and not any(what.startswith(ALL) for what in rule.resources)


def _allowed(rule: PolicyRule, action: Action) -> bool:
    """As ``rule.allows``, without a name."""
    verb, group, resource = action
    if not ((ALL in rule.verbs or verb in rule.verbs) and (ALL in rule.api_groups or group in rule.api_groups)):
        return False
    subresource = resource.partition("/")[2]
    return ALL in rule.resources or resource in rule.resources or bool(subresource and f"*/{subresource}" in rule.resources)


def ratio(used: int, granted: int) -> float | None:
    """The part of what is granted that is not used."""
    return max(0.0, 1 - used / granted) if granted else None


def unseen(seen: Sightings) -> float | None:
    """The chance that the next request is an action, in a place, that was never seen: those seen once, of all requests (Good and Turing)."""
    counts: Counter[tuple[Action, str, str]] = Counter()
    for atom, one in seen.items():
        counts[(atom.action, atom.namespace, atom.path)] += one.count
    total = counts.total()
    return sum(1 for count in counts.values() if count == 1) / total if total else None


def _requests() -> Iterable[Request]:
    return (one for way in PRIMITIVES for need in way.needs for one in need.requests)


def _add(total: Counter[str], action: Action, named: bool, places: int) -> None:
    weight = 1 if action not in _DANGEROUS else FURTHER_BY_NAME if named else FURTHER
    total["plain"] += places
    total["risk"] += places * weight
