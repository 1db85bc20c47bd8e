"""``/v1/me``, ``/v1/people`` and ``/v1/sessions``: who is here, and ending a session.

One's own sessions are one's own; those of others are for viewers and administrators.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from ostiary.core.errors import BadInput
from ostiary.pillars.access.permission import Power
from ostiary.server.api.shapes import Me, PersonShape, SessionShape
from ostiary.server.errors import Forbidden, NotFound
from ostiary.server.plane import Plane
from ostiary.server.ports import Principal, caller

router = APIRouter(tags=["people"])
Caller = Annotated[Principal, Depends(caller)]
SessionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


def _plane(request: Request) -> Plane:
    found: Plane = request.app.state.control
    return found


Here = Annotated[Plane, Depends(_plane)]


@router.get("/me")
async def me(who: Caller, here: Here) -> Me:
    """Who calls, and what they may be for some request or other."""
    return Me.of(who, sorted(str(power) for power in here.rules.powers(who)))


@router.get("/people")
async def list_people(who: Caller, here: Here) -> list[PersonShape]:
    """Everybody who is known."""
    _viewers_only(here, who, "list people")
    return [PersonShape.of(one) for one in await here.sign_on.people()]


@router.get("/sessions")
async def list_sessions(
    who: Caller,
    here: Here,
    person: Annotated[str | None, Query(max_length=253)] = None,
    everybody: bool = False,
) -> list[SessionShape]:
    """Living sessions: the caller's own; of a person, or of everybody, for viewers."""
    if person is not None and everybody:
        raise BadInput("one person and everybody cannot both be meant", todo="give one of them")
    if person is not None and not person.isprintable():
        raise BadInput("that is nobody's name", todo="give the name as it is listed")
    if everybody or person not in (None, who.person):
        _viewers_only(here, who, "list the sessions of others")
    found = await here.sign_on.sessions(None if everybody else person or who.person)
    return [SessionShape.of(one) for one in found]


@router.delete("/sessions/{session}", status_code=204)
async def end_session(who: Caller, here: Here, session: SessionId) -> Response:
    """End a session at once: its tokens are refused by the gateway within a second. One's own, or any as an administrator."""
    if Power.ADMINISTRATOR not in here.rules.powers(who):
        own = {one.id for one in await here.sign_on.sessions(who.person)}
        if session not in own:
            raise NotFound("you have no such session", todo="see: ostiary session list")
    if await here.sign_on.revoke(session, datetime.now(UTC)) is None:
        raise NotFound("there is no such session", todo="list them: ostiary session list --everybody")
    here.wake()
    return Response(status_code=204)


def _viewers_only(here: Plane, who: Principal, what: str) -> None:
    if Power.VIEWER not in here.rules.powers(who):
        raise Forbidden(f"only viewers and administrators {what}", todo="ask one of them")
