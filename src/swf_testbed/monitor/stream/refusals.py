"""Why a stream is not opened, and the answer that says so."""

import random

from django.db import DatabaseError
from starlette.responses import JSONResponse

from swf_testbed.model.errors import BadInput, shorten


class NotAllowed(Exception):
    """Reading needs a token or a session here."""


class TooMany(Exception):
    """There are as many streams as allowed."""


class GoingDown(Exception):
    """The server ends."""


REFUSALS = (BadInput, NotAllowed, TooMany, GoingDown, DatabaseError)

_FULL_S, _AWAY_S = 10, 5


def refusal(error: Exception) -> JSONResponse:
    """The answer to one of `REFUSALS`; who may come again is told when, and not all at the same time."""
    if isinstance(error, BadInput):
        named = {"field": error.field, "value": shorten(error.value), "allowed": error.allowed}
        return JSONResponse({"detail": str(error), **named}, 400)
    if isinstance(error, NotAllowed):
        return JSONResponse({"detail": str(error)}, 401, {"WWW-Authenticate": "Token"})
    if isinstance(error, TooMany):
        return _later(429, str(error), _FULL_S)
    down = isinstance(error, GoingDown)
    return _later(503, "the server is going down" if down else "the database does not answer", _AWAY_S)


def _later(status: int, detail: str, seconds: int) -> JSONResponse:
    wait = random.randint(seconds, 2 * seconds)  # noqa: S311  # spreads load
    return JSONResponse({"detail": f"{detail}; try again later"}, status, {"Retry-After": str(wait)})
