"""The application: routes under ``/v1``, health beside them, limits around everything, errors as problem documents.

``/healthz`` says that the process answers, ``/readyz`` that it does its work; neither says anything about people or clusters. The OpenAPI document is at
``/v1/openapi.json``. Every other route wants a session, but those of signing in.
"""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp

from ostiary import __version__
from ostiary.core.errors import Unreachable
from ostiary.server.api import grants, people
from ostiary.server.api.limits import Buckets, Limits
from ostiary.server.api.problems import ANSWERS, handle
from ostiary.server.plane import Plane
from ostiary.server.settings import ApiSettings

_DESCRIPTION = "People, clusters and grants of an ostiary. Errors are problem documents (RFC 9457) that say what to do next."
_bearer = HTTPBearer(auto_error=False, description="the secret of a session, as signing in gave it", scheme_name="session")


def make(plane: Plane, settings: ApiSettings, routers: Sequence[APIRouter] = ()) -> ASGIApp:
    """The application of a control plane, with the routes of its other parts, which are relative to ``/v1``."""
    app = FastAPI(
        title="ostiary", version=__version__, description=_DESCRIPTION, openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.control = plane
    handle(app)
    for router in (grants.router, people.router, *routers):
        app.include_router(router, prefix="/v1", dependencies=[Depends(_bearer)], responses=ANSWERS)
    app.include_router(_health(plane))
    return Limits(app, buckets=Buckets(settings.requests_per_second, settings.burst), body_bytes=settings.body_bytes)


def _health(plane: Plane) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @router.get("/readyz", responses={503: ANSWERS[503]})
    async def readyz() -> dict[str, str]:
        """Whether it does its work."""
        if why := plane.ready():
            raise Unreachable(why, todo="wait, or look at what it says on its terminal")
        return {"status": "ok"}

    return router
