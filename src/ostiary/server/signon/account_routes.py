"""Accounts of the built-in sign-on over HTTP: administrators make and close them, everybody changes their own password. Off when it is off."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from ostiary.core.errors import Refused
from ostiary.server.errors import Forbidden, NotFound
from ostiary.server.ports import Principal, caller, control
from ostiary.server.signon import documents
from ostiary.server.signon.accounts import BUILTIN
from ostiary.server.signon.asking import PeopleHere, address_of

PersonPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9@._+=-]{1,128}$")]
router = APIRouter(prefix="/accounts", tags=["accounts"])


async def _administrator(request: Request, principal: Annotated[Principal, Depends(caller)]) -> Principal:
    if not await control(request).administers(principal):
        raise Forbidden("only administrators keep accounts", todo="ask one; see: ostiary whoami")
    return principal


Administrator = Annotated[Principal, Depends(_administrator)]


async def _keeper(administrator: Administrator, people: PeopleHere) -> Principal:
    if not people.settings.builtin:
        raise NotFound(
            "the built-in sign-on is off: there are no accounts here", todo="people are kept by the sign-on provider"
        )
    return administrator


Keeper = Annotated[Principal, Depends(_keeper)]


@router.get("")
async def every(people: PeopleHere, _: Keeper) -> documents.AccountList:
    """Every account."""
    shown = [
        documents.AccountShown(
            person=one.person,
            administrator=one.administrator,
            disabled=one.disabled,
            passkeys=one.passkeys,
            created_at=one.created_at,
        )
        for one in await people.accounts.all()
    ]
    return documents.AccountList(accounts=shown)


@router.post("", status_code=201)
async def create(people: PeopleHere, _: Keeper, body: documents.AccountRequest) -> documents.AccountMade:
    """Make an account; its password is made up, and shown in this answer alone."""
    password = await people.accounts.create(body.person, people.clock(), administrator=body.administrator)
    return documents.AccountMade(person=body.person.lower(), password=password)


@router.post("/me/password", status_code=204)
async def change(
    request: Request, people: PeopleHere, me: Annotated[Principal, Depends(caller)], body: documents.PasswordChange
) -> Response:
    """Change one's own password; every session of one's own ends, this one too."""
    now = people.clock()
    await people.accounts.by_password(me.person, body.current, address_of(request), now)
    await people.accounts.set_password(me.person, body.new)
    return await _ended(request, people, me.person, now)


@router.post("/{person}/password")
async def replace(request: Request, people: PeopleHere, _: Keeper, person: PersonPath) -> documents.AccountMade:
    """Make up a new password for somebody who lost theirs; their sessions end."""
    password = await people.accounts.set_password(person, None)
    await _ended(request, people, person, people.clock())
    return documents.AccountMade(person=person, password=password)


@router.post("/{person}/disable", status_code=204)
async def disable(request: Request, people: PeopleHere, administrator: Keeper, person: PersonPath) -> Response:
    """Close an account: its passkeys are removed and its sessions end at once."""
    if person == administrator.person:
        raise Refused("you would lock yourself out", todo="have another administrator do it")
    await people.accounts.set_disabled(person, True)
    return await _ended(request, people, person, people.clock())


@router.post("/{person}/enable", status_code=204)
async def enable(people: PeopleHere, _: Keeper, person: PersonPath) -> Response:
    """Open a closed account again; its password is the old one."""
    await people.accounts.set_disabled(person, False)
    return Response(status_code=204)


@router.post("/{person}/forget", status_code=204)
async def forget(request: Request, people: PeopleHere, administrator: Administrator, person: PersonPath) -> Response:
    """Free a name that is bound to a provider's subject, so that another may come with it; sessions of the name end at once."""
    if person == administrator.person:
        raise Refused("you would free your own name while you use it", todo="have another administrator do it")
    if not await people.known.forget(person):
        raise NotFound(f"nobody signed in as {person} yet", todo=f"accounts of {BUILTIN}: ostiary account list")
    return await _ended(request, people, person, people.clock())


async def _ended(request: Request, people: PeopleHere, person: str, now: datetime) -> Response:
    await people.kept.end_all(person, now)
    control(request).wake()
    return Response(status_code=204)
