"""The pages of what went wrong outside of any page: they ask the database for nothing, which may be gone."""

import logging
import sys

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.database_trouble import is_outage, reason

log = logging.getLogger(__name__)

_RETRY_S = 10


def server_error(request: HttpRequest) -> HttpResponse:
    """What the server failed at, as far as a stranger may know: its log says the rest."""
    error = sys.exc_info()[1]
    if isinstance(error, Error) and is_outage(error):
        log.warning("database: %s", error)
        said = {"reason": reason(error), "retry_s": _RETRY_S}
        answer = HttpResponse(render_to_string("503.html", said), status=503)
        answer.headers["Retry-After"] = str(_RETRY_S)
        return answer
    log.error("%s %s", request.method, request.path, exc_info=error)
    return HttpResponse(render_to_string("500.html", {"when": now()}), status=500)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that does not come from one of our pages, or from one that is too old."""
    log.warning("form refused at %s: %s", request.path, reason)
    return HttpResponse(render_to_string("403_form.html", {"back": request.path}), status=403)
