"""What sign-on's routes ask of a request: the service, where it came from, and that no answer is cached."""

from typing import Annotated, cast

from fastapi import Depends, Request, Response

from ostiary.server.ports import control
from ostiary.server.signon.service import People


def people(request: Request) -> People:
    """The service that answers."""
    return cast(People, control(request).sign_on)


def address_of(request: Request) -> str:
    """The address of the peer: no header is believed about it."""
    return request.client.host if request.client else "unknown"


def uncached(response: Response) -> None:
    """Secrets and who is who are in these answers."""
    response.headers["Cache-Control"] = "no-store"


PeopleHere = Annotated[People, Depends(people)]
