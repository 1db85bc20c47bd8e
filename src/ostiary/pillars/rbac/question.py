"""From the words of a command line to a request, as a real request would be: nobody types API groups, and a node has no namespace.

``RESOURCE[.GROUP][/SUBRESOURCE]``; without a group it is the one that serves the resource. ``/path`` is a path. A request for a namespace is in that
namespace. What was taken for granted is said.

>>> asked("get", "deployments", "", "shop", Cluster()).request.api_group
'apps'
"""

from dataclasses import dataclass, replace

from ostiary.core.errors import BadInput
from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.request import Request, selecting
from ostiary.pillars.rbac.vocabulary import find, scope


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and what was assumed to get there. ``namespaced`` None: nothing here knows the resource."""

    request: Request
    notes: tuple[str, ...] = ()
    namespaced: bool | None = None


def asked(
    verb: str, resource: str, name: str, namespace: str, cluster: Cluster, fields: tuple[tuple[str, str], ...] = ()
) -> Asked:
    """The request of these words. BadInput when they cannot mean one."""
    if resource.startswith("/"):
        if name or namespace or fields:
            raise BadInput("a path has no name, namespace or field selector", todo=f"ask: {verb} {resource}")
        return Asked(Request(verb, path=resource))
    word, _, subresource = resource.partition("/")
    plain, dot, group = word.partition(".")
    if not plain:
        raise BadInput(f"{resource!r} names no resource", todo="write RESOURCE[.GROUP][/SUBRESOURCE], or /path")
    notes: list[str] = []
    if not dot:
        group = _group(plain, cluster, notes)
    request = selecting(Request(verb, plain, group, subresource, name, namespace), fields)
    return _placed(request, scope(group, plain, cluster), notes)


def _group(resource: str, cluster: Cluster, notes: list[str]) -> str:
    known = find(resource, cluster)
    if not known and resource != "*":
        notes.append(f"nothing here knows the resource {resource!r}; taken as one of the core group")
    groups = [one.group for one in known]
    if len(groups) > 1:
        notes.append(f"{resource} is served by {', '.join(group or 'the core group' for group in groups)}; taken as the first")
    if groups and groups[0]:
        notes.append(f"{resource} is taken as {resource}.{groups[0]}")
    return groups[0] if groups else ""


def _placed(request: Request, namespaced: bool | None, notes: list[str]) -> Asked:
    """Where the request is and what it names, whatever was typed."""
    if request.name and not request.subresource and request.verb in ("create", "deletecollection"):
        notes.append(
            f"{request.verb} has no name when it is authorized; {request.name} is left out, and no rule with resourceNames allows it"
        )
        request = replace(request, name="")
    if request.resource == "namespaces" and not request.api_group and request.name:
        if request.namespace != request.name:
            notes.append(f"a request for a namespace is in that namespace: {request.name}")
        request = replace(request, namespace=request.name)
    elif namespaced is False and request.namespace:
        notes.append(f"{request.resource} are in no namespace; -n {request.namespace} is left out")
        request = replace(request, namespace="")
    return Asked(request, tuple(notes), namespaced)


def read_fields(selector: str) -> tuple[tuple[str, str], ...]:
    """The equalities of a field selector such as ``metadata.name=db,spec.nodeName=n1``. BadInput for anything else."""
    found = []
    for part in filter(None, selector.split(",")):
        field, equals, value = part.replace("==", "=").partition("=")
        if not equals or not field or field.endswith("!"):
            raise BadInput(f"{part!r} is no equality of a field selector", todo="write metadata.name=NAME")
        found.append((field, value))
    return tuple(found)
