"""The hub: what runs now, and what ran last."""

from django.http import HttpRequest, HttpResponse

from swf_testbed.monitor.services import hub as service
from swf_testbed.monitor.services.run_figures import RECENT_S
from swf_testbed.monitor.web.serving import chosen_namespace, for_readers, page, stream


@for_readers
def hub(request: HttpRequest) -> HttpResponse:
    """What runs now, and what ran last; `?namespace=` shows one namespace alone."""
    namespace = chosen_namespace(request)
    context = {"hub": service.hub(namespace), "namespace": namespace, "since_s": int(RECENT_S)}
    return page(request, "hub.html", context, here="web:hub", moved_by=stream(namespace=namespace))
