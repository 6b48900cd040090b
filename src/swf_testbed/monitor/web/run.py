"""The page of one run."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from swf_testbed.fastmon.presentation import SHOWN
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.monitor.services.run_page import run_page
from swf_testbed.monitor.web.serving import for_readers, page, scripts_gathered, stream
from swf_testbed.monitor.web.subsystem import subsystem_titles

_PAGES = {
    "Mark and references": "web:verdict",
    "Sampling": "web:sampling",
    "Where its files are": "web:run-data",
}
"""The other pages of a run."""

_BELOW = {
    "STF files": ("web:stfs", "run"),
    "TF samples": ("web:samples", "run_number"),
    "Slices": ("web:slices", "run_number"),
    "Messages": ("web:messages", "run_id"),
    "Logs": ("web:logs", "run_id"),
    "Quality flags": ("web:quality", "run_number"),
    "State history": ("web:states", "run_number"),
}
"""The lists of what belongs to a run, and the filter that says so."""


@for_readers
def run(request: HttpRequest, run_number: int) -> HttpResponse:
    """One run; `?subsystem=` says whose histograms are drawn."""
    titles = subsystem_titles()
    subsystem = request.GET.get("subsystem", "").lower() or next(iter(titles))
    if subsystem not in titles:
        raise BadInput("subsystem", subsystem, one_of(titles))
    found = run_page(run_number)
    context = {
        "page": found,
        "line": found.line,
        "run": found.line.run,
        "subsystem": subsystem,
        "subsystem_title": titles[subsystem],
        "subsystems": titles.items(),
        "order": " ".join(shown.name for shown in SHOWN),
        "gathered": scripts_gathered(),
        "below": [
            *((title, reverse(name, args=[run_number])) for title, name in _PAGES.items()),
            *((title, f"{reverse(name)}?{by}={run_number}") for title, (name, by) in _BELOW.items()),
        ],
    }
    return page(request, "run.html", context, here="web:runs", moved_by=stream(run_ids=run_number))
