"""What the API takes and gives, as it stands in the OpenAPI document. Unknown keys are refused; nothing is guessed from another type."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ostiary.model.access import Grant
from ostiary.pillars.access.asking import LONGEST, SHORTEST
from ostiary.server.ports import Person, Principal, Session
from ostiary.server.store.grants import Event

Text = Annotated[str, Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=253)]
Namespace = Annotated[str, Field(min_length=1, max_length=63)]
State = Literal["requested", "active", "denied", "withdrawn", "revoked", "expired"]


class Taken(BaseModel):
    """What a body may be."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GrantRequest(Taken):
    """A request for a right in one's own name: in some namespaces, or everywhere."""

    cluster: Name
    role: Name
    namespaces: Annotated[list[Namespace], Field(max_length=50)] = []
    everywhere: bool = False
    seconds: Annotated[int, Field(ge=SHORTEST, le=LONGEST)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Note(Taken):
    """Why, for who reads it later."""

    note: Text = ""


class GrantShape(BaseModel):
    """A grant."""

    id: str
    person: str
    cluster: str
    role: str
    namespaces: list[str]
    everywhere: bool
    reason: str
    seconds: int
    approvals: int
    requested_at: datetime
    state: State
    decided_by: list[str]
    decided_at: datetime | None
    ends_at: datetime | None
    break_glass: bool

    @classmethod
    def of(cls, grant: Grant) -> "GrantShape":
        """The shape of a grant."""
        return cls(
            id=grant.id, person=grant.person, cluster=grant.cluster, role=grant.role, namespaces=list(grant.namespaces),
            everywhere=grant.everywhere, reason=grant.reason, seconds=grant.seconds, approvals=grant.approvals,
            requested_at=grant.requested_at, state=grant.state.value, decided_by=list(grant.decided_by),
            decided_at=grant.decided_at, ends_at=grant.ends_at, break_glass=grant.break_glass,
        )  # fmt: skip


class EventShape(BaseModel):
    """Something that was done to a grant."""

    at: datetime
    who: str
    what: str
    note: str


class GrantHistory(BaseModel):
    """A grant and what was done to it."""

    grant: GrantShape
    events: list[EventShape]

    @classmethod
    def of(cls, grant: Grant, events: Sequence[Event]) -> "GrantHistory":
        """The shape of both."""
        return cls(
            grant=GrantShape.of(grant),
            events=[EventShape(at=one.at, who=one.who, what=one.what, note=one.note) for one in events],
        )


class GrantPage(BaseModel):
    """Some grants, the newest first; ``next`` fetches those after them, and is null at the end."""

    grants: list[GrantShape]
    next: str | None


class SessionShape(BaseModel):
    """A session, without its secret."""

    id: str
    person: str
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    way: str

    @classmethod
    def of(cls, session: Session) -> "SessionShape":
        """The shape of a session."""
        return cls(
            id=session.id, person=session.person, started_at=session.started_at, seen_at=session.seen_at,
            ends_at=session.ends_at, way=session.way,
        )  # fmt: skip


class PersonShape(BaseModel):
    """Somebody who is known."""

    name: str
    groups: list[str]
    administrator: bool

    @classmethod
    def of(cls, person: Person) -> "PersonShape":
        """The shape of a person."""
        return cls(name=person.name, groups=list(person.groups), administrator=person.administrator)


class Option(BaseModel):
    """Something that the caller may ask for."""

    roles: list[str]
    clusters: list[str]
    namespaces: list[str]
    everywhere: bool
    maximum: str
    approvals: int
    approvers: list[str]


class Me(BaseModel):
    """Who calls, and what they may be."""

    person: str
    groups: list[str]
    session: str
    powers: list[str]

    @classmethod
    def of(cls, principal: Principal, powers: list[str]) -> "Me":
        """The shape of the caller."""
        return cls(person=principal.person, groups=list(principal.groups), session=principal.session, powers=powers)
