"""The built-in sign-on in a browser: ``/v1/login/page/{id}``. Off when the built-in sign-on is off.

A request that changes something has to come from this origin, say so, and carry the cookie that the page set (``__Host-``: this host alone, TLS alone).
"""

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Form, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from ostiary.core.errors import OstiaryError
from ostiary.server.errors import Forbidden, NotFound, TooMany, Unauthenticated
from ostiary.server.signon.asking import PeopleHere, address_of
from ostiary.server.signon.loopback import listening
from ostiary.server.signon.page_steps import PageSteps
from ostiary.server.signon.page_text import over_page, register_page, security_headers, sign_in_page

COOKIE: Final = "__Host-ostiary-sign-in"
_STATIC: Final = Path(__file__).parent / "static"
_KINDS: Final = {"page.css": "text/css", "passkey.js": "text/javascript"}

router = APIRouter(include_in_schema=False)


async def _steps(
    request: Request, people: PeopleHere, name: Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$")]
) -> PageSteps:
    if not people.settings.builtin:
        raise NotFound("the built-in sign-on is off", todo="sign in by the provider: ostiary login")
    if request.method == "POST" and request.headers.get("origin") != people.settings.origin:
        raise Forbidden("that request did not come from the sign-in page", todo="open the page anew: ostiary login")
    cookie = request.cookies.get(COOKIE, "")
    return PageSteps(people.sign_ins, people.accounts, people.passkeys, name, cookie, people.clock())


Steps = Annotated[PageSteps, Depends(_steps)]
Credential = Annotated[dict[str, Any], Body()]


@router.get("/login/static/{name}")
async def static(name: str) -> Response:
    """The script and the style of the pages."""
    if name not in _KINDS:
        raise NotFound("there is no such file", todo="open the page anew: ostiary login")
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response((_STATIC / name).read_bytes(), media_type=_KINDS[name], headers=headers)


@router.get("/login/page/{name}")
async def page(request: Request, steps: Steps) -> Response:
    """Name and password, or a passkey."""
    try:
        progress, cookie = await steps.open()
    except OstiaryError as error:
        return HTMLResponse(over_page(f"{error.happened}. {error.todo}"), 410, security_headers(""))
    answer = HTMLResponse(sign_in_page(request.url.path), headers=security_headers(listening(progress.redirect_uri)))
    answer.set_cookie(COOKIE, cookie, max_age=600, path="/", secure=True, httponly=True, samesite="strict")
    return answer


@router.post("/login/page/{name}/password")
async def password(
    request: Request,
    steps: Steps,
    person: Annotated[str, Form(max_length=128)],
    password: Annotated[str, Form(max_length=512)],
    passkey: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """The password: back to the command, or on to adding a passkey, or the same page with what was wrong."""
    here = request.url.path.removesuffix("/password")
    progress = await steps.mine()
    headers = security_headers(listening(progress.redirect_uri))
    try:
        onward = await steps.password(person, password, address_of(request), register=bool(passkey))
    except (Unauthenticated, TooMany) as error:
        return HTMLResponse(sign_in_page(here, person=person, problem=f"{error.happened}: {error.todo}"), error.status, headers)
    if not onward:
        return HTMLResponse(register_page(here, person.lower()), headers=headers)
    return RedirectResponse(onward, 303, headers)


@router.post("/login/page/{name}/skip")
async def skip(steps: Steps) -> Response:
    """On without a passkey."""
    progress = await steps.mine()
    return RedirectResponse(await steps.skip(), 303, security_headers(listening(progress.redirect_uri)))


@router.post("/login/page/{name}/passkey/options")
async def passkey_options(steps: Steps) -> Response:
    """Options for using a passkey."""
    return _json(await steps.passkey_options())


@router.post("/login/page/{name}/passkey")
async def passkey(steps: Steps, credential: Credential) -> Response:
    """A passkey that was used."""
    return JSONResponse({"next": await steps.passkey(credential)}, headers=security_headers(""))


@router.post("/login/page/{name}/register/options")
async def register_options(steps: Steps) -> Response:
    """Options for making a passkey."""
    return _json(await steps.register_options())


@router.post("/login/page/{name}/register")
async def register(steps: Steps, credential: Credential) -> Response:
    """A passkey that was made."""
    return JSONResponse({"next": await steps.register(credential)}, headers=security_headers(""))


def _json(document: str) -> Response:
    return Response(document, media_type="application/json", headers=security_headers(""))
