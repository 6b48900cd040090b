"""The REST interface as a whole, and its description."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Router, Swagger

from swf_testbed.monitor.api import answers, fast_monitoring, special, streaming
from swf_testbed.monitor.api.access import LOGGERS, WRITERS
from swf_testbed.monitor.api.crud import add_resource
from swf_testbed.monitor.api.logs import append_logs
from swf_testbed.monitor.api.openapi import complete
from swf_testbed.monitor.services.resources import RESOURCES


class MonitorApi(NinjaAPI):
    """Describes itself completely: ninja knows neither the records nor the errors."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """The OpenAPI document."""
        document = super().get_openapi_schema(**options)
        document["paths"].update(streaming.paths())
        return complete(document)


api = MonitorApi(
    title="swf-testbed monitor",
    version="1",
    openapi_url="/schema/",
    docs_url="/docs/",
    docs=Swagger(),
)
answers.install(api)
api.add_router("", special.router)
api.add_router("", fast_monitoring.router)
_CREATORS = {"logs": (append_logs, LOGGERS), "references": (fast_monitoring.make_reference, WRITERS)}
"""What creates records in a way of its own, and for whom."""

_resources = Router()
for _resource in RESOURCES.values():
    add_resource(_resources, _resource, _CREATORS.get(_resource.name))
api.add_router("", _resources)


def not_found(request: HttpRequest, rest: str) -> HttpResponse:
    """Anything else below `/api/`: JSON, as all answers there."""
    del request
    names = ", ".join(sorted(RESOURCES))
    return answers.answer({"detail": f"there is nothing at /api/{rest}; resources are {names}"}, 404)
