"""A row of evidence as the question that it was: who asked, and what.

>>> str(request_of(Usage(user="ann", verb="get", resource="pods", subresource="log", namespace="shop", name="web")))
'get pods/log "web" in namespace shop'
"""

from ostiary.model.evidence import Usage
from ostiary.pillars.rbac.identity import Identity, authenticated
from ostiary.pillars.rbac.request import Request


def request_of(usage: Usage) -> Request:
    """The request that a row counts."""
    return Request(usage.verb, usage.resource, usage.api_group, usage.subresource, usage.name, usage.namespace, usage.path)


def identity_of(usage: Usage) -> Identity:
    """Who made the requests of a row, with the groups that were seen; where none were, those that Kubernetes gives."""
    return Identity(usage.user, usage.groups) if usage.groups else authenticated(usage.user)
