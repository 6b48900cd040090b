"""Fast monitoring beyond records: marks of runs, references, trends."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from swf_testbed.config.fastmon import SAMPLING
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import LAST_RUN_NUMBER
from swf_testbed.monitor.api import openapi
from swf_testbed.monitor.api.access import READERS, WRITERS, actor
from swf_testbed.monitor.api.answers import answer
from swf_testbed.monitor.api.bodies import document_of, model_of
from swf_testbed.monitor.api.pictures import as_root
from swf_testbed.monitor.services import (
    filtering,
    reading,
    run_marks,
    run_references,
    run_sampling,
    run_trends,
)
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.records import Marking, Reference, ReferenceOrder, Run, RunSampling, Trends

router = Router()

_NUMBER = {"type": "integer", "minimum": 0, "maximum": LAST_RUN_NUMBER}
_RUN = {"name": "run_number", "in": "path", "required": True, "schema": _NUMBER}
_TEXT = {"type": "string"}
_VERSION = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_STATE = {"name": "state", "in": "query", "schema": _TEXT}
_OF_HISTOGRAM = ("name", "version", "subsystem", "product")
_RUNS = {
    "name": "run_number",
    "in": "query",
    "required": True,
    "schema": {"type": "array", "items": _NUMBER, "minItems": 1, "maxItems": run_trends.MOST_RUNS},
}


@router.post(
    "/runs/{run_number}/mark/",
    auth=WRITERS,
    tags=["runs"],
    summary="Mark a run good or bad",
    openapi_extra={
        "parameters": [_RUN],
        "requestBody": openapi.body_of(openapi.ref(Marking)),
        "responses": openapi.answers({200: openapi.ref(Run)}, 400, 401, 403, 404, 413, 503),
    },
)
def mark_run(request: HttpRequest, run_number: str) -> HttpResponse:
    """References are made of runs that are marked good; who controls the run's namespace marks it."""
    number = filtering.run_number_of(run_number)
    run_marks.mark(number, model_of(Marking, document_of(request)), actor(request))
    return answer(reading.get(RESOURCES["runs"], str(number)))


@router.get(
    "/runs/{run_number}/sampling/",
    auth=READERS,
    tags=["runs"],
    summary="How a run is sampled, and what that came to",
    openapi_extra=openapi.reading(openapi.ref(RunSampling), 400, 404) | {"parameters": [_RUN]},
)
def show_sampling(request: HttpRequest, run_number: str) -> HttpResponse:
    """With all changes, and what reading the files cost."""
    return answer(run_sampling.sampling_of(filtering.run_number_of(run_number)))


@router.post(
    "/runs/{run_number}/sampling/",
    auth=WRITERS,
    tags=["runs"],
    summary="Change how a run is sampled, from the next STF",
    openapi_extra={
        "parameters": [_RUN],
        "requestBody": openapi.body_of({"type": "object", "properties": {key: {} for key in SAMPLING}}),
        "responses": openapi.answers({200: openapi.ref(RunSampling)}, 400, 401, 403, 404, 409, 413, 503),
    },
)
def set_sampling(request: HttpRequest, run_number: str) -> HttpResponse:
    """The body has parameters of `fastmon`; null is as the run began. It is done when this answers."""
    number, change = filtering.run_number_of(run_number), document_of(request)
    if not isinstance(change, dict):
        raise BadInput("body", change, "must be an object")
    return answer(run_sampling.change_sampling(number, change, actor(request)))


def make_reference(request: HttpRequest) -> HttpResponse:
    """Make a reference of runs that were marked good; answers its name and version."""
    order = model_of(ReferenceOrder, document_of(request))
    return answer(run_references.make(order, actor(request).name), 201)


@router.get(
    "/runs/{run_number}/reference/",
    auth=READERS,
    tags=["references"],
    summary="The reference that a run is judged by",
    openapi_extra=openapi.reading(openapi.ref(Reference), 400, 404) | {"parameters": [_RUN, _STATE]},
)
def reference_of_run(request: HttpRequest, run_number: str) -> HttpResponse:
    """The one that was chosen for it, or the newest that fits; `state` is run/physics if left out."""
    found = run_references.reference_of(filtering.run_number_of(run_number), request.GET.get("state"))
    return answer(reading.get(RESOURCES["references"], f"{found['name']}/{found['version']}"))


@router.get(
    "/references/{name}/{version}/histograms/{subsystem}/{product}/",
    auth=READERS,
    tags=["references"],
    summary="A histogram of a reference",
    openapi_extra=openapi.reading({"type": "object"}, 400, 404)
    | {
        "parameters": [
            *(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": _VERSION if name == "version" else _TEXT,
                }
                for name in _OF_HISTOGRAM
            ),
            {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["root", "uhi"]}},
        ]
    },
)
def reference_histogram(  # the parts of the path
    request: HttpRequest, name: str, version: str, subsystem: str, product: str
) -> HttpResponse:
    """As UHI, or with `format=root` as a browser draws it."""
    wanted = request.GET.get("format", "uhi")
    if wanted not in {"root", "uhi"}:
        raise BadInput("format", wanted, "must be root or uhi")
    number = filtering.number_between("version", version, 1, 2**31 - 1)
    row = {"content": run_references.histogram(name, number, subsystem, product)}
    return answer(as_root(row) if wanted == "root" else row)


@router.get(
    "/runs/{run_number}/trends/",
    auth=READERS,
    tags=["runs"],
    summary="Figures of a run's STFs against time",
    openapi_extra=openapi.reading(openapi.ref(Trends), 400, 404) | {"parameters": [_RUN]},
)
def trends_of_run(request: HttpRequest, run_number: str) -> HttpResponse:
    """The newest 20000 STFs, in the order of taking, as columns."""
    return answer(run_trends.of_run(filtering.run_number_of(run_number)))


@router.get(
    "/trends/",
    auth=READERS,
    tags=["runs"],
    summary="Figures of one run after the other",
    openapi_extra=openapi.reading(openapi.ref(Trends), 400) | {"parameters": [_RUNS]},
)
def trends_of_runs(request: HttpRequest) -> HttpResponse:
    """`run_number` may be given up to 200 times."""
    for name in request.GET:
        if name != "run_number":
            raise BadInput(name, request.GET[name], "is not a parameter; there is run_number")
    return answer(
        run_trends.of_runs([filtering.run_number_of(text) for text in request.GET.getlist("run_number")])
    )
