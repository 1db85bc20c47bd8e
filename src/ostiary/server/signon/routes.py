"""Signing in and out, tokens, and what a kubeconfig needs, over HTTP: ``/v1/login...``, ``/v1/whoami``, ``/v1/clusters/{cluster}/token``.

Every secret is in a body, never in an address, and no answer may be cached. What is decided is decided in ``flows``; these functions translate.
"""

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, Response

from ostiary.adapters.oidc import Pending
from ostiary.server.api.problems import ANSWERS
from ostiary.server.errors import NotFound
from ostiary.server.ports import control
from ostiary.server.sessions import Begun, Found
from ostiary.server.signon import account_routes, documents, pages
from ostiary.server.signon.accounts import BUILTIN
from ostiary.server.signon.asking import PeopleHere, address_of, uncached
from ostiary.server.signon.service import People

router = APIRouter(
    tags=["sign-on"],
    dependencies=[Depends(uncached)],
    responses={code: ANSWERS[code] for code in (401, 403, 404, 409, 413, 422, 429, 503)},
)
router.include_router(account_routes.router)
router.include_router(pages.router)


async def _found(request: Request) -> Found:
    return await cast(People, control(request).sign_on).found(request)


Caller = Annotated[Found, Depends(_found)]
Cluster = Annotated[str, Path(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


@router.get("/login/methods")
async def methods(people: PeopleHere) -> documents.Methods:
    """The ways to sign in."""
    names = people.flows.names()
    return documents.Methods(providers=[documents.Provider(name=name, builtin=name == BUILTIN) for name in names])


@router.post("/login/browser")
async def start_browser(people: PeopleHere, body: documents.BrowserRequest) -> documents.BrowserStarted:
    """Begin a sign-in in a browser."""
    started = await people.flows.start_browser(body.provider, body.redirect_uri, people.clock())
    return documents.BrowserStarted(secret=started.secret, url=started.url, state=started.state)


@router.post("/login/browser/finish")
async def finish_browser(people: PeopleHere, body: documents.BrowserFinish) -> documents.SessionMade:
    """End it with what the browser brought back."""
    return _made(await people.flows.finish_browser(body.secret, body.code, body.state, body.issuer, people.clock()))


@router.post("/login/device")
async def start_device(people: PeopleHere, body: documents.DeviceRequest) -> documents.DeviceStarted:
    """Begin a sign-in by a device code."""
    started = await people.flows.start_device(body.provider, people.clock())
    code = started.code
    return documents.DeviceStarted(
        secret=started.secret,
        user_code=code.user_code,
        verification_uri=code.verification_uri,
        verification_uri_complete=code.verification_uri_complete,
        interval=code.interval,
        ends_at=started.ends_at,
    )


@router.post("/login/device/poll")
async def poll_device(people: PeopleHere, body: documents.DevicePoll) -> documents.DeviceAnswer:
    """Whether the person has decided."""
    answer = await people.flows.poll_device(body.secret, people.clock())
    if isinstance(answer, Pending):
        return documents.DeviceAnswer(interval=answer.interval)
    return documents.DeviceAnswer(made=_made(answer))


@router.post("/login/password")
async def by_password(request: Request, people: PeopleHere, body: documents.PasswordRequest) -> documents.SessionMade:
    """Sign in by the built-in sign-on, at a terminal."""
    return _made(await people.flows.by_password(body.person, body.password, address_of(request), people.clock()))


@router.post("/logout", status_code=204)
async def logout(request: Request, people: PeopleHere, found: Caller) -> Response:
    """End the caller's session at once; tokens of it are refused from now on."""
    await people.kept.end(found.session.id, people.clock())
    control(request).wake()
    return Response(status_code=204)


@router.get("/whoami")
async def whoami(request: Request, found: Caller) -> documents.WhoAmI:
    """Who the caller is."""
    principal, session = found.principal, found.session
    return documents.WhoAmI(
        person=principal.person,
        groups=list(principal.groups),
        administrator=await control(request).administers(principal),
        session=session.id,
        way=session.way,
        started_at=session.started_at,
        ends_at=session.ends_at,
    )


@router.post("/clusters/{cluster}/token")
async def token(request: Request, people: PeopleHere, found: Caller, cluster: Cluster) -> documents.Token:
    """A token for one cluster, of 15 minutes at most, while a grant of the caller lives there."""
    now: datetime = people.clock()
    parts = control(request)
    if cluster not in {upstream.name for upstream in await parts.clusters.upstreams()}:
        raise NotFound(f"there is no cluster {cluster}", todo="see: ostiary kubeconfig --list")
    person = found.principal.person
    minted = await people.mint(person, found.session, cluster, now, await parts.live(person, cluster, now))
    return documents.Token(cluster=cluster, token=minted.token, ends_at=minted.ends_at)


@router.get("/kubeconfig")
async def kubeconfig(request: Request, people: PeopleHere, _: Caller) -> documents.KubeconfigFacts:
    """What a kubeconfig for the clusters behind the gateway needs; no secret is in it."""
    door = people.door()
    names = sorted(upstream.name for upstream in await control(request).clusters.upstreams())
    return documents.KubeconfigFacts(
        server=door.server, certificate_authority=door.certificate_authority, domain=door.domain, clusters=names
    )


def _made(begun: Begun) -> documents.SessionMade:
    session = begun.session
    return documents.SessionMade(
        secret=begun.secret,
        session=session.id,
        person=session.person,
        groups=list(begun.groups),
        way=session.way,
        ends_at=session.ends_at,
    )
