"""The lists."""

from django.http import Http404, HttpRequest, HttpResponse

from swf_testbed.model.states import RunPhase
from swf_testbed.monitor.services import pages
from swf_testbed.monitor.web.rendering import STREAM, for_readers, page


@for_readers
def runs(request: HttpRequest) -> HttpResponse:
    """All runs, newest first, by page and phase."""
    phase, number = request.GET.get("phase", ""), request.GET.get("page", "1")
    if phase not in {"", *RunPhase} or not (
        number.isascii() and number.isdigit() and 0 < int(number[:9]) <= 10**8
    ):
        raise Http404
    lines, total = pages.run_list(RunPhase(phase) if phase else None, int(number))
    context = {
        "lines": lines,
        "total": total,
        "phase": phase,
        "phases": [known.value for known in RunPhase],
        "page": int(number),
        "last": -(-total // pages.PAGE),
    }
    return page(request, "runs", context, stream=STREAM)
