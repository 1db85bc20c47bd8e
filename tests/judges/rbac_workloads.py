"""Workloads that speak to a real API server with tokens of their own: what an operator, a pipeline, a collector and a person really ask for.

Each is over-granted by what people install. ``day`` is what they ask for on one day, leader election and backup included; nothing needs a node.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ostiary.adapters.kubernetes.access import Access, Identity
from ostiary.adapters.kubernetes.client import APPLY_PATCH, MERGE_PATCH, Client, Response

API, RBAC = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
NAMESPACES = ("backup", "ci", "monitoring", "payments", "shop")
ACCOUNTS = {"operator": ("backup", "operator"), "runner": ("ci", "runner"), "metrics": ("monitoring", "metrics")}
PERSON, GROUP = "dana@example.com", "support"


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"

    async def by(self, client: Client) -> Response:
        body = json.dumps(self.body).encode() if self.body is not None else None
        return await client.request(self.method, self.path, query=self.query, body=body, content_type=self.content_type)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {dict(self.query) or ''}"


def account_of(who: str) -> str:
    return "system:serviceaccount:{}:{}".format(*ACCOUNTS[who])


def objects() -> list[dict[str, Any]]:
    """The cluster as people left it."""
    made: list[dict[str, Any]] = [_meta("v1", "Namespace", name) for name in NAMESPACES]
    made += [_meta("v1", "ServiceAccount", name, namespace) for namespace, name in ACCOUNTS.values()]
    made += [_meta("v1", "Secret", "card-processor", "payments"), _meta("v1", "Secret", "bucket", "backup")]
    made += [_deployment("storefront", "shop"), _deployment("payments", "payments")]
    star = {
        "verbs": ["*"],
        "apiGroups": ["", "apps"],
        "resources": ["pods", "deployments", "configmaps", "secrets", "services"],
    }
    reads = {
        "verbs": ["get", "list", "watch"],
        "apiGroups": [""],
        "resources": ["pods", "nodes", "services", "endpoints", "secrets"],
    }
    made += [
        {**_meta(API, "Role", "deployer", "shop"), "rules": [star]},
        {**_meta(API, "ClusterRole", "metrics-reader"), "rules": [reads, {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}]},
        _binding("ClusterRoleBinding", "backup-operator", "ClusterRole/cluster-admin", _account("operator")),
        _binding("RoleBinding", "ci-deploys", "Role/deployer", _account("runner"), namespace="shop"),
        # one binding, several subjects: one of them a group that nobody learns about
        _binding("ClusterRoleBinding", "metrics-reader", "ClusterRole/metrics-reader", _account("metrics"), _group("auditors")),
        _binding("RoleBinding", "support", "ClusterRole/edit", _group(GROUP), namespace="shop"),
    ]
    return made


def day(number: int) -> list[tuple[str, Call]]:
    """What they ask for on a day; the person comes on every third, the leader changes on every fifth."""
    asked = [*_operator(number), *_runner(number), *_metrics()]
    return [*asked, *_person()] if number % 3 == 0 else asked


def _operator(number: int) -> list[tuple[str, Call]]:
    lease, deployments = "/apis/coordination.k8s.io/v1/namespaces/backup/leases", "/apis/apps/v1/deployments"
    held = {**_meta("coordination.k8s.io/v1", "Lease", "leader", "backup"), "spec": {"holderIdentity": f"operator-{number}"}}
    event = {
        **_meta("v1", "Event", f"leader-{number}", "backup"),
        "involvedObject": {"kind": "Lease", "namespace": "backup", "name": "leader", "apiVersion": "coordination.k8s.io/v1"},
        "reason": "LeaderElection",
        "type": "Normal",
    }
    calls = [
        Call("GET", f"{lease}/leader"),
        Call("PATCH", f"{lease}/leader", {"fieldManager": "operator", "force": "true"}, held, APPLY_PATCH),
        Call("POST", "/api/v1/namespaces/backup/events", body=event),
        Call("GET", deployments),
        Call("GET", deployments, {"watch": "true", "timeoutSeconds": "1"}),
        Call("GET", "/api/v1/namespaces/backup/secrets/bucket"),
        Call(
            "PATCH",
            "/apis/apps/v1/namespaces/shop/deployments/storefront",
            body={"metadata": {"annotations": {"backup": str(number)}}},
            content_type=MERGE_PATCH,
        ),
    ]
    if number % 5 == 0:  # a new leader looks at everything once more
        calls += [Call("GET", "/api/v1/persistentvolumeclaims"), Call("GET", "/version"), Call("GET", "/apis")]
    return [("operator", call) for call in calls]


def _runner(number: int) -> list[tuple[str, Call]]:
    deployment = "/apis/apps/v1/namespaces/shop/deployments"
    scaled = {**_meta("apps/v1", "Deployment", "storefront", "shop"), "spec": {"minReadySeconds": number % 7}}
    calls = [
        Call("GET", f"{deployment}/storefront"),
        Call("PATCH", f"{deployment}/storefront", {"fieldManager": "ci", "force": "true"}, scaled, APPLY_PATCH),
        Call("GET", "/api/v1/namespaces/shop/pods", {"labelSelector": "app=storefront"}),
        Call("GET", "/api/v1/namespaces/shop/pods", {"watch": "true", "timeoutSeconds": "1"}),
    ]
    return [("runner", call) for call in calls]


def _metrics() -> list[tuple[str, Call]]:
    paths = ("/api/v1/pods", "/api/v1/nodes", "/api/v1/services", "/metrics")
    watched = [Call("GET", "/api/v1/pods", {"watch": "true", "timeoutSeconds": "1"})]
    return [("metrics", call) for call in [*(Call("GET", path) for path in paths), *watched]]


def _person() -> list[tuple[str, Call]]:
    return [
        ("person", Call("GET", "/api/v1/namespaces/shop/pods")),
        ("person", Call("GET", "/api/v1/namespaces/shop/services")),
    ]


def never() -> list[tuple[str, Call]]:
    """What they may do as installed, never do, and nobody wants them to."""
    pod = {**_meta("v1", "Pod", "shell", "payments"), "spec": {"containers": [{"name": "c", "image": "ostiary.dev/none:1"}]}}
    dry = {"dryRun": "All"}
    return [
        ("operator", Call("GET", "/api/v1/namespaces/payments/secrets/card-processor")),
        ("operator", Call("GET", "/api/v1/secrets")),
        ("operator", Call("POST", "/api/v1/namespaces/payments/pods", dry, pod)),
        ("operator", Call("POST", f"/apis/{API}/clusterroles", dry, _meta(API, "ClusterRole", "mine"))),
        (
            "runner",
            Call("POST", "/api/v1/namespaces/shop/pods", dry, {**pod, "metadata": {"name": "shell", "namespace": "shop"}}),
        ),
        ("runner", Call("GET", "/api/v1/namespaces/shop/secrets")),
        ("metrics", Call("GET", "/api/v1/namespaces/payments/secrets/card-processor")),
        ("person", Call("GET", "/api/v1/namespaces/shop/secrets")),
    ]


def access(admin: Access, who: str, token: str) -> Access:
    """The same server, as one of them: a token of its own, or for the person, whom an administrator impersonates."""
    if who != "person":
        identity = Identity(token=token)
    else:
        admin_identity = admin.identity
        headers = (("Impersonate-User", PERSON), ("Impersonate-Group", GROUP))
        identity = Identity(certificate=admin_identity.certificate, key=admin_identity.key, impersonate=headers)
    return Access(server=admin.server, certificate_authority=admin.certificate_authority, identity=identity, origin=who)


def _meta(version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place}}


def _account(who: str) -> dict[str, Any]:
    namespace, name = ACCOUNTS[who]
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


def _group(name: str) -> dict[str, Any]:
    return {"kind": "Group", "name": name, "apiGroup": RBAC}


def _binding(kind: str, name: str, role: str, *subjects: dict[str, Any], namespace: str = "") -> dict[str, Any]:
    role_kind, _, role_name = role.partition("/")
    ref = {"apiGroup": RBAC, "kind": role_kind, "name": role_name}
    return {**_meta(API, kind, name, namespace), "roleRef": ref, "subjects": list(subjects)}


def _deployment(name: str, namespace: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "ostiary.dev/none:1"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {**_meta("apps/v1", "Deployment", name, namespace), "spec": spec}
