"""RBAC of clusters that reach every pitfall on both sides, and questions to ask of them: from ``random.Random`` in bulk.

Plain JSON as people write it, all of it accepted by an API server. The alphabets are small and full of look-alikes (``pods``,
``Pods``, ``pods/*``), so that questions hit and miss about equally often.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import msgspec

from ostiary.model.cluster import Cluster
from ostiary.model.rbac import Binding, Role
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request

Objects = list[dict[str, Any]]

API, RBAC = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
NAMESPACES = ("judge-a", "judge-b", "judge-c")
VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("escalate", "bind", "impersonate", "impersonate:user-info", "impersonate-on:user-info:get", "approve", "use", "GET", ""),
)
GROUPS = ("", "apps", RBAC, "authentication.k8s.io", "Apps", "a")
RESOURCES = (
    "pods",
    "secrets",
    "deployments",
    "namespaces",
    "nodes",
    "clusterroles",
    "users",
    "serviceaccounts",
    "Pods",
    "po",
    "",
)
SUBRESOURCES = ("exec", "log", "scale", "token", "proxy", "*", "exec/more", "exe")
NAMES = ("web", "db", "admin", "judge-a", "*", "web*", "")
PATHS = ("/healthz", "/healthz/etcd", "/api", "/apis/apps", "/", "healthz", "/metrics", "/a*b", "/a*bc", "*", "/healthz*")
PATTERNS = (*PATHS, "/healthz/*", "/api*", "/*", "/**", "/a*b**", "", "/heal*z", "**")
USERS = (
    *("ann", "bob", "Ann", "system:anonymous", "system:node:n1", "system:serviceaccount:judge-a:web"),
    *("system:serviceaccount:judge-b:web", "system:serviceaccount:judge-a:db", "system:serviceaccount:judge-a:web:x"),
    *("system:serviceaccount::web", "system:serviceaccount", "web"),
)
USER_GROUPS = (
    *("dev", "ops", "Dev", "system:authenticated", "system:unauthenticated", "system:serviceaccounts"),
    *("system:serviceaccounts:judge-a", "system:serviceaccounts:judge-b", "system:nodes", "ann"),
)


class Chance:
    """Choices over one ``Random``."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def often(self, probability: float) -> bool:
        return self.random.random() < probability

    def one(self, choices: Sequence[str]) -> str:
        return choices[self.random.randrange(len(choices))]

    def some(self, choices: Sequence[str], most: int = 3) -> list[str]:
        return [self.one(choices) for _ in range(self.random.randint(1, most))]


def _resource(chance: Chance) -> str:
    if chance.often(0.15):
        return chance.one(("*", "*/exec", "*/scale", "*/*", "pods/*", "*/", "pods/", "*/exec/more", "**"))
    plain = chance.one(RESOURCES)
    return f"{plain}/{chance.one(SUBRESOURCES)}" if chance.often(0.35) else plain


def rule(chance: Chance, *, urls: bool) -> dict[str, Any]:
    """One rule that an API server takes."""
    verbs = ["*"] if chance.often(0.15) else chance.some(VERBS, 4)
    if urls and chance.often(0.25):
        return {"verbs": verbs, "nonResourceURLs": chance.some(PATTERNS)}
    said: dict[str, Any] = {
        "verbs": verbs,
        "apiGroups": ["*"] if chance.often(0.2) else chance.some(GROUPS),
        "resources": [_resource(chance) for _ in range(chance.random.randint(1, 3))],
    }
    if chance.often(0.25):
        said["resourceNames"] = chance.some(NAMES)
    return said


def subject(chance: Chance, *, namespaced: bool) -> dict[str, Any]:
    """One subject that an API server takes."""
    kind = chance.one(("User", "Group", "ServiceAccount"))
    if kind == "User":
        return {"kind": kind, "name": chance.one(USERS)}
    if kind == "Group":
        return {"kind": kind, "name": chance.one(USER_GROUPS)}
    said = {"kind": kind, "name": chance.one(("web", "db"))}
    return said if namespaced and chance.often(0.4) else {**said, "namespace": chance.one((*NAMESPACES, "nowhere", "Judge-A"))}


