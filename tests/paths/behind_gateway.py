"""Clusters behind a gateway for tests, from the very objects that ostiary writes, and whatever somebody added."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from ostiary.adapters.manifests.directory import read_text
from ostiary.model.access import Grant, LiveGrants
from ostiary.model.evidence import Evidence
from ostiary.model.rbac import PolicyRule
from ostiary.model.world import World
from ostiary.pillars.access.bindings import bindings
from ostiary.pillars.access.impersonation import bound, power, roles
from ostiary.pillars.access.installation import installation

RBAC = "rbac.authorization.k8s.io"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GATEWAY = {"kind": "ServiceAccount", "name": "ostiary-gateway", "namespace": "ostiary-system"}


def rule(verbs: str, group: str, resources: str) -> PolicyRule:
    return PolicyRule(verbs=tuple(verbs.split()), api_groups=(group,), resources=tuple(resources.split()))


ROLES: Mapping[str, tuple[PolicyRule, ...]] = {
    "view": (rule("get list watch", "", "pods configmaps"),),
    "edit": (rule("get list watch create update patch delete", "", "pods configmaps"), rule("get create", "", "pods/exec")),
    "cluster-admin": (rule("*", "*", "*"), PolicyRule(verbs=("*",), non_resource_urls=("*",))),
}


def world(
    *grants: Grant,
    constrained: bool = True,
    more: Iterable[Mapping[str, Any]] = (),
    live: tuple[Grant, ...] | None = None,
    asked: bool = True,
    at: datetime = NOW,
) -> World:
    """A World of the installation with these grants in force, and more objects; ``live`` is what the control plane says, else the same grants."""
    made = power(grants, ROLES, constrained=constrained)
    objects = {one.ref: one.body for one in installation(ROLES)}
    objects |= {one.ref: one.body for one in (*roles(made), *bound(made)) if made.own}
    objects |= {one.ref: one.body for grant in grants for one in bindings(grant)}
    granted = [_role(name, rules) for name, rules in ROLES.items()]
    text = "\n---\n".join(msgspec.json.encode(one).decode() for one in (*objects.values(), *granted, *_namespaces(), *more))
    cluster = replace(read_text(text, "a test", bytes(32), lambda _: None), server_version="v1.37.2")
    word = LiveGrants(at=at, grants=(grants if live is None else live) if asked else None)
    return World.of(replace(cluster, blind=()), today=at.date(), evidence=Evidence(access=word))


def _role(name: str, rules: tuple[PolicyRule, ...]) -> dict[str, Any]:
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": msgspec.to_builtins(rules)}


def _namespaces() -> list[dict[str, Any]]:
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "bank")]


def bind(subject: Mapping[str, str], role: str, namespace: str = "", *, name: str = "loose", **meta: Any) -> dict[str, Any]:
    """A binding that somebody made."""
    return {
        "apiVersion": f"{RBAC}/v1", "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **meta},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}, "subjects": [dict(subject)],
    }  # fmt: skip


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "apiGroup": RBAC, "name": name}


def group(name: str) -> dict[str, str]:
    return {"kind": "Group", "apiGroup": RBAC, "name": name}
