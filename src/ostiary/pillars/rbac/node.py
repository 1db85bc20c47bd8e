"""The Node authorizer: what a kubelet may do beside what RBAC grants it.

A node is an identity called ``system:node:NAME`` in the group ``system:nodes``. It may read the objects that its own pods lead to, its own Node and lease,
and a fixed list that all nodes share. Modelled for 1.34 to 1.37; for other versions, and for objects that a Cluster does not hold (resource
claims and slices, volume attachments, pod certificate requests, what is behind a claim), the answer is "unknown". NodeRestriction, an admission
plugin, narrows writes further; it is not part of this answer, as it is not of an access review's.

Source: ``plugin/pkg/auth/authorizer/node/node_authorizer.go``, ``rbac/bootstrappolicy/policy.go`` (NodeRules), 1.37.2.

>>> NodeAuthorizer(Server(), Cluster()).decide("n1", Request("get", "nodes", name="n1"))
<Reach.YES: 'yes'>
"""

from collections.abc import Callable
from functools import cached_property

from ostiary.model.cluster import Cluster
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.node_graph import ACCOUNT, CLAIM, CONFIG_MAP, POD, SECRET, VOLUME, NodeGraph, Reach
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.server import Server

OLDEST_MINOR, NEWEST_MINOR = 34, 37
LEASES = "kube-node-lease"
_NOBODY = "\0"  # no node is called so: what it may, all may
_CERTIFICATES, _STORAGE, _RESOURCE = "certificates.k8s.io", "storage.k8s.io", "resource.k8s.io"
_READ, _OWN = ("get", "list", "watch"), ("get", "create", "update", "patch", "delete")


def _rule(verbs: tuple[str, ...], group: str, *resources: str) -> PolicyRule:
    return PolicyRule(verbs=verbs, api_groups=(group,), resources=resources)


# What all nodes share: the rules for resources that are not decided node by node.
SHARED = (
    _rule(("create",), "authentication.k8s.io", "tokenreviews"),
    _rule(("create",), "authorization.k8s.io", "subjectaccessreviews", "localsubjectaccessreviews"),
    _rule(_READ, "", "services"),
    _rule(("create", "update", "patch"), "", "events"),
    _rule(("create", "update", "patch"), "events.k8s.io", "events"),
    _rule(("get",), "", "endpoints"),
    _rule(("create", "get", "list", "watch"), _CERTIFICATES, "certificatesigningrequests"),
    _rule(_READ, _STORAGE, "csidrivers"),
    _rule(_READ, "node.k8s.io", "runtimeclasses"),
)
TRUST_BUNDLES = _rule(_READ, _CERTIFICATES, "clustertrustbundles")


