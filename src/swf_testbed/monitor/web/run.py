"""The page of one run."""

from django.http import Http404, HttpRequest, HttpResponse

from swf_testbed.fastmon.presentation import SHOWN
from swf_testbed.fastmon.products import RUN
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services.run_page import run_page
from swf_testbed.monitor.web.rendering import STREAM, for_readers, page, scripts_gathered


@for_readers
def run(request: HttpRequest, run_number: int) -> HttpResponse:
    """One run; `?subsystem=` says whose histograms are drawn."""
    titles = _subsystems()
    subsystem = request.GET.get("subsystem", "").lower() or next(iter(titles))
    if subsystem not in titles:
        raise Http404
    try:
        found = run_page(run_number)
    except NotFound:
        raise Http404 from None
    context = {
        "page": found,
        "line": found.line,
        "run": found.line.run,
        "subsystem": subsystem,
        "subsystem_title": titles[subsystem],
        "subsystems": titles.items(),
        "order": " ".join(shown.name for shown in SHOWN),
        "gathered": scripts_gathered(),
    }
    return page(request, "run", context, stream=f"{STREAM}?run_ids={run_number}")


def _subsystems() -> dict[str, str]:
    return {detector.name: detector.title for detector in detectors()} | {RUN: "Whole run"}
