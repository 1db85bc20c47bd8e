"""``/v1/grants``: asking, deciding, ending. Everything is decided in ``server.grants``; these functions translate.

A page names the next one by an opaque word: the moment and the id of the last grant on it, so that what is added meanwhile shifts nothing.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request

from ostiary.core.errors import BadInput
from ostiary.model.access import GrantState
from ostiary.pillars.access.asking import asked
from ostiary.pillars.access.permission import DEFAULT, is_one_of
from ostiary.server.api.shapes import GrantHistory, GrantPage, GrantRequest, GrantShape, Note, Option, State
from ostiary.server.errors import NotFound
from ostiary.server.grants import Grants
from ostiary.server.plane import Plane
from ostiary.server.ports import Principal, caller
from ostiary.server.store.grants import Selection

router = APIRouter(tags=["grants"])
Caller = Annotated[Principal, Depends(caller)]
GrantId = Annotated[str, Path(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", max_length=63)]
OptionalNote = Annotated[Note, Body()]
_NO_NOTE = Note()


def _plane(request: Request) -> Plane:
    found: Plane = request.app.state.control
    return found


def _grants(request: Request) -> Grants:
    return _plane(request).grants


Here = Annotated[Plane, Depends(_plane)]
Engine = Annotated[Grants, Depends(_grants)]


@router.get("/grants")
async def list_grants(
    who: Caller,
    engine: Engine,
    state: Annotated[list[State] | None, Query(max_length=6)] = None,
    cluster: Annotated[str | None, Query(max_length=63)] = None,
    person: Annotated[str | None, Query(max_length=253)] = None,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> GrantPage:
    """Grants that the caller may see, the newest first: their own, those that they may decide on, and for viewers all."""
    chosen = Selection(tuple(map(GrantState, state or ())), _text(cluster), _text(person), False, _position(after), limit)
    page = await engine.page(who, chosen)
    return GrantPage(grants=[GrantShape.of(one) for one in page.grants], next=page.after and _word(*page.after))


@router.post("/grants", status_code=201)
async def request_grant(who: Caller, engine: Engine, here: Here, body: GrantRequest) -> GrantShape:
    """Ask for a right in one's own name."""
    ask = asked(
        who.person, body.cluster, body.role, namespaces=body.namespaces, everywhere=body.everywhere, reason=body.reason,
        seconds=body.seconds,
    )  # fmt: skip
    engine.refuse_without_rule(who, ask)  # before anything is said about clusters
    if body.cluster not in {one.name for one in await here.clusters.upstreams()}:
        raise NotFound(f"there is no cluster {body.cluster}", todo="see: ostiary cluster list")
    await here.clusters.refuse(body.cluster, body.role, everywhere=body.everywhere)
    return GrantShape.of(await engine.request(who, ask))


@router.get("/grants/options")
async def options(who: Caller, here: Here) -> list[Option]:
    """What the caller may ask for: the rules that name them, in the order in which they are looked at."""
    rules = (here.rules.intent or DEFAULT).rules
    return [
        Option(
            roles=list(rule.roles), clusters=list(rule.clusters), namespaces=list(rule.namespaces), everywhere=rule.everywhere,
            maximum=rule.maximum, approvals=rule.approvals, approvers=list(rule.approvers),
        )
        for rule in rules
        if is_one_of(rule.who, who.person, who.groups)
    ]  # fmt: skip


@router.get("/grants/{name}")
async def get_grant(who: Caller, engine: Engine, name: GrantId) -> GrantHistory:
    """One grant, and what was done to it."""
    return GrantHistory.of(*await engine.get(who, name))


@router.post("/grants/{name}/approve")
async def approve(who: Caller, engine: Engine, name: GrantId, body: OptionalNote = _NO_NOTE) -> GrantShape:
    """Agree to a request of somebody else."""
    return GrantShape.of(await engine.approve(who, name, body.note))


@router.post("/grants/{name}/deny")
async def deny(who: Caller, engine: Engine, name: GrantId, body: OptionalNote = _NO_NOTE) -> GrantShape:
    """Refuse a request of somebody else."""
    return GrantShape.of(await engine.deny(who, name, body.note))


@router.post("/grants/{name}/withdraw")
async def withdraw(who: Caller, engine: Engine, name: GrantId) -> GrantShape:
    """Take one's own request back."""
    return GrantShape.of(await engine.withdraw(who, name))


@router.post("/grants/{name}/revoke")
async def revoke(who: Caller, engine: Engine, name: GrantId, body: OptionalNote = _NO_NOTE) -> GrantShape:
    """End a live grant at once."""
    return GrantShape.of(await engine.revoke(who, name, body.note))


def _text(given: str | None) -> str | None:
    """A filter that no database chokes on: PostgreSQL has no text with a zero byte, so nothing is called so."""
    if given is not None and not given.isprintable():
        raise BadInput("a filter holds characters that no name has", todo="give the name as it is listed")
    return given


def _word(at: datetime, name: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {name}".encode()).decode().rstrip("=")


def _position(word: str) -> tuple[datetime, str] | None:
    if not word:
        return None
    try:
        padded = word + "=" * (-len(word) % 4)
        at, _, name = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").partition(" ")
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError, binascii.Error):
        raise BadInput("that is no place in the list", todo="give `after` as `next` said it") from None
    if not name.isalnum():
        raise BadInput("that is no place in the list", todo="give `after` as `next` said it")
    return moment, name
