"""Answers: JSON, and errors that say what is wrong and what is allowed."""

import logging
from collections.abc import Callable
from math import ceil
from typing import Any

from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from pydantic_core import to_json

from swf_testbed.model.errors import (
    BadInput,
    Conflict,
    IllegalTransition,
    NotFound,
    Refused,
    SwfError,
    Unavailable,
    shorten,
)
from swf_testbed.monitor.services.database_trouble import is_outage, trouble
from swf_testbed.monitor.services.results import ResultsConflict

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[SwfError], int], ...] = (
    (BadInput, 400),
    (NotFound, 404),
    (Conflict, 409),
    (IllegalTransition, 409),
    (Refused, 403),
    (Unavailable, 503),
    (SwfError, 400),
)


def answer(document: Any, status: int = 200) -> HttpResponse:
    """A JSON answer."""
    return HttpResponse(to_json(document), content_type="application/json", status=status)


class TooMany(SwfError):
    """More than is allowed in a time; `wait_s` is how long to wait, s."""

    def __init__(self, text: str, wait_s: float) -> None:
        super().__init__(text)
        self.wait_s = wait_s


def _swf_error(error: SwfError) -> HttpResponse:
    document: dict[str, Any] = {"detail": str(error)}
    if isinstance(error, BadInput):
        document |= {"field": error.field, "value": shorten(error.value), "allowed": error.allowed}
    if isinstance(error, ResultsConflict):
        document |= {"revision": error.revision, "known_parts": error.known_parts}
    if isinstance(error, TooMany):
        response = answer(document, 429)
        response.headers["Retry-After"] = str(max(1, ceil(error.wait_s)))
        return response
    return answer(document, next(status for kind, status in _STATUS if isinstance(error, kind)))


def _no_entry() -> HttpResponse:
    response = answer({"detail": "needs the header 'Authorization: Token <key>' with a valid token"}, 401)
    response.headers["WWW-Authenticate"] = "Token"
    return response


def _database_error(request: HttpRequest, error: Error) -> HttpResponse:
    if not is_outage(error):
        return _unexpected(request, error)
    log.warning("database: %s", error)
    return answer({"detail": trouble(error)}, 503)


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("%s %s", request.method, request.path, exc_info=error)
    return answer({"detail": "the server failed at this request; its log says why"}, 500)


_HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    SwfError: lambda _, error: _swf_error(error),
    AuthenticationError: lambda _, __: _no_entry(),
    HttpError: lambda _, error: answer({"detail": str(error)}, error.status_code),
    Http404: lambda _, __: answer({"detail": "not found"}, 404),
    RequestDataTooBig: lambda _, __: answer({"detail": "the body is too large"}, 413),
    DisallowedHost: lambda _, __: answer({"detail": "this host is not served here"}, 400),
    SuspiciousOperation: lambda _, error: answer({"detail": str(error)}, 400),
    Error: _database_error,
    Exception: _unexpected,
}


def install(api: NinjaAPI) -> None:
    """Let the interface answer errors in this way."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)
