"""Errors as problem documents (RFC 9457): what happened in ``detail``, what to do next in ``todo``; no traceback, and nothing secret.

{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "no rule lets alice ...", "todo": "see what you may ask for: ..."}
"""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ostiary.core.errors import BadInput, OstiaryError, Refused, Unreachable

_log = logging.getLogger("ostiary.api")
_MEDIA = "application/problem+json"
_MOST = 5  # mistakes of a body that are named


class Problem(BaseModel):
    """What went wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    todo: str = Field(default="", description="what to do next")


def _described(meaning: str) -> dict[str, Any]:
    return {"model": Problem, "description": meaning, "content": {_MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


ANSWERS: dict[int | str, dict[str, Any]] = {
    400: _described("the request cannot be read"),
    401: _described("nobody is signed in with that session"),
    403: _described("the caller may not do this"),
    404: _described("there is none, or none that the caller may see"),
    409: _described("it cannot be done as things stand"),
    413: _described("the request is too large"),
    422: _described("the request cannot mean anything"),
    429: _described("too many requests"),
    503: _described("something that is needed does not answer"),
}


def status_of(error: OstiaryError) -> int:
    """The status of an error: its own, else that of its kind."""
    own = getattr(error, "status", None)
    if isinstance(own, int):
        return own
    match error:
        case BadInput():
            return 422
        case Unreachable():
            return 503
        case Refused():
            return 409
        case _:
            return 500


def problem(status: int, detail: str, todo: str = "", *, headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem document as an answer."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, todo=todo)
    return JSONResponse(body.model_dump(), status, media_type=_MEDIA, headers=headers)


def handle(app: FastAPI) -> None:
    """Let every error of the application become a problem document."""

    async def known(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, OstiaryError)  # noqa: S101 # registered for it
        status = status_of(error)
        headers = {"WWW-Authenticate": 'Bearer realm="ostiary"'} if status == 401 else None
        return problem(status, error.happened, error.todo, headers=headers)

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 # registered for it
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 # registered for it
        found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:_MOST]]
        return problem(422, "; ".join(found), "see /v1/openapi.json")

    async def bug(request: Request, error: Exception) -> JSONResponse:
        _log.error("a bug in ostiary: %s at %s %s", type(error).__name__, request.method, request.url.path, exc_info=error)
        return problem(500, "a bug in ostiary ended this request; nothing is known of its outcome", "please report it")

    app.add_exception_handler(OstiaryError, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, bug)
