"""Whether one rule allows one request. A rule only ever adds; there is no rule that takes away.

- verbs, API groups, resources: exact and case-sensitive, or ``*``. ``*`` covers the verbs that no HTTP request has, such as ``escalate``, too.
- ``pods`` does not cover ``pods/exec``; ``pods/*`` covers nothing but a subresource called ``*``; ``*/exec`` covers ``exec`` of everything.
- ``resourceNames`` never matches a request without a name: ``create`` at the top level, ``deletecollection``, ``list`` without a field selector.
- a path matches exactly, by ``*``, or by everything before a final ``*``.

Source: ``pkg/apis/rbac/v1/evaluation_helpers.go``, ``plugin/pkg/auth/authorizer/rbac/rbac.go`` (RuleAllows).

>>> allows(PolicyRule(verbs=("get",), api_groups=("",), resources=("*/log",)), Request("get", "pods", subresource="log"))
True
"""

from enum import Enum

from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.request import Request

ALL = "*"
EVERYTHING = PolicyRule(verbs=(ALL,), api_groups=(ALL,), resources=(ALL,), non_resource_urls=(ALL,))


class Aspect(Enum):
    """The parts of a rule that have to match, each by itself."""

    VERB = "verb"
    API_GROUP = "API group"
    RESOURCE = "resource"
    NAME = "name"
    PATH = "path"

    def __str__(self) -> str:
        return self.value


def allows(rule: PolicyRule, request: Request) -> bool:
    """Whether the rule allows the request."""
    if not request.is_resource:
        return verb_matches(rule, request.verb) and path_matches(rule, request.path)
    return (
        verb_matches(rule, request.verb)
        and group_matches(rule, request.api_group)
        and resource_matches(rule, request)
        and name_matches(rule, request.name)
    )


def mismatches(rule: PolicyRule, request: Request) -> tuple[Aspect, ...]:
    """Which aspects keep the rule from allowing the request; empty when it allows it."""
    parts: tuple[tuple[Aspect, bool], ...]
    if not request.is_resource:
        parts = ((Aspect.VERB, verb_matches(rule, request.verb)), (Aspect.PATH, path_matches(rule, request.path)))
    else:
        parts = (
            (Aspect.VERB, verb_matches(rule, request.verb)),
            (Aspect.API_GROUP, group_matches(rule, request.api_group)),
            (Aspect.RESOURCE, resource_matches(rule, request)),
            (Aspect.NAME, name_matches(rule, request.name)),
        )
    return tuple(aspect for aspect, matches in parts if not matches)


def verb_matches(rule: PolicyRule, verb: str) -> bool:
    """Exact, or ``*``."""
    return verb in rule.verbs or ALL in rule.verbs


def group_matches(rule: PolicyRule, group: str) -> bool:
    """Exact, or ``*``; the core group is the empty string."""
    return group in rule.api_groups or ALL in rule.api_groups


def resource_matches(rule: PolicyRule, request: Request) -> bool:
    """Exact with its subresource, ``*``, or ``*/subresource``."""
    if request.combined in rule.resources or ALL in rule.resources:
        return True
    return bool(request.subresource) and f"*/{request.subresource}" in rule.resources


def name_matches(rule: PolicyRule, name: str) -> bool:
    """No names: every name, and none. Some names: exactly those."""
    return not rule.resource_names or name in rule.resource_names


def path_matches(rule: PolicyRule, path: str) -> bool:
    """Exact, ``*``, or all before the final stars."""
    return any(path_covers(pattern, path) for pattern in rule.non_resource_urls)


def path_covers(pattern: str, path: str) -> bool:
    """Whether one pattern of ``nonResourceURLs`` covers a path. A star elsewhere than at the end is a letter like any other."""
    return pattern == path or (pattern.endswith(ALL) and path.startswith(pattern.rstrip(ALL)))
