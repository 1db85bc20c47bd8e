"""The least thing that a rule can allow: one verb, on one resource, under one name or any, in one namespace or all.

A set of atoms is what a subject needs; rules are a way to write it. ``name`` empty means every name and none, as a rule without ``resourceNames`` does;
``namespace`` empty, every namespace and what is in none.

>>> str(Atom("get", "", "pods/log", "web", "shop"))
'get pods/log "web" in namespace shop'
"""

from typing import NamedTuple

from ostiary.model.evidence import Usage
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.request import Request


class Atom(NamedTuple):
    """One atom. ``resource`` holds the subresource: ``pods/exec``. With a ``path`` everything else but the verb is empty."""

    verb: str
    api_group: str = ""
    resource: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""

    @property
    def action(self) -> "Action":
        return Action(self.verb, self.api_group, self.resource)

    @property
    def request(self) -> Request:
        """The question that only a rule can allow that allows the whole atom."""
        resource, _, subresource = self.resource.partition("/")
        return Request(self.verb, resource, self.api_group, subresource, self.name, self.namespace, self.path)

    @property
    def rule(self) -> PolicyRule:
        if self.path:
            return PolicyRule(verbs=(self.verb,), non_resource_urls=(self.path,))
        names = (self.name,) if self.name else ()
        return PolicyRule(verbs=(self.verb,), api_groups=(self.api_group,), resources=(self.resource,), resource_names=names)

    def __str__(self) -> str:
        return str(self.request)


class Action(NamedTuple):
    """An atom without place and name."""

    verb: str
    api_group: str
    resource: str


def atom_of(usage: Usage) -> Atom:
    """What has to be allowed for this usage."""
    if usage.path:
        return Atom(usage.verb, path=usage.path)
    resource = f"{usage.resource}/{usage.subresource}" if usage.subresource else usage.resource
    return Atom(usage.verb, usage.api_group, resource, usage.name, usage.namespace)


def request_of(usage: Usage) -> Request:
    """The question that was asked."""
    return Request(usage.verb, usage.resource, usage.api_group, usage.subresource, usage.name, usage.namespace, usage.path)
