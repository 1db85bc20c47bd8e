"""Rules against requests, and the rights that lead further, as tables: from the Kubernetes documentation, a second time.

A right is held for every name (the empty one) or for some. What leads to what is in ``closed.py``.
"""

from collections.abc import Iterable
from typing import Any

Rule = dict[str, Any]
RBAC, ADMISSION, CERTIFICATES = "rbac.authorization.k8s.io", "admissionregistration.k8s.io", "certificates.k8s.io"
WRITE, CHANGE, READ = "create update patch", "update patch", "get list watch"

# right: (verbs, API group, resources), any of which is enough
TABLE: dict[str, list[tuple[str, str, str]]] = {
    "make pods": [
        ("create", "", "pods replicationcontrollers"),
        ("create", "apps", "deployments daemonsets statefulsets replicasets"),
        ("create", "batch", "jobs cronjobs"),
    ],
    "change templates": [
        (CHANGE, "", "replicationcontrollers"),
        (CHANGE, "apps", "deployments daemonsets statefulsets replicasets"),
        (CHANGE, "batch", "cronjobs"),
    ],
    "enter pods": [("create", "", "pods/exec pods/attach"), (CHANGE, "", "pods pods/ephemeralcontainers")],
    "enter pods by get": [("get", "", "pods/exec pods/attach")],  # until 1.34
    "debug pods": [(CHANGE, "", "pods/ephemeralcontainers")],
    "read secrets": [(READ, "", "secrets")],
    "write secrets": [(WRITE, "", "secrets")],
    "mint tokens": [("create", "", "serviceaccounts/token")],
    "create accounts": [("create", "", "serviceaccounts")],
    "impersonate accounts": [
        ("impersonate", "", "serviceaccounts"),
        ("impersonate:serviceaccount", "authentication.k8s.io", "serviceaccounts"),
    ],
    "impersonate users": [("impersonate", "", "users"), ("impersonate:user-info", "authentication.k8s.io", "users")],
    "impersonate groups": [("impersonate", "", "groups"), ("impersonate:user-info", "authentication.k8s.io", "groups")],
    "impersonate nodes": [("impersonate:arbitrary-node", "authentication.k8s.io", "nodes")],
    "bind roles": [("bind", RBAC, "roles")],
    "bind cluster roles": [("bind", RBAC, "clusterroles")],
    "escalate roles": [("escalate", RBAC, "roles")],
    "escalate cluster roles": [("escalate", RBAC, "clusterroles")],
    "request certificates": [("create", CERTIFICATES, "certificatesigningrequests")],
    "approve requests": [(CHANGE, CERTIFICATES, "certificatesigningrequests/approval")],
    "approve clients": [("approve", CERTIFICATES, "signers")],
    "request pod certificates": [("create", CERTIFICATES, "podcertificaterequests")],
    "reach kubelets": [("get create", "", "nodes/proxy")],
    "change namespaces": [(CHANGE, "", "namespaces")],
    "create namespaces": [("create", "", "namespaces")],
    "create volumes": [("create", "", "persistentvolumes")],
    "mutate by webhook": [(WRITE, ADMISSION, "mutatingwebhookconfigurations")],
    "mutate by policy": [(WRITE, ADMISSION, "mutatingadmissionpolicies")],
    "bind mutating policies": [(WRITE, ADMISSION, "mutatingadmissionpolicybindings")],
    "observe": [(WRITE, ADMISSION, "validatingwebhookconfigurations")],
    "replace the API": [
        (WRITE, "apiregistration.k8s.io", "apiservices"),
        (WRITE, "apiextensions.k8s.io", "customresourcedefinitions"),
    ],
    "change settings": [(CHANGE, "", "configmaps")],
}
SETTINGS = {"aws-auth", "extension-apiserver-authentication", "kubeadm-config", "kubelet-config"}
CLIENT_SIGNERS = {"kubernetes.io/kube-apiserver-client", "kubernetes.io/*"}
OPERATED = {
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
}


def names(rules: Iterable[Rule], verb: str, group: str, resource: str) -> set[str]:
    """For which names rules allow a request whose name is left open. At the top level create has no name: only a rule without names allows it."""
    found: set[str] = set()
    nameless = verb == "deletecollection" or (verb == "create" and "/" not in resource)
    for rule in rules:
        if _has(rule, "verbs", verb) and _has(rule, "apiGroups", group) and _on(rule, resource):
            limited = rule.get("resourceNames") or []
            found.update([] if limited and nameless else limited or [""])
    return found


def _has(rule: Rule, field: str, word: str) -> bool:
    return word in rule.get(field, ()) or "*" in rule.get(field, ())


def _on(rule: Rule, resource: str) -> bool:
    of = rule.get("resources", ())
    _, slash, sub = resource.partition("/")
    return resource in of or "*" in of or (bool(slash) and f"*/{sub}" in of)


def right(rules: Iterable[Rule], key: str) -> set[str]:
    """The names for which a right of the table is held; empty when it is not."""
    rules = list(rules)
    found: set[str] = set()
    for verbs, group, resources in TABLE[key]:
        for resource in resources.split():
            for verb in verbs.split():
                found |= names(rules, verb, group, resource)
    return found


def everything(rules: Iterable[Rule]) -> bool:
    """Whether one rule allows everything."""
    return "" in names(rules, "*", "*", "*")


def covered(held: list[Rule], rule: Rule) -> bool:
    """Whether each part of a rule (one verb, group, resource, name) is covered by one of the held rules."""
    for verb in rule.get("verbs", ()):
        for path in rule.get("nonResourceURLs", ()):
            if not any(_has(one, "verbs", verb) and covers_path(one, path) for one in held):
                return False
        for group in rule.get("apiGroups", ()):
            for resource in rule.get("resources", ()):
                for name in rule.get("resourceNames") or [""]:
                    if not any(_covers(one, verb, group, resource, name) for one in held):
                        return False
    return True


def _covers(rule: Rule, verb: str, group: str, resource: str, name: str) -> bool:
    limited = rule.get("resourceNames") or []
    by_name = not limited or (name != "" and name in limited)
    return _has(rule, "verbs", verb) and _has(rule, "apiGroups", group) and _on(rule, resource) and by_name


def covers_path(rule: Rule, path: str) -> bool:
    """Whether a rule is about a path: exactly, or by everything before its final stars."""
    of = rule.get("nonResourceURLs", ())
    return any(one == path or (one.endswith("*") and path.startswith(one.rstrip("*"))) for one in of)


def allows(rules: Iterable[Rule], request: dict[str, str]) -> bool:
    """Whether rules allow a request, its name as it was asked."""
    if request.get("path"):
        return any(_has(rule, "verbs", request["verb"]) and covers_path(rule, request["path"]) for rule in rules)
    sub = request.get("subresource", "")
    resource = f"{request.get('resource', '')}/{sub}" if sub else request.get("resource", "")
    for rule in rules:
        limited = rule.get("resourceNames") or []
        fits = (
            _has(rule, "verbs", request["verb"])
            and _has(rule, "apiGroups", request.get("apiGroup", ""))
            and _on(rule, resource)
        )
        if fits and (not limited or request.get("name", "") in limited):
            return True
    return False