def rbac(random: Random, *, roles: int = 8, bindings: int = 10, aggregating: int = 2) -> Objects:
    """Roles and bindings of one cluster: ``roles`` of each kind, ``bindings`` of each kind."""
    chance = Chance(random)
    made: Objects = []
    for index in range(roles):
        rules = [rule(chance, urls=True) for _ in range(random.randint(0, 3))]
        labels = {chance.one(("team", "tier")): chance.one(("a", "b", "c")) for _ in range(random.randint(0, 2))}
        made.append(_object("ClusterRole", f"judge:c{index}", rules=rules, labels=labels))
        rules = [rule(chance, urls=False) for _ in range(random.randint(0, 3))]
        made.append(
            _object("Role", f"judge:r{index % 5}", chance.one(NAMESPACES) if index >= 5 else NAMESPACES[index % 3], rules=rules)
        )
    made += [_aggregating(chance, f"judge:a{index}") for index in range(aggregating)]
    return _unique(
        [
            *made,
            *(_binding(chance, index, roles, aggregating, namespaced=n) for index in range(bindings) for n in (True, False)),
        ]
    )


def _aggregating(chance: Chance, name: str) -> dict[str, Any]:
    """A ClusterRole that aggregates;

    Its own rules only where it is in no circle: there nobody can tell what becomes of them.
    """
    selector: dict[str, Any] = {"matchLabels": {"team": chance.one(("a", "b", "none"))}}
    if chance.often(0.4):
        selector = {"matchExpressions": [_requirement(chance)]}
    rules = [rule(chance, urls=True)] if chance.often(0.3) else []
    said = _object("ClusterRole", name, rules=rules)
    return {**said, "aggregationRule": {"clusterRoleSelectors": [selector]}}


def _requirement(chance: Chance) -> dict[str, Any]:
    operator = chance.one(("In", "Exists"))
    requirement: dict[str, Any] = {"key": chance.one(("team", "tier")), "operator": operator}
    return {**requirement, "values": chance.some(("a", "b", "c"), 2)} if operator == "In" else requirement


def _binding(chance: Chance, index: int, roles: int, aggregating: int, *, namespaced: bool) -> dict[str, Any]:
    kind = chance.one(("Role", "ClusterRole")) if namespaced else "ClusterRole"
    names = [f"judge:r{n}" for n in range(5)] if kind == "Role" else [f"judge:c{n}" for n in range(roles)]
    names += ["judge:gone"] if kind == "Role" else ["judge:gone", *(f"judge:a{n}" for n in range(aggregating))]
    subjects = [subject(chance, namespaced=namespaced) for _ in range(chance.random.randint(0, 3))]
    namespace = chance.one(NAMESPACES) if namespaced else ""
    said = _object("RoleBinding" if namespaced else "ClusterRoleBinding", f"judge:b{index}", namespace)
    return {**said, "subjects": subjects, "roleRef": {"apiGroup": RBAC, "kind": kind, "name": chance.one(names)}}


def _object(kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    labels = more.pop("labels", None)
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **({"labels": labels} if labels else {})}
    return {"apiVersion": API, "kind": kind, "metadata": meta, **more}


