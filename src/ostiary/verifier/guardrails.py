"""What has to be true of a certificate about RBAC: of each guardrail, and of each proposed role."""

from typing import Any

from .closed import IN_PODS, OF_OPERATORS, Set, outside
from .objects import ACCOUNTS, Grant, Key, Shown, account_of, shown
from .reading import Broken, Certificate
from .rights import names

ASSUMED = {
    IN_PODS: "no pod takes over its node (assumed in the intent file; see: ostiary prove pods --closed)",
    OF_OPERATORS: "operators do nothing for others that these may not do themselves (assumed in the intent file)",
}
KINDS = ("", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
FURTHER = ("ServiceAccount", "Namespace", "Secret", "CustomResourceDefinition")
OWN_USERS = {"apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "cloud-controller-manager"}
# Service accounts in kube-system by which the controllers of Kubernetes run.
_CONTROLLERS = """
attachdetach-controller bootstrap-signer certificate-controller clusterrole-aggregation-controller cronjob-controller
daemon-set-controller deployment-controller device-taint-eviction-controller disruption-controller endpoint-controller
endpointslice-controller endpointslicemirroring-controller ephemeral-volume-controller expand-controller
generic-garbage-collector horizontal-pod-autoscaler job-controller kube-apiserver-serving-clustertrustbundle-publisher
legacy-service-account-token-cleaner namespace-controller node-controller persistent-volume-binder pod-garbage-collector
podcertificaterequestcleaner podgroup-protection-controller pv-protection-controller pvc-protection-controller
replicaset-controller replication-controller resource-claim-controller resourcepoolstatusrequest-controller
resourcequota-controller root-ca-cert-publisher route-controller selinux-warning-controller service-account-controller
service-cidrs-controller service-controller statefulset-controller storage-version-garbage-collector
storage-version-migrator-controller token-cleaner ttl-after-finished-controller ttl-controller
validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller
"""
CONTROLLERS = frozenset(_CONTROLLERS.split())


def check_seen(certificate: Certificate) -> None:
    """Nothing that could not be seen may have been a role, a binding, or what else the claims are about."""
    for kind, namespace, name, reason, group in certificate.leaves["blind"]:
        of_rbac = kind == "" or (kind in KINDS and group in ("", "rbac.authorization.k8s.io"))
        if of_rbac or (guardrails(certificate) and kind in FURTHER and reason != "missing-resource"):
            raise Broken(f"something was not seen that the claim needs: {kind or 'an object'} {namespace}/{name}: {reason}")


def guardrails(certificate: Certificate) -> list[dict[str, Any]]:
    """The guardrails of the policy, each with a name of its own."""
    found = certificate.policy.get("guardrails", [])
    names_of = [one["name"] for one in found]
    if len(set(names_of)) != len(names_of) or set(certificate.closed) != set(names_of):
        raise Broken("each guardrail needs a closed set of its own")
    return list(found)


def check_guardrails(certificate: Certificate) -> None:
    """Each closed set holds everybody whom the guardrail keeps out, is closed, and does not hold the goal."""
    assume = set(certificate.policy.get("assume", []))
    if any(ASSUMED.get(one) not in certificate.assumptions for one in assume):
        raise Broken("something is assumed that the assumptions do not say")
    cluster = after(shown(certificate), certificate.policy.get("proposals", []))
    for one in guardrails(certificate):
        said = certificate.closed[one["name"]]
        kept_out = {(kind, name) for kind, name in said["outside"]}
        for key in kept_out:
            if key not in allowed(one) and _asked_about(one, key) and not _nobody(cluster, key):
                raise Broken(f"{one['name']}: {key[0]} {key[1]} is kept out, and is left out of the set")
        closed = Set(cluster, cluster.keys - kept_out, {tuple(fact) for fact in said["facts"]}, assume)
        _check(one, closed)


def _check(one: dict[str, Any], closed: Set) -> None:
    for fact in outside(closed, chains=not one.get("directly")):
        raise Broken(f"{one['name']}: the set is not closed: {' '.join(fact)} follows from it")
    if way := reached(one, closed):
        raise Broken(f"{one['name']}: it is reached: {way}")


def _nobody(cluster: Shown, key: Key) -> bool:
    """Whether it is a service account that a running cluster does not have: nobody is, until somebody makes it."""
    account = account_of(key)
    return cluster.live and account is not None and account[1] in cluster.absent.get(account[0], ())


def allowed(one: dict[str, Any]) -> set[Key]:
    """Whom a guardrail allows."""
    found = set()
    for who in one.get("only", []):
        account = f"system:serviceaccount:{who.get('namespace', '')}:{who['name']}"
        found.add(("User", account) if who["kind"] == "ServiceAccount" else (who["kind"], who["name"]))
    return found


def _asked_about(one: dict[str, Any], key: Key) -> bool:
    kind, name = key
    account = account_of(key)
    if (kind == "Group" and name in ("system:masters", "system:nodes")) or (
        account and account[0] == "kube-system" and account[1] in CONTROLLERS
    ):
        return False
    if kind == "User" and not account and (name.removeprefix("system:") in OWN_USERS or name.startswith("system:node:")):
        return not name.startswith("system:")
    if one.get("about", "everybody") == "everybody":
        return True
    return bool(account) or (kind == "Group" and (name == ACCOUNTS or name.startswith(f"{ACCOUNTS}:")))


def reached(one: dict[str, Any], closed: Set) -> str:
    """How a closed set reaches the goal of a guardrail; empty when it does not."""
    if one.get("clusterAdmin"):
        return "everything" if closed.has("all", "") or names(closed.held[""], "*", "*", "*") & {""} else ""
    places = sorted(closed.cluster.namespaces) if one.get("everywhere") else one.get("namespaces", [])
    wanted = [(verb, word) for verb in one.get("verbs", []) for word in one.get("resources", [])]
    if not wanted or any("*" in part for pair in wanted for part in pair):
        raise Broken(f"{one['name']}: it keeps nothing")
    for place in ["", *places]:
        rules = [*closed.held[""], *([*closed.held.get(place, []), *closed.held.get("*", [])] if place else [])]
        for verb, word in wanted:
            resource, group, full = _resource(word)
            found = names(rules, verb, group, full)
            if "" in found or (found if not one.get("names") else found & set(one["names"])):
                return f"{verb} {word} {place}"
            if _otherwise(one, closed, place, verb, "" if group or "/" in full else resource):
                return f"{verb} {word} {place}, by another way"
    return ""


def _resource(word: str) -> tuple[str, str, str]:
    """Resource, group, and the resource with its subresource, as rules name it."""
    whole, slash, sub = word.partition("/")
    resource, _, group = whole.partition(".")
    return resource, group, f"{resource}{slash}{sub}"


def _otherwise(one: dict[str, Any], closed: Set, place: str, verb: str, core: str) -> bool:
    """Without the request: by everything, by reading a secret elsewhere, by having pods made."""
    if closed.has("all", place):
        return True
    if core == "secrets" and verb in ("get", "list", "watch"):
        return any(closed.has("secrets", place, name) for name in one.get("names") or [""]) or _some_secret(one, closed, place)
    return verb == "create" and core == "pods" and closed.has("run", place)


def _some_secret(one: dict[str, Any], closed: Set, place: str) -> bool:
    """Without names in the guardrail, any secret there is one too many."""
    return not one.get("names") and any(fact[0] == "secrets" and fact[1] in ("", place) for fact in closed.facts)


def after(cluster: Shown, proposals: list[dict[str, Any]]) -> Shown:
    """The cluster with the proposals made."""
    for one in proposals:
        key = (one["subject"][0], one["subject"][1])
        gone = {(ref["kind"], ref["namespace"], ref["name"]) for ref in one.get("replaces", [])}
        for grant in cluster.grants:
            if grant.binding in gone:
                grant.keys = [other for other in grant.keys if other != key]
        scopes = {"": one.get("clusterRules", []), **one.get("namespaced", {})}
        cluster.grants += [Grant(("", scope, ""), ("", "", ""), scope, [key], rules) for scope, rules in scopes.items()]
        cluster.namespaces |= {scope for scope in scopes if scope}
    return cluster
