"""Further checks that some requests meet after the one on their request line, each a named fact.

Nothing in an access review shows them: a request that is allowed here can still be refused there. Each fact says for which requests, under which
circumstances of the object, and what is then asked of the authorizer; ``<...>`` stands for what only the object says. Where several requests stand in
``asks``, any one of them is enough.

Source: KEP-5681 (the list of all calls of Authorize), and the file named with each fact, in Kubernetes 1.37.2.

>>> [fact.name for fact in secondary_checks(Request("create", "serviceaccounts", subresource="token", name="web", namespace="shop"), Server())]
['token-audience']
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.server import Server
from ostiary.pillars.rbac.validity import GROUP

_CERTIFICATES, _ADMISSION, _RESOURCE = "certificates.k8s.io", "admissionregistration.k8s.io", "resource.k8s.io"
_CLAIM_GATE = "DRAResourceClaimGranularStatusAuthorization"
_WRITE = ("create", "update", "patch")
_CHANGE = ("update", "patch")


@dataclass(frozen=True, slots=True)
class Secondary:
    """One further check. ``when``: the circumstances, in words; ``asks``: any of these has to be allowed."""

    name: str
    when: str
    asks: tuple[Request, ...]
    source: str
    usual: bool = True  # not, when the server has to be told to check it


@dataclass(frozen=True, slots=True)
class _Fact:
    """Which requests meet the check: a verb, a group, a resource and a subresource, each one of those listed (None: any)."""

    secondary: Secondary
    verbs: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    subresources: tuple[str, ...] = ("",)
    gate: str = ""

    def meets(self, request: Request, server: Server) -> bool:
        return (
            request.is_resource
            and request.verb in self.verbs
            and (self.groups is None or request.api_group in self.groups)
            and (self.resources is None or request.resource in self.resources)
            and request.subresource in self.subresources
            and (not self.gate or server.enabled(self.gate))
        )


def secondary_checks(request: Request, server: Server) -> Iterator[Secondary]:
    """The further checks that this request can meet, with what is known from its line filled in."""
    for fact in FACTS:
        if fact.meets(request, server):
            yield replace(fact.secondary, asks=tuple(_filled(ask, request) for ask in fact.secondary.asks))


def _filled(ask: Request, request: Request) -> Request:
    """``=`` in a fact stands for what the request says in that place."""
    return Request(
        verb=ask.verb,
        resource=request.resource if ask.resource == "=" else ask.resource,
        api_group=request.api_group if ask.api_group == "=" else ask.api_group,
        subresource=request.subresource if ask.subresource == "=" else ask.subresource,
        name=request.name if ask.name == "=" else ask.name,
        namespace=request.namespace if ask.namespace == "=" else ask.namespace,
    )


def _signer(verb: str) -> tuple[Request, ...]:
    return tuple(Request(verb, "signers", _CERTIFICATES, name=name) for name in ("<signerName>", "<domain of signerName>/*"))


_ROLES = Secondary(
    "escalate",
    "unless the caller holds every rule of the written role",
    (Request("escalate", "=", GROUP, name="=", namespace="="),),
    "pkg/registry/rbac/escalation_check.go (RoleEscalationAuthorized)",
)
_BINDINGS = Secondary(
    "bind",
    "unless the caller holds every rule of the role that is bound",
    (Request("bind", "<roles or clusterroles>", GROUP, name="<roleRef.name>", namespace="="),),
    "pkg/registry/rbac/escalation_check.go (BindingAuthorized)",
)
_APPROVE = Secondary("approve", "always", _signer("approve"), "plugin/pkg/admission/certificates/approval")
_SIGN = Secondary(
    "sign", "when the certificate or a condition of it changes", _signer("sign"), "plugin/pkg/admission/certificates/signing"
)
_ATTEST = Secondary(
    "attest",
    "when a ClusterTrustBundle names a signer",
    _signer("attest"),
    "plugin/pkg/admission/certificates/ctbattest",
)
_POD_CERTIFICATE = Secondary(
    "sign-pod-certificate", "always", _signer("sign"), "pkg/registry/certificates/podcertificaterequest/strategy.go"
)
_AUDIENCE = Secondary(
    "token-audience",
    "when a node asks for an audience that none of the pod's volumes has",
    (Request("request-serviceaccounts-token-audience", "<audience>", name="=", namespace="="),),
    "plugin/pkg/admission/noderestriction (ServiceAccountNodeAudienceRestriction)",
)
_WEBSOCKET = Secondary(
    "websocket-create",
    "when the connection is a websocket, which is a GET",
    (Request("create", "=", "=", subresource="=", name="=", namespace="="),),
    "pkg/registry/core/pod/rest/authorize.go (AuthorizePodWebsocketUpgradeCreatePermission)",
)
_PARAMETERS = Secondary(
    "policy-parameters",
    "when the policy has a paramKind",
    (Request("get", "<paramKind>", "<group of paramKind>", name="*", namespace="*"),),
    "pkg/registry/admissionregistration/*policy/authz.go",
)
_BOUND_PARAMETERS = Secondary(
    "policy-binding-parameters",
    "when the binding has a paramRef; list, when it selects and does not name",
    (Request("get", "<paramKind>", "<group of paramKind>", name="<paramRef.name>", namespace="<paramRef.namespace>"),),
    "pkg/registry/admissionregistration/*policybinding/authz.go",
)
_CLAIM_BINDING = Secondary(
    "claim-binding",
    "when status.allocation or status.reservedFor changes",
    (Request("update", "resourceclaims", _RESOURCE, subresource="binding", name="=", namespace="="),),
    "pkg/registry/resource/utils.go (AuthorizedForBinding); patch for patch",
)
_CLAIM_DRIVER = Secondary(
    "claim-driver",
    "when status.devices changes, for each driver; associated-node only from the claim's own node",
    tuple(
        Request(f"{mode}:update", "resourceclaims", _RESOURCE, subresource="driver", name="<driver>", namespace="=")
        for mode in ("associated-node", "arbitrary-node")
    ),
    "pkg/registry/resource/utils.go (AuthorizedForDeviceStatus); patch for patch",
)
_CREATE_BY_UPDATE = Secondary(
    "create-by-update",
    "when the object is not there yet and the verb makes it (server-side apply, and update of some kinds)",
    (Request("create", "=", "=", name="=", namespace="="),),
    "apiserver/pkg/endpoints/handlers/update.go (withAuthorization)",
)
_OWNER = Secondary(
    "own",
    "when ownerReferences change and the plugin OwnerReferencesPermissionEnforcement is on",
    (Request("delete", "=", "=", subresource="=", name="=", namespace="="),),
    "plugin/pkg/admission/gc/gc_admission.go",
    usual=False,
)
_FINALIZERS = Secondary(
    "block-owner-deletion",
    "when an owner reference blocks deletion and the plugin OwnerReferencesPermissionEnforcement is on",
    (Request("update", "<owner>", "<group of owner>", subresource="finalizers", name="<owner>", namespace="="),),
    "plugin/pkg/admission/gc/gc_admission.go",
    usual=False,
)
_UNSAFE_DELETE = Secondary(
    "unsafe-delete",
    "when the delete option ignoreStoreReadErrorWithClusterBreakingPotential is set",
    (Request("unsafe-delete-ignore-read-errors", "=", "=", name="=", namespace="="),),
    "apiserver/pkg/endpoints/handlers/delete.go",
)

FACTS: tuple[_Fact, ...] = (
    _Fact(_ROLES, _WRITE, (GROUP,), ("roles", "clusterroles")),
    _Fact(_BINDINGS, _WRITE, (GROUP,), ("rolebindings", "clusterrolebindings")),
    _Fact(_APPROVE, _CHANGE, (_CERTIFICATES,), ("certificatesigningrequests",), ("approval",)),
    _Fact(_SIGN, _CHANGE, (_CERTIFICATES,), ("certificatesigningrequests",), ("status",)),
    _Fact(_ATTEST, _WRITE, (_CERTIFICATES,), ("clustertrustbundles",), gate="ClusterTrustBundle"),
    _Fact(_POD_CERTIFICATE, _CHANGE, (_CERTIFICATES,), ("podcertificaterequests",), ("status",), gate="PodCertificateRequest"),
    _Fact(_AUDIENCE, ("create",), ("",), ("serviceaccounts",), ("token",)),
    _Fact(
        _WEBSOCKET,
        ("get",),
        ("",),
        ("pods",),
        ("exec", "attach", "portforward"),
        gate="AuthorizePodWebsocketUpgradeCreatePermission",
    ),
    _Fact(_PARAMETERS, _WRITE, (_ADMISSION,), ("validatingadmissionpolicies", "mutatingadmissionpolicies")),
    _Fact(_BOUND_PARAMETERS, _WRITE, (_ADMISSION,), ("validatingadmissionpolicybindings", "mutatingadmissionpolicybindings")),
    _Fact(_CLAIM_BINDING, _CHANGE, (_RESOURCE,), ("resourceclaims",), ("status",), gate=_CLAIM_GATE),
    _Fact(_CLAIM_DRIVER, _CHANGE, (_RESOURCE,), ("resourceclaims",), ("status",), gate=_CLAIM_GATE),
    _Fact(_CREATE_BY_UPDATE, _CHANGE),
    _Fact(_OWNER, _CHANGE),
    _Fact(_FINALIZERS, _WRITE),
    _Fact(_UNSAFE_DELETE, ("delete",)),
)
