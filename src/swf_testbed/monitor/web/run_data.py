"""The data of one run: where every file is, in which state, and why."""

from django.http import HttpRequest, HttpResponse

from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.monitor.services.run_data import run_data as found_of
from swf_testbed.monitor.web.serving import chosen_page, for_readers, page, scripts_gathered, stream
from swf_testbed.monitor.web.subsystem import chosen

_SHOWS = {"all": "all files", "missing": "not everywhere"}
_EVENTS = ("stf_ready", "stf_archived", "dataset_closed", "exit_buffer_status", "alarm", *LIFECYCLE)


@for_readers
def run_data(request: HttpRequest, run_number: int) -> HttpResponse:
    """`?show=missing` leaves out files that are verified at every site; `?page=` of the files."""
    show, at = chosen(request, "show", _SHOWS, "all"), chosen_page(request)
    found = found_of(run_number, only_missing=show == "missing", page=at)
    context = {
        "data": found,
        "run": found.run,
        "show": show,
        "shows": _SHOWS.items(),
        "at": at,
        "previous": at - 1 if at > 1 else None,
        "next": at + 1 if at < found.pages else None,
        "gathered": scripts_gathered(),
    }
    moved_by = stream(_EVENTS, ["stf-copies", "datasets", "alarms"], namespace=found.run.namespace)
    return page(request, "run_data.html", context, here="web:runs", moved_by=moved_by)