class NodeAuthorizer:
    """The Node authorizer of one server over one Cluster."""

    def __init__(self, server: Server, cluster: Cluster) -> None:
        self._server, self._cluster = server, cluster

    @cached_property
    def _graph(self) -> NodeGraph:
        return NodeGraph.of(self._cluster)

    def decide(self, node: str, request: Request) -> Reach:
        """Whether the node may: YES is ``allow``, NO is no opinion. An empty name is no node."""
        if not node or not request.is_resource:
            return Reach.NO
        if not OLDEST_MINOR <= self._server.minor <= NEWEST_MINOR:
            return Reach.UNKNOWN
        own = _BY_RESOURCE.get((request.api_group, request.resource))
        return own(self, node, request) if own else _either(self._shared(request))

    def who(self, request: Request) -> tuple[str, ...]:
        """The nodes that may; ``*`` alone when all may, whatever they are called."""
        if self.decide(_NOBODY, request) is Reach.YES:
            return ("*",)
        near = {request.name, *self._graph.nodes_in(request.namespace)} if request.name else set()
        return tuple(node for node in sorted(near) if self.decide(node, request) is Reach.YES)

    def _shared(self, request: Request) -> bool:
        bundles = (TRUST_BUNDLES,) if self._server.enabled("ClusterTrustBundle") else ()
        return any(allows(rule, request) for rule in (*SHARED, *bundles))

    def _related(self, node: str, what: str, request: Request) -> Reach:
        return self._graph.leads(node, what, request.namespace, request.name) if request.name else Reach.NO

    def _read(self, node: str, request: Request, what: str) -> Reach:
        """Get, list or watch of one object in a namespace."""
        fits = request.verb in _READ and not request.subresource and request.namespace
        return self._related(node, what, request) if fits else Reach.NO

    def _secret(self, node: str, request: Request) -> Reach:
        return self._read(node, request, SECRET)

    def _config_map(self, node: str, request: Request) -> Reach:
        return self._read(node, request, CONFIG_MAP)

    def _claim(self, node: str, request: Request) -> Reach:
        fits = request.verb in ("update", "patch") if request.subresource == "status" else _plain(request, "get")
        return self._related(node, CLAIM, request) if fits else Reach.NO

    def _volume(self, node: str, request: Request) -> Reach:
        return self._related(node, VOLUME, request) if _plain(request, "get") else Reach.NO

    def _elsewhere(self, node: str, request: Request) -> Reach:
        """Objects that a Cluster does not hold: resource claims, volume attachments."""
        return Reach.UNKNOWN if _plain(request, "get") and request.name else Reach.NO

    def _account(self, node: str, request: Request) -> Reach:
        if _plain(request, "get"):
            gates = ("KubeletServiceAccountTokenForCredentialProviders", "PodCertificateRequest")
            return self._read(node, request, ACCOUNT) if any(map(self._server.enabled, gates)) else Reach.NO
        token = request.verb == "create" and request.subresource == "token"
        return self._related(node, ACCOUNT, request) if token else Reach.NO

    def _lease(self, node: str, request: Request) -> Reach:
        own = request.verb in _OWN and request.namespace == LEASES
        return _either(own and (request.verb == "create" or request.name == node))

    def _csi_node(self, node: str, request: Request) -> Reach:
        verbs: tuple[str, ...]
        if request.subresource == "status":
            verbs = ("get", "update", "patch") if self._server.enabled("CSIVolumeHealth") else ()
        else:
            verbs = () if request.subresource else _OWN
        return _either(request.verb in verbs and (request.verb == "create" or request.name == node))

    def _slice(self, node: str, request: Request) -> Reach:
        if request.subresource:
            return Reach.NO
        if request.verb in ("watch", "list", "deletecollection"):
            return _either(("spec.nodeName", node) in request.fields)
        if request.verb in ("get", "update", "patch", "delete"):
            return Reach.UNKNOWN if request.name else Reach.NO
        return _either(request.verb == "create")

    def _certificate_request(self, node: str, request: Request) -> Reach:
        if request.subresource or not self._server.enabled("PodCertificateRequest"):
            return Reach.NO
        if request.verb in ("list", "watch"):
            return _either(("spec.nodeName", node) in request.fields)
        if request.verb == "get":
            return Reach.UNKNOWN if request.name else Reach.NO
        return _either(request.verb == "create")

    def _node(self, node: str, request: Request) -> Reach:
        if request.subresource == "status":
            return _either(request.verb in ("update", "patch"))
        own = request.verb in _READ and request.name == node
        return _either(not request.subresource and (own or request.verb in ("create", "update", "patch")))

    def _pod(self, node: str, request: Request) -> Reach:
        match request.subresource:
            case "status":
                return _either(request.verb in ("update", "patch"))
            case "eviction":
                return _either(request.verb == "create")
            case "":
                return self._whole_pod(node, request)
            case _:
                return Reach.NO

    def _whole_pod(self, node: str, request: Request) -> Reach:
        if request.verb in ("list", "watch") and ("spec.nodeName", node) in request.fields:
            return Reach.YES
        if request.verb in _READ:
            return self._related(node, POD, request)
        return _either(request.verb in ("create", "delete"))


def _plain(request: Request, verb: str) -> bool:
    return request.verb == verb and not request.subresource


def _either(allowed: bool) -> Reach:
    return Reach.YES if allowed else Reach.NO


_BY_RESOURCE: dict[tuple[str, str], Callable[[NodeAuthorizer, str, Request], Reach]] = {
    ("", "secrets"): NodeAuthorizer._secret,
    ("", "configmaps"): NodeAuthorizer._config_map,
    ("", "persistentvolumeclaims"): NodeAuthorizer._claim,
    ("", "persistentvolumes"): NodeAuthorizer._volume,
    (_RESOURCE, "resourceclaims"): NodeAuthorizer._elsewhere,
    (_STORAGE, "volumeattachments"): NodeAuthorizer._elsewhere,
    ("", "serviceaccounts"): NodeAuthorizer._account,
    ("coordination.k8s.io", "leases"): NodeAuthorizer._lease,
    (_STORAGE, "csinodes"): NodeAuthorizer._csi_node,
    (_RESOURCE, "resourceslices"): NodeAuthorizer._slice,
    ("", "nodes"): NodeAuthorizer._node,
    ("", "pods"): NodeAuthorizer._pod,
    (_CERTIFICATES, "podcertificaterequests"): NodeAuthorizer._certificate_request,
}
