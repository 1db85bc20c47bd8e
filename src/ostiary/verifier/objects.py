"""The objects of RBAC that a certificate shows, as the checks read them: bindings with their rules, accounts, namespaces, secrets with tokens.

Written from the Kubernetes documentation "Using RBAC Authorization". What is not shown is refused: a role or binding whose text is missing could say anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .reading import Broken, Certificate, Leaf

Key = tuple[str, str]  # User or Group, and the name
Rule = dict[str, Any]
RoleName = tuple[str, str, str]  # kind, namespace, name
ACCOUNT, ACCOUNTS = "system:serviceaccount:", "system:serviceaccounts"
EVERYTHING: Rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "nonResourceURLs": ["*"]}
NAME = re.compile(
    rf"{ACCOUNT}([a-z0-9](?:[-a-z0-9]{{0,61}}[a-z0-9])?)"
    r":((?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*)"
)
CREATE_TO_ENTER = 35  # from this minor version on, a shell takes the verb create
LABEL, TOKEN = "pod-security.kubernetes.io/enforce", "kubernetes.io/service-account.name"


@dataclass
class Grant:
    """One binding: whom it means, where, and which rules it gives."""

    binding: RoleName
    role: RoleName
    scope: str
    keys: list[Key]
    rules: list[Rule]


@dataclass
class Shown:
    """Everything that is shown."""

    grants: list[Grant] = field(default_factory=list)
    roles: dict[RoleName, list[Rule]] = field(default_factory=dict)
    accounts: dict[str, set[str]] = field(default_factory=dict)  # by namespace, those that are there
    absent: dict[str, set[str]] = field(default_factory=dict)  # and those that only bindings name
    namespaces: set[str] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)  # namespaces that no level of Pod Security protects
    tokens: list[tuple[str, str, str]] = field(default_factory=list)  # namespace, secret, account
    custom: set[tuple[str, str]] = field(default_factory=set)  # group and plural
    keys: set[Key] = field(default_factory=set)
    live: bool = True  # an API server was seen, not manifests
    enters_by_get: bool = True  # before 1.35, and where the version is not known

    def rules(self, role: RoleName) -> list[Rule]:
        """The rules of a role. Manifests need not show every ClusterRole that there will be: one that is not there could be anything."""
        absent = [] if self.live or role[0] != "ClusterRole" else [EVERYTHING]
        return self.roles.get(role, absent)


def shown(certificate: Certificate) -> Shown:
    """Read every object."""
    version = re.match(r"v1\.([0-9]+)", certificate.world["server"])
    found = Shown(live=bool(certificate.world["server"]), enters_by_get=not version or int(version[1]) < CREATE_TO_ENTER)
    labels = {leaf[2]: text["metadata"].get("labels", {}) for leaf, text in _texts(certificate, "namespaces")}
    for namespace in labels:
        found.accounts[namespace] = {"default"}
    for leaf in certificate.leaves["service_accounts"]:
        found.accounts.setdefault(leaf[1], {"default"}).add(leaf[2])
    found.roles = _roles(certificate)
    found.grants = [_grant(leaf, text, found.roles) for leaf, text in _bindings(certificate)]
    _default_roles(certificate, found)
    _names(found, labels)
    for leaf, text in _texts(certificate, "secrets"):
        account = text["metadata"].get("annotations", {}).get(TOKEN)
        found.tokens += [(leaf[1], leaf[2], account)] if account else []
    for _, text in _texts(certificate, "custom_resource_definitions"):
        spec = text.get("spec", {})
        found.custom.add((spec.get("group", ""), spec.get("names", {}).get("plural", "")))
    return found


def _texts(certificate: Certificate, section: str) -> Iterator[tuple[Leaf, Any]]:
    """Each leaf of a section with its object, which has to bear the leaf's name."""
    for leaf in certificate.leaves[section]:
        text = certificate.texts.get(leaf[3])
        meta = text.get("metadata", {}) if isinstance(text, dict) else None
        if not isinstance(meta, dict) or (meta.get("namespace", ""), meta.get("name", "")) != leaf[1:3]:
            raise Broken(f"{leaf[0]} {leaf[1]}/{leaf[2]} is not shown")
        yield leaf, text


