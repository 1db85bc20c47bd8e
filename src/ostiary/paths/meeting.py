"""What two rules allow together: the rule that covers exactly the requests that both cover.

Impersonation in a constrained mode asks twice about one request, once of the impersonator and once of the impersonated. What is possible is what both are
allowed: dimension by dimension, with ``*`` kept symbolic.

>>> pods = PolicyRule(verbs=("get", "list"), api_groups=("",), resources=("pods",))
>>> meeting(pods, PolicyRule(verbs=("*",), api_groups=("",), resources=("*",), resource_names=("web",)))[0].resource_names
('web',)
"""

from collections.abc import Callable, Iterator

from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.rule import ALL, path_covers


def meeting(one: PolicyRule, other: PolicyRule) -> tuple[PolicyRule, ...]:
    """The requests for resources that both cover, and those for paths; neither when there are none."""
    return tuple(_meeting(one, other))


def _meeting(one: PolicyRule, other: PolicyRule) -> Iterator[PolicyRule]:
    verbs = _words(one.verbs, other.verbs)
    if not verbs:
        return
    groups = _words(one.api_groups, other.api_groups)
    resources = _each(one.resources, other.resources, _resource)
    names = _words(one.resource_names or (ALL,), other.resource_names or (ALL,))
    if groups and resources and names:
        yield PolicyRule(verbs=verbs, api_groups=groups, resources=resources, resource_names=() if names == (ALL,) else names)
    paths = _each(one.non_resource_urls, other.non_resource_urls, _path)
    if paths:
        yield PolicyRule(verbs=verbs, non_resource_urls=paths)


def _words(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if ALL in one:
        return (ALL,) if ALL in other else other
    return one if ALL in other else tuple(word for word in one if word in other)


def _each(one: tuple[str, ...], other: tuple[str, ...], meet: Callable[[str, str], str]) -> tuple[str, ...]:
    found = (meet(a, b) for a in one for b in other)
    return tuple(dict.fromkeys(word for word in found if word))


def _resource(one: str, other: str) -> str:
    """``*``, an exact word, or ``*/subresource``."""
    for wide, narrow in ((one, other), (other, one)):
        if wide in (ALL, narrow) or (wide.startswith("*/") and narrow.endswith(wide[1:]) and narrow != ALL):
            return narrow
    return ""


def _path(one: str, other: str) -> str:
    if path_covers(one, other):
        return other
    return one if path_covers(other, one) else ""
