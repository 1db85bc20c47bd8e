"""The escalation primitives of RBAC, one entry each, in the order of the catalogue of docs/rbac.md.

Rows that are no rights (a compromised node, an escape from a container, neighbours in a pod, cloud identities: 21 to 24) are not of this pillar. Row 25
(a binding that waits for its service account) depends on the bindings there are: ``waiting`` makes it. Row 27 (list with ``resourceNames``) is
part of ``read-secrets``; row 28 (reviews) gains nothing and is left out on purpose.

Source: the Kubernetes documentation "RBAC good practices"; KEP-5284; Kubernetes 1.37.2 as named with each entry.

>>> [one.key for one in PRIMITIVES if one.row == 11]
['nodes-proxy']
"""

from ostiary.pillars.rbac.escalations.primitive import Gain, Need, Place, Primitive
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.validity import GROUP

_PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_AUTHENTICATION, _CERTIFICATES, _ADMISSION = "authentication.k8s.io", "certificates.k8s.io", "admissionregistration.k8s.io"
_KEP = "KEP-5284, apiserver/pkg/endpoints/filters/impersonation/mode.go"
_CLIENT_SIGNER = ("kubernetes.io/kube-apiserver-client", "kubernetes.io/*")
WORKLOADS = (
    ("", "pods"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("", "replicationcontrollers"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
)
# Custom resources by which well-known operators do what they are told, with rights of their own.
OPERATED = (
    ("kustomize.toolkit.fluxcd.io", "kustomizations"),
    ("helm.toolkit.fluxcd.io", "helmreleases"),
    ("argoproj.io", "applications"),
    ("argoproj.io", "workflows"),
    ("tekton.dev", "taskruns"),
    ("tekton.dev", "pipelineruns"),
    ("cert-manager.io", "certificates"),
    ("external-secrets.io", "externalsecrets"),
    ("velero.io", "restores"),
    ("kubevirt.io", "virtualmachines"),
    ("kyverno.io", "clusterpolicies"),
    ("operators.coreos.com", "subscriptions"),
)


def _any(
    verbs: str, group: str, resource: str, subresource: str = "", *, named: bool = False, place: Place = Place.NAMESPACE
) -> Need:
    return Need(tuple(Request(verb, resource, group, subresource) for verb in verbs.split()), named, place)


def _each(verbs: str, resources: tuple[tuple[str, str], ...], *, named: bool = False) -> Need:
    return Need(tuple(Request(verb, resource, group) for verb in verbs.split() for group, resource in resources), named)


def _on(mode: str) -> Need:
    """Something may be done in this mode of impersonation, whatever it is."""
    return Need((), prefix=f"impersonate-on:{mode}:")


_CREATE_WORKLOADS = _each("create", WORKLOADS)
_WRITE_BINDINGS = _any("create update patch", GROUP, "rolebindings")
_WRITE_CLUSTER_BINDINGS = _any("create update patch", GROUP, "clusterrolebindings", place=Place.CLUSTER)
_EXEC = (Request("create", "pods", subresource="exec"), Request("create", "pods", subresource="attach"))
_EXEC_BY_GET = (Request("get", "pods", subresource="exec"), Request("get", "pods", subresource="attach"))
_NETWORK = (
    Request("create", "pods", subresource="portforward"),
    *(Request(verb, what, subresource="proxy") for verb in ("get", "create") for what in ("pods", "services")),
)
_SOME_IDENTITY = Need((Request("impersonate", "users"), Request("impersonate", "serviceaccounts")), named=True, limits=False)

PRIMITIVES: tuple[Primitive, ...] = (
    Primitive("create-workloads", 1, Gain.ACCOUNTS, (_CREATE_WORKLOADS,), _PRACTICES),
    Primitive("change-workloads", 2, Gain.WORKLOADS, (_each("update patch", WORKLOADS, named=True),), _PRACTICES),
    Primitive("ephemeral-containers", 2, Gain.PODS, (_any("update patch", "", "pods", "ephemeralcontainers", named=True),), _PRACTICES),
    Primitive("exec", 3, Gain.PODS, (Need(_EXEC, named=True),), _PRACTICES),
    Primitive("exec-by-get", 3, Gain.PODS, (Need(_EXEC_BY_GET, named=True),), "pkg/registry/core/pod/rest/authorize.go", until=35),
    Primitive("reach-pods", 3, Gain.POD_NETWORK, (Need(_NETWORK, named=True),), _PRACTICES),
    Primitive("read-secrets", 4, Gain.SECRETS, (_any("get list watch", "", "secrets", named=True),), _PRACTICES),
    Primitive(
        "legacy-tokens", 5, Gain.TOKENS, (_any("create", "", "secrets"), _any("get list watch", "", "secrets")), _PRACTICES,
        beside="the token controller runs, which it does by default",
    ),
    Primitive("mint-tokens", 6, Gain.TOKENS, (_any("create", "", "serviceaccounts", "token", named=True),), _PRACTICES),
    Primitive("impersonate-users", 7, Gain.USERS, (_any("impersonate", "", "users", named=True, place=Place.CLUSTER),), _PRACTICES),
    Primitive("impersonate-accounts", 7, Gain.TOKENS, (_any("impersonate", "", "serviceaccounts", named=True),), _PRACTICES),
    Primitive(
        "impersonate-groups", 7, Gain.GROUPS, (_any("impersonate", "", "groups", named=True, place=Place.CLUSTER), _SOME_IDENTITY),
        "apiserver/pkg/endpoints/filters/impersonation: a group without a user is refused",
    ),
    Primitive(
        "constrained-users", 7, Gain.USERS,
        (_any("impersonate:user-info", _AUTHENTICATION, "users", named=True, place=Place.CLUSTER), _on("user-info")),
        _KEP, since=35, gate="ConstrainedImpersonation",
    ),
    Primitive(
        "constrained-accounts", 7, Gain.TOKENS,
        (_any("impersonate:serviceaccount", _AUTHENTICATION, "serviceaccounts", named=True), _on("serviceaccount")),
        _KEP, since=35, gate="ConstrainedImpersonation",
    ),
    Primitive(
        "constrained-nodes", 7, Gain.NODES,
        (_any("impersonate:arbitrary-node", _AUTHENTICATION, "nodes", named=True, place=Place.CLUSTER), _on("arbitrary-node")),
        _KEP, since=35, gate="ConstrainedImpersonation",
    ),
    Primitive("bind-roles", 8, Gain.ROLES, (_any("bind", GROUP, "roles", named=True), _WRITE_BINDINGS), _PRACTICES),
    Primitive("bind-clusterroles", 8, Gain.ROLES, (_any("bind", GROUP, "clusterroles", named=True), _WRITE_BINDINGS), _PRACTICES),
    Primitive(
        "bind-clusterroles-everywhere", 8, Gain.ROLES,
        (_any("bind", GROUP, "clusterroles", named=True, place=Place.CLUSTER), _WRITE_CLUSTER_BINDINGS), _PRACTICES,
    ),
    Primitive(
        "escalate-roles", 9, Gain.ANYTHING, (_any("escalate", GROUP, "roles", named=True), _any("update patch", GROUP, "roles", named=True)),
        _PRACTICES, beside="a role that one holds already, or may bind",
    ),
    Primitive(
        "escalate-clusterroles", 9, Gain.ANYTHING,
        (
            _any("escalate", GROUP, "clusterroles", named=True, place=Place.CLUSTER),
            _any("update patch", GROUP, "clusterroles", named=True, place=Place.CLUSTER),
        ),
        _PRACTICES, beside="a role that one holds already, or may bind",
    ),
    Primitive(
        "sign-in-by-certificate", 10, Gain.USERS,
        (
            _any("create", _CERTIFICATES, "certificatesigningrequests", place=Place.CLUSTER),
            _any("update patch", _CERTIFICATES, "certificatesigningrequests", "approval", place=Place.CLUSTER),
            Need((Request("approve", "signers", _CERTIFICATES),), named=True, place=Place.CLUSTER, only=_CLIENT_SIGNER),
        ),
        "pkg/certauthorization; the group system:masters is refused by CertificateSubjectRestriction",
    ),
    Primitive(
        "sign-certificates", 10, Gain.CERTIFICATES,
        (
            _any("update patch", _CERTIFICATES, "certificatesigningrequests", "status", place=Place.CLUSTER),
            _any("sign", _CERTIFICATES, "signers", named=True, place=Place.CLUSTER),
        ),
        "pkg/certauthorization",
    ),
    Primitive(
        "nodes-proxy", 11, Gain.NODE_PODS, (_any("get create", "", "nodes", "proxy", named=True, place=Place.CLUSTER),),
        "pkg/kubelet/server/auth.go: exec by GET is verb get",
    ),
    Primitive("change-namespaces", 12, Gain.POD_SECURITY, (_any("update patch", "", "namespaces", named=True),), _PRACTICES),
    Primitive(
        "host-volumes", 13, Gain.HOST,
        (
            _any("create", "", "persistentvolumes", place=Place.CLUSTER),
            _any("create", "", "persistentvolumeclaims"),
            _CREATE_WORKLOADS,
        ),
        _PRACTICES,
    ),
    Primitive(
        "mutating-webhooks", 14, Gain.OBJECTS,
        (_any("create update patch", _ADMISSION, "mutatingwebhookconfigurations", named=True, place=Place.CLUSTER),), _PRACTICES,
    ),
    Primitive(
        "mutating-policies", 14, Gain.OBJECTS,
        (
            _any("create update patch", _ADMISSION, "mutatingadmissionpolicies", place=Place.CLUSTER),
            _any("create update patch", _ADMISSION, "mutatingadmissionpolicybindings", place=Place.CLUSTER),
        ),
        "KEP-3962; generally available since 1.36", since=36,
    ),
    Primitive(
        "validating-webhooks", 15, Gain.OBSERVED,
        (_any("create update patch", _ADMISSION, "validatingwebhookconfigurations", named=True, place=Place.CLUSTER),), _PRACTICES,
    ),
    Primitive(
        "api-services", 16, Gain.TRAFFIC,
        (_any("create update patch", "apiregistration.k8s.io", "apiservices", named=True, place=Place.CLUSTER),), _PRACTICES,
    ),
    Primitive(
        "conversion-webhooks", 16, Gain.TRAFFIC,
        (_any("create update patch", "apiextensions.k8s.io", "customresourcedefinitions", named=True, place=Place.CLUSTER),), _PRACTICES,
    ),
    Primitive(
        "endpoints", 16, Gain.TRAFFIC,
        (_each("create update patch", (("", "endpoints"), ("discovery.k8s.io", "endpointslices")), named=True),), _PRACTICES,
    ),
    Primitive(
        "external-addresses", 16, Gain.TRAFFIC,
        (Need((*(Request(v, "services") for v in ("create", "update", "patch")), Request("patch", "services", subresource="status"))),),
        "CVE-2020-8554", beside="the plugin DenyServiceExternalIPs is off, which it is by default",
    ),
    Primitive(
        "cluster-names", 16, Gain.TRAFFIC, (Need(_any("update patch", "", "configmaps").requests, named=True, only=("coredns",)),),
        _PRACTICES, namespace="kube-system",
    ),
    Primitive(
        "steal-pods", 17, Gain.STOLEN_PODS,
        (
            Need((Request("delete", "pods"), Request("create", "pods", subresource="eviction"))),
            Need(
                (*_any("update patch", "", "nodes").requests, *_any("update patch", "", "nodes", "status").requests),
                named=True, place=Place.CLUSTER, limits=False,
            ),
        ),
        _PRACTICES, beside="a node that one holds",
    ),
    Primitive(
        "place-pods", 18, Gain.PLACEMENT, (Need((Request("create", "pods", subresource="binding"), Request("create", "bindings"))),), _PRACTICES
    ),
    Primitive(
        "cluster-settings", 19, Gain.CLUSTER,
        (
            Need(
                _any("update patch", "", "configmaps").requests, named=True,
                only=("aws-auth", "extension-apiserver-authentication", "kubeadm-config", "kubelet-config"),
            ),
        ),
        "https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html", namespace="kube-system",
    ),
    Primitive("operators", 20, Gain.OPERATORS, (_each("create update patch", OPERATED),), "documentation of each operator"),
    Primitive(
        "aggregated-roles", 26, Gain.SHARED, (_any("create update patch", GROUP, "clusterroles", place=Place.CLUSTER),),
        "pkg/controller/clusterroleaggregation", beside="an aggregated ClusterRole that somebody holds",
    ),
)  # fmt: skip
