"""What a caller of the HTTP API can be told beside the errors that the command line has: each becomes one status code.

``BadInput`` is 422, ``Refused`` 409, ``Unreachable`` 503; these are the rest. A message says what happened and what to do next, and holds no secret.

>>> Forbidden("only administrators list sessions of others", todo="ask an administrator").status
403
"""

from ostiary.core.errors import BadInput, Refused


class Unauthenticated(Refused):
    """Nobody is known by that session secret, or no longer."""

    status = 401


class Forbidden(Refused):
    """Somebody is known, and may not do this."""

    status = 403


class NotFound(BadInput):
    """There is none of that name, or none that the caller may see."""

    status = 404


class TooMany(Refused):
    """Too many requests in too short a time."""

    status = 429
