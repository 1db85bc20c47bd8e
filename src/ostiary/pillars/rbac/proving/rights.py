"""The rights that lead on, one entry each: any of the requests is enough. What each leads to is in ``effects`` and ``lateral``.

Wider than the catalogue of primitives where a proof needs it: a change of a pod template is told apart from a change of a pod, and every part of a primitive
that several requests make up stands by itself, for two identities may make them.

Source: as in ``escalations.catalogue``.

>>> RIGHTS["mint-tokens"].named
True
"""

from collections.abc import Mapping

from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.escalations.catalogue import OPERATED, WORKLOADS
from ostiary.pillars.rbac.escalations.primitive import Need, Place
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.server import Server
from ostiary.pillars.rbac.validity import GROUP

_AUTHENTICATION, _CERTIFICATES, _ADMISSION = "authentication.k8s.io", "certificates.k8s.io", "admissionregistration.k8s.io"
WRITE = ("create", "update", "patch")
CHANGE = ("update", "patch")
TEMPLATES = {resource: group for group, resource in WORKLOADS if resource not in ("pods", "jobs")}
CREATE_BY_WEBSOCKET = 35  # from this minor version on, get does not open a shell any more


def _need(verbs: tuple[str, ...], group: str, *resources: str, named: bool = False, only: tuple[str, ...] = ()) -> Need:
    parts = (resource.partition("/") for resource in resources)
    requests = tuple(Request(verb, one, group, sub) for one, _, sub in parts for verb in verbs)
    return Need(requests, named or bool(only), only=only)


def _cluster(verbs: tuple[str, ...], group: str, *resources: str, named: bool = False, only: tuple[str, ...] = ()) -> Need:
    made = _need(verbs, group, *resources, named=named, only=only)
    return Need(made.requests, made.named, Place.CLUSTER, made.only)


_ENTER = _need(("create",), "", "pods/exec", "pods/attach").requests + _need(CHANGE, "", "pods").requests

RIGHTS: Mapping[str, Need] = {
    "make-pods": Need(tuple(Request("create", resource, group) for group, resource in WORKLOADS)),
    **{f"change-{resource}": _need(CHANGE, group, resource, named=True) for resource, group in TEMPLATES.items()},
    "enter-pods": Need(_ENTER, named=True),
    "debug-pods": _need(CHANGE, "", "pods/ephemeralcontainers", named=True),
    "read-secrets": _need(("get", "list", "watch"), "", "secrets", named=True),
    "create-secrets": _need(("create",), "", "secrets"),
    "change-secrets": _need(CHANGE, "", "secrets", named=True),
    "mint-tokens": _need(("create",), "", "serviceaccounts/token", named=True),
    "create-accounts": _need(("create",), "", "serviceaccounts"),
    "impersonate-accounts": _need(("impersonate",), "", "serviceaccounts", named=True),
    "impersonate-users": _cluster(("impersonate",), "", "users", named=True),
    "impersonate-groups": _cluster(("impersonate",), "", "groups", named=True),
    "constrained-users": _cluster(("impersonate:user-info",), _AUTHENTICATION, "users", named=True),
    "constrained-groups": _cluster(("impersonate:user-info",), _AUTHENTICATION, "groups", named=True),
    "constrained-accounts": _need(("impersonate:serviceaccount",), _AUTHENTICATION, "serviceaccounts", named=True),
    "constrained-nodes": _cluster(("impersonate:arbitrary-node",), _AUTHENTICATION, "nodes", named=True),
    "bind-roles": _need(("bind",), GROUP, "roles", named=True),
    "bind-clusterroles": _need(("bind",), GROUP, "clusterroles", named=True),
    "write-bindings": _need(WRITE, GROUP, "rolebindings", named=True),
    "write-cluster-bindings": _cluster(WRITE, GROUP, "clusterrolebindings", named=True),
    "escalate-roles": _need(("escalate",), GROUP, "roles", named=True),
    "escalate-clusterroles": _cluster(("escalate",), GROUP, "clusterroles", named=True),
    "request-certificates": _cluster(("create",), _CERTIFICATES, "certificatesigningrequests"),
    "approve-requests": _cluster(CHANGE, _CERTIFICATES, "certificatesigningrequests/approval", named=True),
    "approve-clients": _cluster(
        ("approve",), _CERTIFICATES, "signers", only=("kubernetes.io/kube-apiserver-client", "kubernetes.io/*")
    ),
    "pod-certificates": _need(("create",), _CERTIFICATES, "podcertificaterequests"),
    "nodes-proxy": _cluster(("get", "create"), "", "nodes/proxy", named=True),
    "change-namespaces": _need(CHANGE, "", "namespaces", named=True),
    "create-namespaces": _cluster(("create",), "", "namespaces"),
    "create-volumes": _cluster(("create",), "", "persistentvolumes"),
    "create-claims": _need(("create",), "", "persistentvolumeclaims"),
    "mutating-webhooks": _cluster(WRITE, _ADMISSION, "mutatingwebhookconfigurations", named=True),
    "mutating-policies": _cluster(WRITE, _ADMISSION, "mutatingadmissionpolicies", named=True),
    "mutating-policy-bindings": _cluster(WRITE, _ADMISSION, "mutatingadmissionpolicybindings", named=True),
    "validating-webhooks": _cluster(WRITE, _ADMISSION, "validatingwebhookconfigurations", named=True),
    "api-services": _cluster(WRITE, "apiregistration.k8s.io", "apiservices", named=True),
    "definitions": _cluster(WRITE, "apiextensions.k8s.io", "customresourcedefinitions", named=True),
    "cluster-settings": _need(
        CHANGE, "", "configmaps", only=("aws-auth", "extension-apiserver-authentication", "kubeadm-config", "kubelet-config")
    ),
}


def rights(server: Server, cluster: Cluster) -> dict[str, Need]:
    """The rights as they count on this server and with the custom resources that it has; everything, where the version is not known."""
    found = dict(RIGHTS)
    if server.assumed or server.minor < CREATE_BY_WEBSOCKET:
        by_get = (Request("get", "pods", subresource="exec"), Request("get", "pods", subresource="attach"))
        found["enter-pods"] = Need((*_ENTER, *by_get), named=True)
    served = {(one.spec.group, one.spec.names.plural) for one in cluster.custom_resource_definitions}
    operated = [Request(verb, resource, group) for group, resource in OPERATED if (group, resource) in served for verb in WRITE]
    if operated:
        found["operators"] = Need(tuple(operated), named=True)
    return found