def _unique(objects: Objects) -> Objects:
    return list({(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in objects}.values())


def identity(chance: Chance) -> Identity:
    """Somebody, with groups as an access review takes them."""
    groups = tuple(dict.fromkeys(chance.some(USER_GROUPS))) if chance.often(0.7) else ()
    if chance.often(0.01):
        groups = (*groups, "system:masters")
    return Identity(chance.one(USERS), groups)


def request(chance: Chance) -> Request:
    """Something that one may ask."""
    if chance.often(0.12):
        return Request(verb=chance.one(VERBS), path=chance.one(PATHS))
    return Request(
        verb=chance.one(VERBS),
        api_group=chance.one(GROUPS),
        resource=chance.one(RESOURCES),
        subresource=chance.one(SUBRESOURCES) if chance.often(0.35) else "",
        name=chance.one(NAMES) if chance.often(0.6) else "",
        namespace=chance.one((*NAMESPACES, "elsewhere")) if chance.often(0.75) else "",
    )


def _worded(chance: Chance, rules: Objects) -> Request:
    """A request made of the words of one of these rules."""
    if not rules:
        return request(chance)
    words = rules[chance.random.randrange(len(rules))]
    verb = chance.one([word for word in words["verbs"] if word != "*"] or VERBS)
    if "nonResourceURLs" in words:
        path = chance.one(words["nonResourceURLs"]).rstrip("*") + chance.one(("", "", "/more", "x"))
        return Request(verb=verb, path=path or "/")
    resource, _, subresource = chance.one(words["resources"]).partition("/")
    return Request(
        verb=verb,
        api_group=chance.one([word for word in words["apiGroups"] if word != "*"] or GROUPS),
        resource=chance.one(RESOURCES) if resource == "*" else resource,
        subresource=chance.one(SUBRESOURCES) if subresource == "*" else subresource,
        name=chance.one(words.get("resourceNames") or NAMES),
        namespace=chance.one((*NAMESPACES, "")),
    )


def _meant(chance: Chance, binding: dict[str, Any]) -> Identity:
    """Somebody whom the binding means."""
    said = binding["subjects"][chance.random.randrange(len(binding["subjects"]))]
    if said["kind"] == "Group":
        return Identity(chance.one(USERS), (said["name"], *chance.some(USER_GROUPS, 2)))
    if said["kind"] == "User":
        return Identity(said["name"], identity(chance).groups)
    namespace = said.get("namespace") or binding["metadata"].get("namespace", "")
    return Identity(f"system:serviceaccount:{namespace}:{said['name']}", identity(chance).groups)


def _granted(chance: Chance, objects: Objects) -> tuple[Identity, Request]:
    """A question that some binding answers, or nearly: one word of it may be another."""
    bindings = [one for one in objects if one.get("subjects")]
    if not bindings:
        return identity(chance), request(chance)
    binding = bindings[chance.random.randrange(len(bindings))]
    ref, namespace = binding["roleRef"], binding["metadata"].get("namespace", "")
    roles = [one for one in objects if one["kind"] == ref["kind"] and one["metadata"]["name"] == ref["name"]]
    asked = _worded(chance, [rule for role in roles for rule in role.get("rules") or ()])
    if asked.is_resource and chance.often(0.8):
        asked = replace(asked, namespace=namespace or asked.namespace)
    return _meant(chance, binding), _another_word(chance, asked) if chance.often(0.3) else asked


def _another_word(chance: Chance, asked: Request) -> Request:
    return chance.random.choice(
        (
            replace(asked, verb=chance.one(VERBS)),
            replace(asked, api_group=chance.one(GROUPS)),
            replace(asked, subresource=chance.one(SUBRESOURCES)),
            replace(asked, name=chance.one(NAMES)),
        )
    )


def questions(random: Random, objects: Objects, count: int) -> list[tuple[Identity, Request]]:
    """Questions about a cluster, most of them made of its own words."""
    chance = Chance(random)
    rules = [rule for one in objects for rule in one.get("rules") or ()]
    anything = (
        lambda: _granted(chance, objects),
        lambda: _granted(chance, objects),
        lambda: (identity(chance), _worded(chance, rules)),
        lambda: (identity(chance), request(chance)),
    )
    return [anything[random.randrange(len(anything))]() for _ in range(count)]


def typed(objects: Objects, *, server_version: str = "") -> Cluster:
    """The objects as a Cluster, in the order in which every source puts them."""
    found: dict[str, list[Any]] = {"Role": [], "ClusterRole": [], "RoleBinding": [], "ClusterRoleBinding": []}
    for item in objects:
        found[item["kind"]].append(msgspec.convert(_without_nulls(item), Binding if item["kind"].endswith("Binding") else Role))
    return Cluster(
        roles=tuple(sorted(found["Role"], key=_name)),
        cluster_roles=tuple(sorted(found["ClusterRole"], key=_name)),
        role_bindings=tuple(sorted(found["RoleBinding"], key=_name)),
        cluster_role_bindings=tuple(sorted(found["ClusterRoleBinding"], key=_name)),
        server_version=server_version,
    )


def _name(value: Role | Binding) -> tuple[str, str]:
    return value.metadata.namespace, value.metadata.name


def _without_nulls(item: dict[str, Any]) -> dict[str, Any]:
    said = {
        key: value
        for key, value in item.items()
        if value is not None and key in ("metadata", "rules", "subjects", "roleRef", "aggregationRule")
    }
    meta = said["metadata"]
    return {**said, "metadata": {key: meta[key] for key in ("name", "namespace", "labels") if key in meta}}
