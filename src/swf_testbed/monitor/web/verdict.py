"""What a person says of a run, and the references that are made of those that are good."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput, SwfError, one_of
from swf_testbed.model.status import RunMark
from swf_testbed.monitor.services import run_marks, run_references
from swf_testbed.monitor.services.rights import controls
from swf_testbed.monitor.services.verdict_page import verdict_page
from swf_testbed.monitor.web.alarms import checked_note
from swf_testbed.monitor.web.serving import actor, for_readers, page, status_of, stream
from swf_testbed.records import Marking, ReferenceOrder

_MARKS: dict[str, RunMark | None] = {"good": RunMark.GOOD, "bad": RunMark.BAD, "none": None}
_REFERENCE = "reference"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def verdict(request: HttpRequest, run_number: int) -> HttpResponseBase:
    """The mark of a run, and its references; `action` is good, bad, none or reference, with a `note`."""
    if request.method != "POST":
        return _verdict_page(request, run_number)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    try:
        _act(request, run_number)
    except SwfError as error:
        return _verdict_page(request, run_number, error)
    return redirect("web:verdict", run_number)


def _act(request: HttpRequest, run_number: int) -> None:
    action, note = request.POST.get("action", ""), checked_note(request.POST.get("note", ""))
    if action in _MARKS:
        run_marks.mark(run_number, Marking(mark=_MARKS[action], note=note), actor(request))
    elif action == _REFERENCE:
        run_references.make(ReferenceOrder(runs=(run_number,), note=note), actor(request).name)
    else:
        raise BadInput("action", action, one_of((*_MARKS, _REFERENCE)))


def _verdict_page(request: HttpRequest, run_number: int, wrong: SwfError | None = None) -> HttpResponse:
    found = verdict_page(run_number)
    may = request.user.is_authenticated and controls(actor(request), found.run.namespace)
    context = {
        "page": found,
        "run": found.run,
        "problem": wrong,
        "may_mark": may,
        "subsystem": next(iter(detectors())).name,
    }
    moved_by = stream((), ["runs", "references"])
    answer = page(request, "verdict.html", context, here="web:runs", moved_by=moved_by)
    if wrong is not None:
        answer.status_code = status_of(wrong)[0]
    return answer
