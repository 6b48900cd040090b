"""Replay: a run that has ended, moment by moment."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from swf_testbed.monitor.services import replay as runs
from swf_testbed.monitor.services.filtering import run_number_of
from swf_testbed.monitor.web.serving import for_readers, page

_RECENT = 50


@for_readers
def choose(request: HttpRequest) -> HttpResponseBase:
    """The runs that can be replayed; `?run=` leads to one."""
    if wanted := request.GET.get("run", "").strip():
        return redirect("web:replay", run_number_of(wanted, "run"))
    return page(request, "replays.html", {"runs": runs.recent_ended(_RECENT)}, here="web:replay")


@for_readers
def replay(request: HttpRequest, run_number: int) -> HttpResponse:
    """One run; `?t=` is the moment that is shown first, which the page itself understands."""
    return page(request, "replay.html", {"run": runs.ended_run(run_number)}, here="web:replay")


@for_readers
def events(request: HttpRequest, run_number: int) -> HttpResponse:
    """All that is replayed, for the page to compute from."""
    del request
    return HttpResponse(runs.replay(run_number), content_type="application/json")