def _roles(certificate: Certificate) -> dict[RoleName, list[Rule]]:
    roles: dict[RoleName, list[Rule]] = {}
    summing: dict[RoleName, Any] = {}
    labels: dict[RoleName, dict[str, str]] = {}
    for section in ("roles", "cluster_roles"):
        for leaf, text in _texts(certificate, section):
            name = (leaf[0], leaf[1] if leaf[0] == "Role" else "", leaf[2])
            roles[name] = list(text.get("rules", []))
            labels[name] = text["metadata"].get("labels", {})
            if leaf[0] == "ClusterRole" and text.get("aggregationRule") is not None:
                summing[name] = text["aggregationRule"].get("clusterRoleSelectors", [])
    if not certificate.world["server"]:  # a server has summed already
        _sum(roles, summing, labels)
    return roles


def _sum(roles: dict[RoleName, list[Rule]], summing: dict[RoleName, Any], labels: dict[RoleName, dict[str, str]]) -> None:
    """Add to each aggregating role the rules of those that its selectors match, until nothing changes. Its own rules stay: too many is safe."""
    changed = True
    while changed:
        changed = False
        for name, selectors in summing.items():
            for other in [one for one in roles if one[0] == "ClusterRole" and one != name]:
                new = [rule for rule in roles[other] if rule not in roles[name]]
                if new and any(_selects(selector, labels[other]) for selector in selectors):
                    roles[name] += new
                    changed = True


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for one in selector.get("matchExpressions", []):
        there, values = one["key"] in labels, one.get("values", [])
        fits = {
            "In": there and labels.get(one["key"]) in values,
            "NotIn": not there or labels[one["key"]] not in values,
            "Exists": there,
            "DoesNotExist": not there,
        }
        if not fits[one["operator"]]:
            return False
    return True


def _bindings(certificate: Certificate) -> Iterator[tuple[Leaf, Any]]:
    yield from _texts(certificate, "cluster_role_bindings")
    yield from _texts(certificate, "role_bindings")


def _grant(leaf: Leaf, text: Any, roles: dict[RoleName, list[Rule]]) -> Grant:
    scope = leaf[1] if leaf[0] == "RoleBinding" else ""
    ref = text.get("roleRef", {})
    role = (ref.get("kind", ""), scope if ref.get("kind") == "Role" else "", ref.get("name", ""))
    keys = [key for one in text.get("subjects", []) for key in _keys(one, scope)]
    return Grant((leaf[0], scope, leaf[2]), role, scope, keys, roles.get(role, []))


def _keys(subject: dict[str, str], scope: str) -> Iterator[Key]:
    kind, name = subject.get("kind", ""), subject.get("name", "")
    namespace = subject.get("namespace", "") or scope
    if kind in ("User", "Group"):
        yield kind, name
    elif kind == "ServiceAccount" and namespace:
        yield "User", f"{ACCOUNT}{namespace}:{name}"


def _default_roles(certificate: Certificate, found: Shown) -> None:
    """Manifests bind ClusterRoles that every server has: cluster-admin is known; another one could be anything."""
    for grant in found.grants:
        kind, _, name = grant.role
        if certificate.world["server"] or kind != "ClusterRole" or grant.role in found.roles:
            continue
        if name == "cluster-admin":
            grant.rules = [EVERYTHING]
        elif name in ("admin", "edit", "view") or name.startswith("system:"):
            raise Broken(f"ClusterRole {name}, which every server has, is bound and not shown")


def account_of(key: Key) -> tuple[str, str] | None:
    """Namespace and name of a service account, by its user name."""
    match = NAME.fullmatch(key[1]) if key[0] == "User" else None
    return (match[1], match[2]) if match else None


def _names(found: Shown, labels: dict[str, dict[str, str]]) -> None:
    """Everybody and every namespace that is spoken of."""
    found.keys = {key for grant in found.grants for key in grant.keys}
    found.keys |= {("User", f"{ACCOUNT}{namespace}:{name}") for namespace, names in found.accounts.items() for name in names}
    found.keys |= {("Group", "system:authenticated"), ("Group", "system:unauthenticated"), ("User", "system:anonymous")}
    for key in found.keys:
        account = account_of(key)
        if account and account[1] not in found.accounts.get(account[0], ()):
            found.absent.setdefault(account[0], set()).add(account[1])
    found.namespaces = {*found.accounts, *found.absent, *(grant.scope for grant in found.grants if grant.scope)}
    found.loose = {one for one in found.namespaces if labels.get(one, {}).get(LABEL, "privileged") == "privileged"}
