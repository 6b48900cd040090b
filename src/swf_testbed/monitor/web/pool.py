"""The pools of workers, live."""

from django.http import HttpRequest, HttpResponse

from swf_testbed.monitor.services.namespaces import namespace_choices
from swf_testbed.monitor.services.pool_page import MOST_WORKERS, pool_page
from swf_testbed.monitor.web.serving import chosen_namespace, for_readers, page, stream

_EVENTS = ("worker_heartbeat", "drain_worker", "run_imminent_worker", "end_run", "agent_state", "alarm")


@for_readers
def pool(request: HttpRequest) -> HttpResponse:
    """`?namespace=` says whose; else all."""
    namespace = chosen_namespace(request)
    context = {
        "page": pool_page(namespace),
        "most": MOST_WORKERS,
        "namespace": namespace,
        "namespaces": namespace_choices(),
    }
    moved_by = stream(_EVENTS, ["workers", "systemagents"], namespace=namespace)
    return page(request, "pool.html", context, here="web:pool", moved_by=moved_by)
