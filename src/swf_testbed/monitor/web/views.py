"""The pages. Each answers whole, or with `?part=live` only what moves, for `live.js` to put in place."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix

from swf_testbed.fastmon.presentation import SHOWN
from swf_testbed.fastmon.products import RUN
from swf_testbed.messages import REGISTRY
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import NotFound
from swf_testbed.model.states import RunPhase
from swf_testbed.monitor.services import pages

STREAM = "api/messages/stream/"

View = Callable[..., HttpResponse]


def for_readers(view: View) -> View:
    """Ask who it is, unless everyone may read."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if settings.PUBLIC_READ or request.user.is_authenticated:
            return view(request, **arguments)
        return redirect_to_login(request.get_full_path())

    return guarded


@for_readers
def hub(request: HttpRequest) -> HttpResponse:
    """What runs now, and what ran last."""
    return _page(request, "hub", {"hub": pages.hub()}, stream=STREAM)


@for_readers
def runs(request: HttpRequest) -> HttpResponse:
    """All runs, newest first, by page and phase."""
    phase, page = request.GET.get("phase", ""), request.GET.get("page", "1")
    if phase not in {"", *RunPhase} or not (page.isascii() and page.isdigit() and 0 < int(page[:9]) <= 10**8):
        raise Http404
    lines, total = pages.run_list(RunPhase(phase) if phase else None, int(page))
    context = {
        "lines": lines,
        "total": total,
        "phase": phase,
        "phases": [known.value for known in RunPhase],
        "page": int(page),
        "last": -(-total // pages.PAGE),
    }
    return _page(request, "runs", context, stream=STREAM)


@for_readers
def run(request: HttpRequest, run_number: int) -> HttpResponse:
    """One run; `?subsystem=` says whose histograms are drawn."""
    titles = _subsystems()
    subsystem = request.GET.get("subsystem", "").lower() or next(iter(titles))
    if subsystem not in titles:
        raise Http404
    try:
        page = pages.run_page(run_number)
    except NotFound:
        raise Http404 from None
    context = {
        "page": page,
        "line": page.line,
        "run": page.line.run,
        "subsystem": subsystem,
        "subsystem_title": titles[subsystem],
        "subsystems": titles.items(),
        "order": " ".join(shown.name for shown in SHOWN),
        "gathered": scripts_gathered(),
    }
    return _page(request, "run", context, stream=f"{STREAM}?run_ids={run_number}")


@cache
def scripts_gathered() -> bool:
    """Whether the third-party scripts are in place (`tools/gather_web.py`)."""
    return finders.find("vendor/gathered.json") is not None


def _subsystems() -> dict[str, str]:
    return {detector.name: detector.title for detector in detectors()} | {RUN: "Whole run"}


def _page(request: HttpRequest, here: str, context: dict[str, Any], *, stream: str) -> HttpResponse:
    part = request.GET.get("part") == "live"
    common = {
        "base": "web/part.html" if part else "web/base.html",
        "part": part,
        "here": here,
        "stream": get_script_prefix() + stream,
        "events": " ".join(REGISTRY),
    }
    return render(request, f"web/{here}.html", common | context)
