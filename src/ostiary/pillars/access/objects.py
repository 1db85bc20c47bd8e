"""The objects that ostiary keeps on a cluster, as an API server takes them: each with its address, its labels and nothing that a server fills in.

Every object says whose it is (``app.kubernetes.io/managed-by``) and which part it belongs to: what was installed, what a grant made, what the gateway's
own power is. Whatever ends says when (``ostiary.dev/expires``), so that a sweep needs no memory.

>>> str(cluster_role("ostiary:gateway", (), Part.GATEWAY).ref)
'ClusterRole ostiary:gateway'
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from ostiary.model.access import EXPIRES_ANNOTATION
from ostiary.model.meta import Ref
from ostiary.model.plan import Target
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.model.world import encode

RBAC = "rbac.authorization.k8s.io"
RBAC_V1 = f"{RBAC}/v1"
OWNER_LABEL = "app.kubernetes.io/managed-by"
OWNER = "ostiary"
PART_LABEL = "ostiary.dev/part"
_PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "Role": "roles",
    "ClusterRoleBinding": "clusterrolebindings",
    "RoleBinding": "rolebindings",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}
_VERSIONS = {
    "Namespace": "v1",
    "ServiceAccount": "v1",
    "ValidatingAdmissionPolicy": "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicyBinding": "admissionregistration.k8s.io/v1",
}


class Part(Enum):
    """What an object of ours is there for."""

    INSTALLATION = "installation"
    GRANT = "grant"
    GATEWAY = "gateway"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Object:
    """One object: where it is, and its body."""

    target: Target
    body: Mapping[str, Any]

    @property
    def ref(self) -> Ref:
        return self.target.ref


def target(kind: str, name: str, namespace: str = "") -> Target:
    """The address of an object of the kinds that are used here."""
    return Target(api_version=_VERSIONS.get(kind, RBAC_V1), kind=kind, resource=_PLURALS[kind], namespace=namespace, name=name)


def bare(kind: str, name: str, part: Part, *, namespace: str = "", labels: Mapping[str, str] | None = None) -> Object:
    """An object that is nothing but its name: a namespace, a service account."""
    return _object(target(kind, name, namespace), part, {}, labels or {}, {})


def custom(kind: str, name: str, part: Part, body: Mapping[str, Any]) -> Object:
    """An object of another kind, in no namespace, with the body that is given."""
    return _object(target(kind, name), part, body, {}, {})


def cluster_role(name: str, rules: tuple[PolicyRule, ...], part: Part) -> Object:
    """A ClusterRole."""
    return _object(target("ClusterRole", name), part, {"rules": plain(rules)}, {}, {})


def role(name: str, namespace: str, rules: tuple[PolicyRule, ...], part: Part) -> Object:
    """A Role."""
    return _object(target("Role", name, namespace), part, {"rules": plain(rules)}, {}, {})


def binding(
    name: str,
    subjects: tuple[Subject, ...],
    role: str,
    part: Part,
    *,
    namespace: str = "",
    role_kind: str = "ClusterRole",
    ends_at: datetime | None = None,
    labels: Mapping[str, str] | None = None,
) -> Object:
    """A RoleBinding in a namespace; a ClusterRoleBinding where there is none."""
    address = target("RoleBinding" if namespace else "ClusterRoleBinding", name, namespace)
    body = {"roleRef": {"apiGroup": RBAC, "kind": role_kind, "name": role}, "subjects": plain(subjects)}
    return _object(address, part, body, labels or {}, {EXPIRES_ANNOTATION: stamp(ends_at)} if ends_at else {})


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second and never later than the moment itself."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime | None:
    """The moment that an annotation names; None when it names none, or no time zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def plain(values: tuple[PolicyRule, ...] | tuple[Subject, ...]) -> list[Any]:
    """Rules or subjects as JSON has them; ``apiGroups: [""]`` stays, since the core group has the empty name."""
    import msgspec

    found: list[Any] = msgspec.json.decode(encode(values))
    return found


def _object(
    address: Target, part: Part, body: Mapping[str, Any], labels: Mapping[str, str], annotations: Mapping[str, str]
) -> Object:
    meta: dict[str, Any] = {"name": address.name, "labels": {OWNER_LABEL: OWNER, PART_LABEL: part.value, **labels}}
    if address.namespace:
        meta["namespace"] = address.namespace
    if annotations:
        meta["annotations"] = dict(annotations)
    return Object(address, {"apiVersion": address.api_version, "kind": address.kind, "metadata": meta, **body})
