"""An audit event of an API server, as far as it says who asked for what and what became of it.

Read is ``audit.k8s.io/v1`` at level Metadata or above, one event a line, as ``--audit-log-path`` writes it; or an ``EventList``, as a webhook
receives it. Bodies are skipped unread. Parts that are equal from event to event (``user``, ``object_ref``) stay bytes: they are read once and then known
again.

Fields stand in the order in which an API server writes them, which is also the order in which they are found fastest.

Source: ``apiserver/pkg/apis/audit/v1/types.go``; the annotation, ``apiserver/pkg/endpoints/filters/authorization.go``; 1.37.2.

>>> line = b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"None","auditID":"1","stage":"Panic","requestReceivedTimestamp":"","verb":"get"}'
>>> str(wrong(line))
"unreadable (Invalid enum value 'None' - at `$.level`)"
"""

from typing import Literal

import msgspec

from ostiary.model.evidence import Gap, Lack

VERSION = "audit.k8s.io/v1"
_GROUP = "audit.k8s.io/"


class Status(msgspec.Struct, gc=False):
    """What was answered."""

    code: int = 0


class Annotations(msgspec.Struct, gc=False):
    """What the authorizer said; absent when it was not asked."""

    decision: Literal["allow", "forbid", ""] = msgspec.field(name="authorization.k8s.io/decision", default="")


class AuditEvent(msgspec.Struct, gc=False, rename="camel", kw_only=True):
    """One event. ``impersonated_user`` and ``authentication_metadata`` are unset where nobody was impersonated; ``object_ref``, where a path was asked for."""

    kind: Literal["Event"]
    api_version: Literal["audit.k8s.io/v1"]
    level: Literal["Metadata", "Request", "RequestResponse"]
    audit_id: str = msgspec.field(name="auditID")
    stage: Literal["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]
    request_uri: str = msgspec.field(name="requestURI", default="")
    verb: str
    user: msgspec.Raw
    impersonated_user: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    authentication_metadata: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    object_ref: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    response_status: Status = msgspec.field(default_factory=Status)
    request_received_timestamp: str
    annotations: Annotations = msgspec.field(default_factory=Annotations)


class UserInfo(msgspec.Struct):
    """authentication.k8s.io/v1 UserInfo."""

    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] | None = None
    extra: dict[str, tuple[str, ...] | None] | None = None


class ObjectRef(msgspec.Struct, rename="camel"):
    """What was asked for; of ``create`` the name is that of the object in the body, which no authorizer sees."""

    resource: str = ""
    namespace: str = ""
    name: str = ""
    api_group: str = ""
    subresource: str = ""


class Constraint(msgspec.Struct, rename="camel"):
    """How somebody was impersonated, since constrained impersonation."""

    impersonation_constraint: str = ""


class Batch(msgspec.Struct):
    """An ``EventList``: its events, each still to be read."""

    items: list[msgspec.Raw] | None = None


class _Head(msgspec.Struct, rename="camel"):
    kind: str = ""
    api_version: str = ""


EVENT = msgspec.json.Decoder(AuditEvent)
USER = msgspec.json.Decoder(UserInfo)
IMPERSONATED = msgspec.json.Decoder(UserInfo | None)
OBJECT = msgspec.json.Decoder(ObjectRef | None)
CONSTRAINT = msgspec.json.Decoder(Constraint | None)
_BATCH = msgspec.json.Decoder(Batch)
_HEAD = msgspec.json.Decoder(_Head)


def batch(line: bytes) -> list[msgspec.Raw] | None:
    """The events of an ``EventList`` of the version that is read; None when it is none."""
    try:
        head = _HEAD.decode(line)
        return (_BATCH.decode(line).items or []) if (head.kind, head.api_version) == ("EventList", VERSION) else None
    except msgspec.MsgspecError:
        return None


def wrong(line: bytes | msgspec.Raw) -> Gap | None:
    """Why a line is no event that can be read, with the field; None when it is one."""
    try:
        head = _HEAD.decode(line)
        if head.api_version != VERSION and head.api_version.startswith(_GROUP):
            return Gap(lack=Lack.UNKNOWN_VERSION, detail=f"apiVersion is {head.api_version[:40]}, and {VERSION} is read")
        if head.kind != "Event" or head.api_version != VERSION:
            return Gap(lack=Lack.UNREADABLE, detail=f"kind and apiVersion are not those of an Event of {VERSION}")
        EVENT.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Gap(lack=Lack.UNREADABLE, detail=str(error))
    return None
