"""The roles and bindings that ostiary keeps for a subject, as an API server stores them: every default spelled out, labels that say whose they are.

Names follow from the subject alone, so that making them twice makes them once; two subjects never share one.

>>> name_of(SubjectKey("User", "system:serviceaccount:shop:web")), name_of(SubjectKey("Group", "sre"))
('ostiary:least:account:shop:web', 'ostiary:least:group:sre')
"""

import re
from typing import Any, Final

import msgspec

from ostiary.core.canonical import sha256
from ostiary.model.meta import Ref
from ostiary.model.plan import Target
from ostiary.model.rbac import Binding, PolicyRule, RoleRef, Subject
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.subject import SERVICE_ACCOUNT, USER, SubjectKey
from ostiary.pillars.rbac.validity import GROUP

API_VERSION: Final = f"{GROUP}/v1"
OWNER: Final = {"app.kubernetes.io/managed-by": "ostiary"}
PART_LABEL: Final = "ostiary.dev/part"
LEAST, RESTORED = "least-privilege", "restored-rights"
_PLURALS = {
    CLUSTER_ROLE: "clusterroles",
    ROLE: "roles",
    CLUSTER_ROLE_BINDING: "clusterrolebindings",
    ROLE_BINDING: "rolebindings",
}
_CLEAN = re.compile(r"[A-Za-z0-9:@._-]{1,160}")
_DIGITS = 12  # of a digest, where a name cannot be written as it is

Object = dict[str, Any]


def name_of(key: SubjectKey) -> str:
    """What the objects of a subject are called."""
    account = split_service_account(key.name) if key.kind == USER else None
    if account:
        return f"ostiary:least:account:{account[0]}:{account[1]}"
    kind = key.kind.lower()
    if _CLEAN.fullmatch(key.name):
        return f"ostiary:least:{kind}:{key.name}"
    return f"ostiary:least:{kind}~:{sha256(key.name.encode())[:_DIGITS]}"


def said(key: SubjectKey) -> str:
    """A subject as people name it."""
    account = split_service_account(key.name) if key.kind == USER else None
    return f"{SERVICE_ACCOUNT} {account[0]}/{account[1]}" if account else one_line(str(key))


def one_line(text: str) -> str:
    """A name that anybody may have chosen, as part of a sentence: it can begin no line of its own."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def address(ref: Ref) -> Target:
    """Where an object of RBAC is."""
    return Target(api_version=API_VERSION, kind=ref.kind, resource=_PLURALS[ref.kind], namespace=ref.namespace, name=ref.name)


def role_ref_of(key: SubjectKey, namespace: str) -> Ref:
    """The role of a subject in a namespace; cluster-wide where there is none."""
    return Ref(ROLE if namespace else CLUSTER_ROLE, namespace, name_of(key))


def binding_ref_of(key: SubjectKey, namespace: str) -> Ref:
    """The binding of a subject in a namespace; cluster-wide where there is none."""
    return Ref(ROLE_BINDING if namespace else CLUSTER_ROLE_BINDING, namespace, name_of(key))


def role(ref: Ref, rules: tuple[PolicyRule, ...]) -> Object:
    """A role with these rules."""
    return {**_head(ref, LEAST), "rules": plain_rules(rules)}


def binding(ref: Ref, role: RoleRef, subjects: tuple[Subject, ...], *, part: str = LEAST) -> Object:
    """A binding of a role to these subjects."""
    return {**_head(ref, part), "roleRef": plain_role(role), "subjects": plain_subjects(subjects)}


def standing(ref: Ref, there: Binding, subjects: tuple[Subject, ...]) -> Object:
    """A binding that stands, with these subjects left, as far as ostiary reads it; its labels are the server's to keep."""
    return {
        "apiVersion": API_VERSION,
        "kind": ref.kind,
        "metadata": _meta(ref),
        "roleRef": plain_role(there.role_ref),
        "subjects": plain_subjects(subjects),
    }


def subject_of(key: SubjectKey) -> Subject:
    """A subject of a binding that means this key."""
    account = split_service_account(key.name) if key.kind == USER else None
    if account:
        return Subject(kind=SERVICE_ACCOUNT, namespace=account[0], name=account[1])
    return Subject(kind=key.kind, api_group=GROUP, name=key.name)


def plain_rules(rules: tuple[PolicyRule, ...]) -> list[Object]:
    """Rules as JSON has them; ``apiGroups: [""]`` stays, since the core group has the empty name."""
    return [msgspec.to_builtins(rule) for rule in rules]


def plain_subjects(subjects: tuple[Subject, ...]) -> list[Object]:
    """Subjects as a server stores them: it fills in the group of users and groups, and nothing of a service account."""
    return [_plain_subject(one) for one in subjects]


def _plain_subject(one: Subject) -> Object:
    filled = one if one.api_group or one.kind == SERVICE_ACCOUNT else msgspec.structs.replace(one, api_group=GROUP)
    found: Object = msgspec.to_builtins(filled)
    return found


def plain_role(ref: RoleRef) -> Object:
    """A reference to a role as a server stores it."""
    return {"apiGroup": ref.api_group or GROUP, "kind": ref.kind, "name": ref.name}


def _head(ref: Ref, part: str) -> Object:
    meta = {**_meta(ref), "labels": {**OWNER, PART_LABEL: part}}
    return {"apiVersion": API_VERSION, "kind": ref.kind, "metadata": meta}


def _meta(ref: Ref) -> Object:
    return {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}
