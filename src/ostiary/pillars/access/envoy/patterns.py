"""The grammar of API requests as regular expressions (RE2, whole path): the second telling of ``access.grammar``, and the one that Envoy runs.

They match what Envoy sees after it has normalised the path, without the query. A path that none matches is answered with 404 by the gateway itself.

>>> import re
>>> bool(re.fullmatch(STREAM, "/api/v1/namespaces/shop/pods/web-0/exec")), bool(re.fullmatch(STREAM, "/api/v1/namespaces/shop/pods/web-0/exec/"))
(True, False)
"""

from ostiary.model.value import Value

_LABEL = r"[a-z](?:[-a-z0-9]*[a-z0-9])?"
_NAMESPACE = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_GROUP = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_NAME = r"[A-Za-z0-9_:@=+,~$!*()'-][A-Za-z0-9_:@=+,~$!*()'.-]*"
_TAIL = r"(?:/[A-Za-z0-9_:@=+,~$!*()'.;&%-]*)*"
_PROBE = r"[a-z][a-z0-9-]*"
_VERSION = rf"(?:api/{_LABEL}|apis/{_GROUP}/{_LABEL})"
_IN = rf"{_VERSION}/namespaces/{_NAMESPACE}"
_POD = rf"/api/{_LABEL}/namespaces/{_NAMESPACE}/pods/{_NAME}"

# What the patterns below would match though the grammar does not know it: tried first, and answered as unknown.
NOT_KNOWN = (
    rf"/{_VERSION}/(?:watch|proxy)(?:/.*)?",  # verbs in the path
    rf"/{_IN}/(?:status|finalize)/.*",  # the API server reads these as subresources of the namespace
    rf"/apis/{_GROUP}/{_LABEL}/namespaces/[^/]+(?:/(?:status|finalize))?",  # only the core group has namespaces
    rf"/{_VERSION}/(?:namespaces/[^/]+/)?nodes/[^/]+/proxy(?:/.*)?",  # the kubelet's own API, exec included
)

STREAM = rf"{_POD}/(?:exec|attach|portforward)"
PROXY = rf"/api/{_LABEL}/namespaces/{_NAMESPACE}/(?:pods|services)/{_NAME}/proxy{_TAIL}"
NAMESPACE = rf"/{_IN}"
OF_NAMESPACE = rf"/{_IN}/(?:status|finalize)"
COLLECTION_IN, OBJECT_IN, SUBRESOURCE_IN = (
    rf"/{_IN}/{_LABEL}",
    rf"/{_IN}/{_LABEL}/{_NAME}",
    rf"/{_IN}/{_LABEL}/{_NAME}/{_LABEL}",
)
OTHER_IN = rf"/{_VERSION}/namespaces/.*"  # with what is left, "namespaces" would be read as a resource like any other
COLLECTION, OBJECT, SUBRESOURCE = (
    rf"/{_VERSION}/{_LABEL}",
    rf"/{_VERSION}/{_LABEL}/{_NAME}",
    rf"/{_VERSION}/{_LABEL}/{_NAME}/{_LABEL}",
)
ABOUT = (
    rf"/(?:apis?/?|version|metrics|openapi/v[23]|openid/v1/jwks|\.well-known/openid-configuration"
    rf"|(?:openapi/v3/)?api/{_LABEL}|(?:openapi/v3/)?apis/{_GROUP}(?:/{_LABEL})?"
    rf"|(?:healthz|livez|readyz)(?:/{_PROBE}){{0,2}})?"
)


class Rule(Value, frozen=True, kw_only=True):
    """Methods at the paths that one of the patterns matches: whether they have a meaning there. The first rule that matches decides."""

    name: str
    methods: tuple[str, ...]
    patterns: tuple[str, ...]
    known: bool = True


_READ, _CHANGE = ("GET", "HEAD"), ("PUT", "PATCH")
_ALL = (*_READ, "POST", *_CHANGE, "DELETE")

# Streams are not here: they pass as upgrades only, by a route of their own.
RULES = (
    Rule(name="unknown", methods=("DELETE",), patterns=(OF_NAMESPACE,), known=False),
    Rule(name="read", methods=_READ, patterns=(ABOUT, NAMESPACE, OF_NAMESPACE, COLLECTION_IN, OBJECT_IN, SUBRESOURCE_IN)),
    Rule(name="create", methods=("POST",), patterns=(OF_NAMESPACE, COLLECTION_IN, SUBRESOURCE_IN)),
    Rule(name="change", methods=_CHANGE, patterns=(NAMESPACE, OF_NAMESPACE, OBJECT_IN, SUBRESOURCE_IN)),
    Rule(name="delete", methods=("DELETE",), patterns=(NAMESPACE, COLLECTION_IN, OBJECT_IN)),
    Rule(name="proxy", methods=_ALL, patterns=(PROXY,)),
    Rule(name="unknown", methods=_ALL, patterns=(OTHER_IN,), known=False),
    Rule(name="read", methods=_READ, patterns=(COLLECTION, OBJECT, SUBRESOURCE)),
    Rule(name="create", methods=("POST",), patterns=(COLLECTION, SUBRESOURCE)),
    Rule(name="change", methods=_CHANGE, patterns=(OBJECT, SUBRESOURCE)),
    Rule(name="delete", methods=("DELETE",), patterns=(COLLECTION, OBJECT)),
)
