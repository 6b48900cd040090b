"""Alarms by hand: raised, acknowledged with a note, cleared; with their history."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from swf_testbed.model.alarms import alarm_kind
from swf_testbed.model.errors import BadInput, SwfError, one_of
from swf_testbed.model.status import Severity
from swf_testbed.monitor.services import alarms
from swf_testbed.monitor.services.changes import upsert
from swf_testbed.monitor.services.namespaces import namespace_choices
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.web.serving import actor, for_readers, page, stream
from swf_testbed.records import Alarm

_ALARMS = RESOURCES["alarms"]
_LONGEST_NOTE = 2000


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def alarm(request: HttpRequest, number: int) -> HttpResponseBase:
    """One alarm; whoever is logged in acknowledges and clears it."""
    if request.method != "POST":
        return _alarm_page(request, number)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    try:
        _act(number, actor(request).name, request.POST.get("action", ""), request.POST.get("note", ""))
    except SwfError as error:
        return _alarm_page(request, number, str(error))
    return redirect("web:alarm", number)


def _alarm_page(request: HttpRequest, number: int, problem: str = "") -> HttpResponse:
    found = alarms.get(number)
    kind = alarm_kind(found.subject)
    context = {"alarm": found, "kind": kind, "happened": found.events.all(), "problem": problem}
    moved_by = None if found.cleared_at else stream(["alarm"], ["alarms"])
    answer = page(request, "alarm.html", context, here="web:alarms", moved_by=moved_by)
    answer.status_code = 400 if problem else 200
    return answer


def _act(number: int, by: str, action: str, note: str) -> None:
    acts = {"acknowledge": alarms.acknowledge, "clear": alarms.clear}
    if action not in acts:
        raise BadInput("action", action, one_of(acts))
    acts[action](number, by, checked_note(note))


def checked_note(said: str) -> str:
    """A note without blanks around it; `BadInput` if it is too long."""
    note = said.strip()
    if len(note) > _LONGEST_NOTE:
        raise BadInput("note", note, f"must be at most {_LONGEST_NOTE} characters")
    return note


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def raise_alarm(request: HttpRequest) -> HttpResponseBase:
    """A form to raise an alarm."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    problem = ""
    if request.method == "POST":
        try:
            (stored,) = upsert(_ALARMS, [_sent(request)], actor=actor(request))
            return redirect("web:alarm", stored["id"])
        except SwfError as error:
            problem = str(error)
    context = {
        "problem": problem,
        "said": request.POST,
        "severities": [severity.value for severity in reversed(Severity)],
        "namespaces": namespace_choices(),
    }
    answer = page(request, "raise_alarm.html", context, here="web:alarms")
    answer.status_code = 400 if problem else 200
    return answer


def _sent(request: HttpRequest) -> Alarm:
    names = ("namespace", "severity", "subject", "text")
    said = {name: text for name in names if (text := request.POST.get(name, "").strip())}
    try:
        return Alarm.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput(str(first["loc"][0]), first["input"], first["msg"]) from None
