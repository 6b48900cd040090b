"""The hub: what runs now, and what ran last."""

from django.http import HttpRequest, HttpResponse

from swf_testbed.model.names import check_namespace
from swf_testbed.monitor.services import hub as service
from swf_testbed.monitor.services.run_figures import RECENT_S
from swf_testbed.monitor.web.serving import for_readers, page, stream


@for_readers
def hub(request: HttpRequest) -> HttpResponse:
    """What runs now, and what ran last; `?namespace=` shows one namespace alone."""
    said = request.GET.get("namespace")
    namespace = check_namespace(said) if said else None
    context = {"hub": service.hub(namespace), "namespace": namespace, "since_s": int(RECENT_S)}
    return page(request, "hub.html", context, here="web:hub", moved_by=stream(namespace=namespace))
