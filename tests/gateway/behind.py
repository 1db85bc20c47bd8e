"""A sandbox's API server as an upstream of a gateway: the gateway's account, limited to one person, and that person's rights."""

import base64
import json

import yaml
from tests.gateway.door import PERSON

from ostiary.model.access import GATEWAY_ACCOUNT, GROUP, NAMESPACE, SESSION_EXTRA, USER_PREFIX, Upstream
from ostiary.sandbox import RunningCluster

RBAC = "rbac.authorization.k8s.io"


def upstream(cluster: RunningCluster, name: str = "c1") -> Upstream:
    """The API server as the gateway must know it."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    return Upstream(name=name, server=cluster.server, certificate_authority=authority)


def gateway_token(cluster: RunningCluster, people: tuple[str, ...] = (PERSON,)) -> str:
    """A token of an account that may impersonate these people and nothing else."""
    users = [USER_PREFIX + person for person in people]
    rules = [
        {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": users},
        {"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"], "resourceNames": [GROUP]},
        {"apiGroups": ["authentication.k8s.io"], "resources": [f"userextras/{SESSION_EXTRA}"], "verbs": ["impersonate"]},
    ]
    account = {"kind": "ServiceAccount", "name": GATEWAY_ACCOUNT, "namespace": NAMESPACE}
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": GATEWAY_ACCOUNT, "namespace": NAMESPACE}},
        {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "ostiary:gateway"}, "rules": rules},
        _binding("ostiary:gateway", "ostiary:gateway", account),
    ]
    cluster.run("kubectl", "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return cluster.run("kubectl", "-n", NAMESPACE, "create", "token", GATEWAY_ACCOUNT).stdout.strip()


def grant(cluster: RunningCluster, role: str, person: str = PERSON) -> None:
    """Give a person a ClusterRole everywhere."""
    user = {"kind": "User", "name": USER_PREFIX + person, "apiGroup": RBAC}
    cluster.run("kubectl", "apply", "-f", "-", stdin=json.dumps(_binding(f"test:{person}:{role}", role, user)))


def _binding(name: str, role: str, subject: dict[str, str]) -> dict[str, object]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }
