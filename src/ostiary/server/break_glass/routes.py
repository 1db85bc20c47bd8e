"""``/v1/break-glass``: enrolling needs a session; opening, confirming and taking the session need a passphrase or the ticket, and nothing else.

They work when the identity provider is down, since they never ask it. Whoever is signed in may see what was opened: it is not done in secret.
"""

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ostiary.server.break_glass.alarm import Alarm
from ostiary.server.break_glass.glass import BreakGlass, Opening
from ostiary.server.errors import Forbidden
from ostiary.server.plane import Plane
from ostiary.server.ports import Control, Principal, caller, control
from ostiary.server.signon.service import People

router = APIRouter(prefix="/break-glass", tags=["break-glass"])
Caller = Annotated[Principal, Depends(caller)]
Here = Annotated[Control, Depends(control)]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+$")]


class _Prepared:
    """Makes the glass of a control plane at the first request, and hands it to every one."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._glass: BreakGlass | None = None

    async def __call__(self, request: Request) -> None:
        plane: Plane = request.app.state.control
        if self._glass is None:
            self._glass = BreakGlass(
                plane.store, grants=plane.grants, sessions=cast(People, plane.sign_on).kept, rules=plane.rules,
                clusters=plane.clusters, alarm=self._alarm, clock=plane.clock,
            )  # fmt: skip
        request.state.break_glass = self._glass


def break_glass_router(alarm: Alarm) -> APIRouter:
    """The routes, relative to ``/v1``; ``alarm`` says whom they wake."""
    made = APIRouter(dependencies=[Depends(_Prepared(alarm))])
    made.include_router(router)
    return made


def glass(request: Request) -> BreakGlass:
    """The one that serves a request."""
    found: BreakGlass = request.state.break_glass
    return found


Glass = Annotated[BreakGlass, Depends(glass)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Proof(_Body):
    """Who it is: a name, and the passphrase of their enrolment."""

    person: str = Field(min_length=1, max_length=128)
    passphrase: SecretStr = Field(min_length=1, max_length=200)


class ToOpen(Proof):
    """The first person's part."""

    cluster: str = Field(min_length=1, max_length=63)
    reason: str = Field(min_length=1, max_length=500)


class Ticket(_Body):
    """What opening gave."""

    ticket: SecretStr = Field(min_length=1, max_length=200)


class Passphrase(BaseModel):
    """A new passphrase, shown in this answer alone."""

    person: str
    passphrase: str


class Shown(BaseModel):
    """One use of the glass."""

    id: str
    person: str
    cluster: str
    role: str
    reason: str
    opened_at: datetime
    waits_until: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    ends_at: datetime | None
    live: bool


class WithTicket(BaseModel):
    """What was opened, and the ticket that becomes a session once somebody else has confirmed."""

    opening: Shown
    ticket: str


class SessionGiven(BaseModel):
    """The session, or nothing yet."""

    secret: str = ""
    session: str = ""
    person: str = ""
    ends_at: datetime | None = None


class EnrolledShown(BaseModel):
    """Somebody who may take part."""

    person: str
    enrolled_at: datetime


@router.get("")
async def recent(broken: Glass, who: Caller) -> list[Shown]:
    """What was opened within a week, the newest first."""
    return [_shown(one, broken) for one in await broken.recent()]


@router.post("/people", status_code=201)
async def enrol(broken: Glass, who: Caller, response: Response) -> Passphrase:
    """Enrol oneself, in place of an enrolment before."""
    response.headers["Cache-Control"] = "no-store"
    return Passphrase(person=who.person, passphrase=await broken.enrol(who))


@router.get("/people")
async def people(broken: Glass, plane: Here, who: Caller) -> list[EnrolledShown]:
    """Everybody who is enrolled; administrators may ask."""
    await _administrators_only(plane, who)
    return [EnrolledShown(person=one.person, enrolled_at=one.enrolled_at) for one in await broken.people.every()]


@router.delete("/people/{person}", status_code=204)
async def forget(broken: Glass, plane: Here, who: Caller, person: str) -> Response:
    """End an enrolment: one's own, or any as an administrator."""
    if person != who.person:
        await _administrators_only(plane, who)
    await broken.people.forget(person)
    return Response(status_code=204)


@router.post("", status_code=201)
async def open_(broken: Glass, body: ToOpen, request: Request, response: Response) -> WithTicket:
    """Open: somebody else has ten minutes to confirm."""
    response.headers["Cache-Control"] = "no-store"
    opened = await broken.open(body.person, body.passphrase.get_secret_value(), body.cluster, body.reason, _address(request))
    return WithTicket(opening=_shown(opened.opening, broken), ticket=opened.ticket)


@router.post("/{name}/confirm")
async def confirm(broken: Glass, name: Id, body: Proof, request: Request) -> Shown:
    """Confirm what somebody else opened."""
    return _shown(await broken.confirm(name, body.person, body.passphrase.get_secret_value(), _address(request)), broken)


@router.post("/{name}/session")
async def session(broken: Glass, name: Id, body: Ticket, response: Response) -> SessionGiven:
    """The session that the ticket becomes, once; empty while nobody has confirmed."""
    response.headers["Cache-Control"] = "no-store"
    begun = await broken.session(name, body.ticket.get_secret_value())
    if begun is None:
        return SessionGiven()
    return SessionGiven(
        secret=begun.secret, session=begun.session.id, person=begun.session.person, ends_at=begun.session.ends_at
    )


async def _administrators_only(plane: Control, who: Principal) -> None:
    if not await plane.administers(who):
        raise Forbidden("only administrators see and end the enrolments of others", todo="ask one of them")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _shown(one: Opening, broken: BreakGlass) -> Shown:
    return Shown(
        id=one.id, person=one.person, cluster=one.cluster, role=one.role, reason=one.reason, opened_at=one.opened_at,
        waits_until=one.waits_until, confirmed_by=one.confirmed_by, confirmed_at=one.confirmed_at, ends_at=one.ends_at,
        live=one.live(broken.clock()),
    )  # fmt: skip
