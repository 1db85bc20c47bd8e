"""Rights that lead further than they look: the ones to ask about for everybody at once.

Each is a request without a name, in some namespace or cluster-wide. Who can make it is a fact; what follows from it, together with other facts, is for
whoever joins the pillars. Named rights (``resourceNames``) are asked for by name.

Source: the Kubernetes documentation "RBAC good practices", section "privilege escalation risks"; KEP-5284 for impersonation.

>>> [one.key for one in CAPABILITIES if one.request.resource == "nodes"]
['get-nodes-proxy', 'create-nodes-proxy', 'patch-nodes']
"""

from typing import NamedTuple

from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.validity import GROUP

_CERTIFICATES, _ADMISSION = "certificates.k8s.io", "admissionregistration.k8s.io"


class Capability(NamedTuple):
    """One right. ``namespaced``: holding it in one namespace is worth something."""

    key: str
    request: Request
    namespaced: bool
    gains: str


CAPABILITIES: tuple[Capability, ...] = (
    Capability("anything", Request("*", "*", "*"), True, "everything there is"),
    Capability("create-pods", Request("create", "pods"), True, "every service account and secret of the namespace"),
    Capability("create-deployments", Request("create", "deployments", "apps"), True, "the same, by way of a pod template"),
    Capability("patch-daemonsets", Request("patch", "daemonsets", "apps"), True, "the service accounts of these workloads"),
    Capability("create-jobs", Request("create", "jobs", "batch"), True, "every service account and secret of the namespace"),
    Capability("exec", Request("create", "pods", subresource="exec"), True, "the identity of every pod"),
    Capability(
        "ephemeral-containers", Request("patch", "pods", subresource="ephemeralcontainers"), True, "the identity of every pod"
    ),
    Capability("get-secrets", Request("get", "secrets"), True, "every secret, tokens among them"),
    Capability("list-secrets", Request("list", "secrets"), True, "every secret: a list shows the contents"),
    Capability("create-secrets", Request("create", "secrets"), True, "with get: a token of every service account"),
    Capability("mint-tokens", Request("create", "serviceaccounts", subresource="token"), True, "every service account"),
    Capability("impersonate-users", Request("impersonate", "users"), False, "every user"),
    Capability("impersonate-accounts", Request("impersonate", "serviceaccounts"), True, "every service account"),
    Capability("escalate", Request("escalate", "clusterroles", GROUP), False, "with update: any right"),
    Capability("bind", Request("bind", "clusterroles", GROUP), True, "with create bindings: any role"),
    Capability("get-nodes-proxy", Request("get", "nodes", subresource="proxy"), False, "a shell in every pod of a node"),
    Capability("create-nodes-proxy", Request("create", "nodes", subresource="proxy"), False, "a shell in every pod of a node"),
    Capability("patch-nodes", Request("patch", "nodes"), False, "with evictions: pods on a node of one's own"),
    Capability("approve-certificates", Request("approve", "signers", _CERTIFICATES), False, "with approval: any user name"),
    Capability(
        "webhooks", Request("create", "mutatingwebhookconfigurations", _ADMISSION), False, "every object that is written"
    ),
    Capability("patch-namespaces", Request("patch", "namespaces"), True, "other Pod Security levels and network selectors"),
)
