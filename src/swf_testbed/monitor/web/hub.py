"""The hub: what runs now, and what ran last."""

from django.http import HttpRequest, HttpResponse

from swf_testbed.monitor.services import hub as service
from swf_testbed.monitor.web.serving import for_readers, page, stream


@for_readers
def hub(request: HttpRequest) -> HttpResponse:
    """What runs now, and what ran last."""
    return page(request, "hub.html", {"hub": service.hub()}, here="web:hub", moved_by=stream())
