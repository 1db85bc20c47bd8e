"""The Kubernetes API's requests as a positive grammar: method, path and query in, what is asked for out; None for all that it does not know.

Whoever decides by a list of bad paths misses the next spelling of one. So this says which paths there are; everything else is refused, and nothing is
normalised here: an escaped, doubled, trailing or dotted path is not in the grammar. Verb, resource, name and namespace are those that the API server itself
finds (``k8s.io/apiserver/pkg/endpoints/request/requestinfo.go``, 1.37), but that it takes a name from a field selector, too. ``envoy.patterns`` says the
same in regular expressions, and tests hold the two together.

Left out on purpose: ``nodes/proxy`` (a way round every rule about exec: kubernetes/kubernetes#136550), verbs in the path (``/api/v1/watch/...``,
``/api/v1/proxy/...``: deprecated, used by no client), percent escapes in names, ``/logs`` and ``/debug``. ``pods/proxy`` and ``services/proxy`` are in it.

>>> parse("GET", "/api/v1/namespaces/shop/pods/web-0/exec", "command=sh").verb
'get'
>>> parse("GET", "/api/v1/namespaces/shop/pods/web-0/exec/") is None
True
"""

import re
from collections.abc import Sequence
from urllib.parse import parse_qs

from ostiary.model.value import Value

STREAMS = ("exec", "attach", "portforward")  # of pods: what an upgraded connection may carry
METHOD_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
NAMESPACE_SUBRESOURCES = ("status", "finalize")
PATH_VERBS = ("watch", "proxy")

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")  # DNS-1035: resources, versions, subresources
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_GROUP = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_NAME = re.compile(r"[A-Za-z0-9_:@=+,~$!*()'-][A-Za-z0-9_:@=+,~$!*()'.-]*")
_TAIL = re.compile(
    r"[A-Za-z0-9_:@=+,~$!*()'.;&%-]*"
)  # a segment behind .../proxy/, which the application reads and not the API server
_PROBE = re.compile(r"[a-z][a-z0-9-]*")


class ApiRequest(Value, frozen=True, kw_only=True):
    """One request as the API server authorizes it. ``path`` is set for a non-resource request, and ``resource`` then is not."""

    verb: str
    path: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def upgrades(self) -> bool:
        """Whether it has a meaning only as an upgraded connection."""
        return self.resource == "pods" and not self.group and bool(self.namespace) and self.subresource in STREAMS


def parse(method: str, path: str, query: str = "") -> ApiRequest | None:
    """What the request asks for, or None when it is not a request of the Kubernetes API. ``path`` as sent, escapes and all; ``query`` without the mark."""
    if method not in METHOD_VERBS or not path.startswith("/"):
        return None
    segments = path[1:].split("/")
    if segments[0] == "api" and len(segments) > 2:
        return _resource(method, "", segments[1], segments[2:], query)
    if segments[0] == "apis" and len(segments) > 3:
        return _resource(method, segments[1], segments[2], segments[3:], query) if _GROUP.fullmatch(segments[1]) else None
    return _other(method, path, segments)


def _other(method: str, path: str, segments: Sequence[str]) -> ApiRequest | None:
    """Discovery, documents, probes: read only."""
    match segments:
        case (
            [""]
            | ["api"]
            | ["apis"]
            | ["version"]
            | ["metrics"]
            | ["healthz"]
            | ["livez"]
            | ["readyz"]
            | ["openapi", "v2" | "v3"]
        ):
            known = True
        case ["api" | "apis", ""]:
            known = True  # clients write these two with a slash at the end as well, Kubernetes' own tests among them
        case ["openid", "v1", "jwks"] | [".well-known", "openid-configuration"]:
            known = True
        case ["api", version] | ["openapi", "v3", "api", version]:
            known = bool(_LABEL.fullmatch(version))
        case ["apis", group] | ["openapi", "v3", "apis", group]:
            known = bool(_GROUP.fullmatch(group))
        case ["apis", group, version] | ["openapi", "v3", "apis", group, version]:
            known = bool(_GROUP.fullmatch(group) and _LABEL.fullmatch(version))
        case ["healthz" | "livez" | "readyz", *probe] if 1 <= len(probe) <= 2:
            known = all(map(_PROBE.fullmatch, probe))
        case _:
            known = False
    return ApiRequest(verb=method.lower(), path=path) if known and method in ("GET", "HEAD") else None


def _resource(method: str, group: str, version: str, parts: Sequence[str], query: str) -> ApiRequest | None:
    if not _LABEL.fullmatch(version) or parts[0] in PATH_VERBS:
        return None
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if not _NAMESPACE.fullmatch(namespace):
            return None
        if len(parts) > 2 and parts[2] not in NAMESPACE_SUBRESOURCES:
            parts = parts[2:]
        elif group or len(parts) > 3:  # only the core group has namespaces of its own
            return None
    return _object(method, group, version, namespace, parts, query)


def _object(method: str, group: str, version: str, namespace: str, parts: Sequence[str], query: str) -> ApiRequest | None:
    """``parts``: resource, name, subresource, and behind a proxy the application's own path."""
    resource, name, subresource, *tail = (*parts, "", "")[: max(3, len(parts))]
    if not _LABEL.fullmatch(resource) or (len(parts) > 1 and not _NAME.fullmatch(name)):
        return None
    if len(parts) > 2 and not _LABEL.fullmatch(subresource):
        return None
    if resource == "nodes" and subresource == "proxy":
        return None
    proxied = not group and resource in ("pods", "services") and subresource == "proxy" and bool(namespace)
    if tail and not (proxied and all(map(_TAIL.fullmatch, tail))):
        return None
    verb = _verb(method, bool(name), subresource, proxied=proxied, query=query)
    if verb is None:
        return None
    found = ApiRequest(
        verb=verb, group=group, version=version, resource=resource, subresource=subresource, namespace=namespace, name=name
    )
    return None if found.upgrades and method not in ("GET", "POST") else found


def _verb(method: str, named: bool, subresource: str, *, proxied: bool, query: str) -> str | None:
    """The API server's verb; None for a method that has none at this place, such as POST to an object that has a name."""
    if proxied:
        return METHOD_VERBS[method]
    if subresource:
        return METHOD_VERBS[method] if method != "DELETE" else None
    if named:
        return METHOD_VERBS[method] if method != "POST" else None
    match method:
        case "GET" | "HEAD":
            return "watch" if _watches(query) else "list"
        case "DELETE":
            return "deletecollection"
        case "POST":
            return "create"
        case _:
            return None


def _watches(query: str) -> bool:
    """Whether the first ``watch`` of the query is true, as ``conversion.Convert_Slice_string_To_bool`` reads it: all but "false" and "0"."""
    values = parse_qs(query, keep_blank_values=True).get("watch", [])
    return bool(values) and values[0].lower() not in ("false", "0")
