"""What the authorizer was asked in the course of one request, by whom, and whether it allowed it.

- The annotation ``authorization.k8s.io/decision`` counts, not the status: a request that was allowed and found nothing (404, 409) was allowed. One that was
  allowed and then refused by a later check (403: admission, escalation) did nothing, and is no sign that the right is needed.
- Without the annotation nobody was asked: the request was malformed, not authenticated or turned away for load, or was refused to impersonate. One that
  succeeded without it is a record that somebody has cut.
- ``update`` and ``patch`` that made the object (201) were asked ``create`` as well, with the name.
- Whoever impersonates is asked about that too; the right to impersonate is the impersonator's, the request that of the impersonated.

Source: ``apiserver/pkg/endpoints/request/requestinfo.go`` (names, namespaces), ``handlers/update.go`` (withAuthorization), ``pkg/audit/request.go``; 1.37.2.

>>> names(ObjectRef(resource="pods", name="web-x7"), "create"), names(ObjectRef(resource="pods", subresource="exec", name="web"), "create")
('', 'web')
"""

from typing import NamedTuple
from urllib.parse import unquote

from msgspec import UNSET

from ostiary.evidence.audit_event import CONSTRAINT, IMPERSONATED, OBJECT, USER, AuditEvent, ObjectRef
from ostiary.model.evidence import Impersonator

POD = "authentication.kubernetes.io/pod-uid"  # extra of a token that is bound to a pod
_MADE = 201
_FORBIDDEN = 403


class Who(NamedTuple):
    """Whose rights decided."""

    user: str
    groups: tuple[str, ...]
    by: Impersonator | None


class What(NamedTuple):
    """The question, without who asks. ``name`` comes last: questions that differ in nothing else are kept together."""

    verb: str
    api_group: str
    resource: str
    subresource: str
    namespace: str
    path: str
    name: str


class SignedIn(NamedTuple):
    """Who authenticated, and from which pod, where the credential says so. All else that a credential says changes by the hour."""

    user: str
    groups: tuple[str, ...]
    pod: str


class Asked(NamedTuple):
    """``allowed`` None: the record does not say, though it should. ``pod``: from which pod, where the credential says so."""

    who: Who
    pod: str
    questions: tuple[What, ...]
    allowed: bool | None


def asked(event: AuditEvent, signed_in: SignedIn) -> Asked | None:
    """What one event shows; None when the authorizer was not asked, or is still to be."""
    if event.stage == "RequestReceived":
        return None
    allowed = _allowed(event.annotations.decision, event.response_status.code)
    if allowed is None and 400 <= event.response_status.code < 500:
        return None
    who = _who(event, signed_in)
    what = _what(event)
    made = what.verb in ("update", "patch") and event.response_status.code == _MADE
    return Asked(who, signed_in.pod, (what, what._replace(verb="create")) if made else (what,), allowed)


def _allowed(decision: str, code: int) -> bool | None:
    if code == _FORBIDDEN or decision == "forbid":
        return False
    return True if decision == "allow" else None


def signed_in(user: bytes) -> SignedIn:
    """Reads the ``user`` of an event. ValueError where it has no name."""
    found = USER.decode(user)
    if not found.username:
        raise ValueError("user.username is empty")
    pods = (found.extra or {}).get(POD) or ("",)
    return SignedIn(found.username, _sorted(found.groups), pods[0])


def _who(event: AuditEvent, asking: SignedIn) -> Who:
    other = IMPERSONATED.decode(event.impersonated_user) if event.impersonated_user is not UNSET else None
    if other is None:
        return Who(asking.user, asking.groups, None)
    constraint = CONSTRAINT.decode(event.authentication_metadata) if event.authentication_metadata is not UNSET else None
    by = Impersonator(
        user=asking.user,
        groups=asking.groups,
        constraint=constraint.impersonation_constraint if constraint else "",
        uid=other.uid,
        extra=tuple(sorted((key, tuple(values or ())) for key, values in (other.extra or {}).items())),
    )
    return Who(other.username, _sorted(other.groups), by)


def _sorted(groups: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(sorted(set(groups or ())))


def _what(event: AuditEvent) -> What:
    ref = OBJECT.decode(event.object_ref) if event.object_ref is not UNSET else None
    if ref is None:
        if not event.request_uri.startswith("/"):
            raise ValueError("requestURI is no path, and there is no objectRef")
        return What(event.verb, "", "", "", "", unquote(event.request_uri.partition("?")[0]), "")
    if not ref.resource:
        raise ValueError("objectRef.resource is empty")
    return What(event.verb, ref.api_group, ref.resource, ref.subresource, ref.namespace, "", names(ref, event.verb))


def names(ref: ObjectRef, verb: str) -> str:
    """The name that was authorized."""
    return "" if verb == "deletecollection" or (verb == "create" and not ref.subresource) else ref.name
