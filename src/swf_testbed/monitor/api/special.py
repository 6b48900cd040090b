"""What is more than records: counters, state, results, heartbeats, logs, health."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from swf_testbed.model.clock import now
from swf_testbed.model.names import LAST_RUN_NUMBER, check_namespace
from swf_testbed.monitor import metrics
from swf_testbed.monitor.api import openapi
from swf_testbed.monitor.api.access import READERS, WRITERS, actor
from swf_testbed.monitor.api.answers import answer
from swf_testbed.monitor.api.bodies import document_of, model_of
from swf_testbed.monitor.api.crud import create
from swf_testbed.monitor.services import changes, filtering, history, overview, results, standing, summary
from swf_testbed.monitor.services.counters import CounterName, next_number
from swf_testbed.monitor.services.health import health
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.records import (
    NamespaceRecord,
    Overview,
    ResultsKnown,
    ResultsStored,
    RunResults,
    RunSummary,
    SystemAgent,
)
from swf_testbed.records.answers import LogSummary, StateAt
from swf_testbed.records.health import Health, Overall

router = Router()

_RUN = {
    "name": "run_number",
    "in": "query",
    "required": True,
    "schema": {"type": "integer", "minimum": 0, "maximum": LAST_RUN_NUMBER},
}
_NAMESPACE = {"name": "namespace", "in": "query", "schema": {"type": "string"}}
_TIME = {"name": "time", "in": "query", "schema": {"type": "string", "format": "date-time"}}


@router.get(
    "/health/",
    auth=None,
    tags=["service"],
    summary="Whether the monitor, its database, its broker and its intake work",
    openapi_extra={"responses": openapi.answers({200: openapi.ref(Health), 503: openapi.ref(Health)})},
)
def show_health(request: HttpRequest) -> HttpResponse:
    """503 when the database does not answer; without broker or intake `degraded`, and 200."""
    found = health()
    return answer(found, 503 if found.status is Overall.DOWN else 200)


@router.get(
    "/metrics",
    auth=None,
    tags=["service"],
    summary="Metrics for Prometheus",
    openapi_extra={
        "responses": {"200": {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    },
)
def show_metrics(request: HttpRequest) -> HttpResponse:
    """The text exposition format; docs/reference/metrics.md tells what each one is."""
    standing.refresh()
    return HttpResponse(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _give_number(name: CounterName) -> HttpResponse:
    return answer({name.value: next_number(name), "status": "success"})


@router.post(
    "/state/next-run-number/",
    auth=WRITERS,
    tags=["state"],
    summary="A run number, given once",
    openapi_extra=openapi.number("run_number"),
)
def next_run_number(request: HttpRequest) -> HttpResponse:
    """Starts at 100010."""
    return _give_number(CounterName.RUN_NUMBER)


@router.post(
    "/state/next-agent-id/",
    auth=WRITERS,
    tags=["state"],
    summary="An agent's number, given once",
    openapi_extra=openapi.number("agent_id"),
)
def next_agent_id(request: HttpRequest) -> HttpResponse:
    """Starts at 1."""
    return _give_number(CounterName.AGENT_ID)


@router.post(
    "/state/next-workflow-execution-id/",
    auth=WRITERS,
    tags=["state"],
    summary="An execution's number, given once",
    openapi_extra=openapi.number("sequence"),
)
def next_workflow_execution_id(request: HttpRequest) -> HttpResponse:
    """Starts at 1."""
    return _give_number(CounterName.WORKFLOW_EXECUTION)


@router.get(
    "/state/at/",
    auth=READERS,
    tags=["state"],
    summary="The datataking state at a time",
    openapi_extra=openapi.reading(openapi.ref(StateAt), 400, 404)
    | {"parameters": [_TIME, _RUN | {"required": False}]},
)
def state_at(request: HttpRequest) -> HttpResponse:
    """`time` is ISO 8601 with an offset, now if left out; `run_number` asks for one run alone."""
    time, run_number = request.GET.get("time"), request.GET.get("run_number")
    moment = now() if time is None else filtering.moment("time", time)
    run = None if run_number is None else filtering.run_number_of(run_number)
    return answer(history.state_at(moment, run))


@router.post(
    "/run-results/",
    auth=WRITERS,
    tags=["results"],
    summary="Store one step of merging, once",
    openapi_extra={
        "requestBody": openapi.body_of(openapi.ref(RunResults)),
        "responses": openapi.answers(
            {200: openapi.ref(ResultsStored)}, 400, 401, 403, 409, 413, 503, problem="ResultsProblem"
        ),
    },
)
def post_results(request: HttpRequest) -> HttpResponse:
    """409 with `revision` and `known_parts` when the sender's view of the run is not the present one."""
    return answer(results.store_results(model_of(RunResults, document_of(request))))


@router.get(
    "/run-results/",
    auth=READERS,
    tags=["results"],
    summary="What a run's histograms contain",
    openapi_extra=openapi.reading(openapi.ref(ResultsKnown), 400) | {"parameters": [_RUN]},
)
def get_results(request: HttpRequest) -> HttpResponse:
    """Where a merger begins again."""
    return answer(results.known_results(filtering.run_number_of(request.GET.get("run_number", ""))))


@router.get(
    "/runs/{run_number}/summary/",
    auth=READERS,
    tags=["runs"],
    summary="A run, counted",
    openapi_extra=openapi.reading(openapi.ref(RunSummary), 400, 404)
    | {"parameters": [_RUN | {"in": "path"}]},
)
def get_summary(request: HttpRequest, run_number: str) -> HttpResponse:
    """What the database knows of a run."""
    return answer(summary.run_summary(filtering.run_number_of(run_number)))


@router.get(
    "/runs/newest/overview/",
    auth=READERS,
    tags=["runs"],
    summary="The newest run that goes on, subsystem by subsystem",
    openapi_extra=openapi.reading(openapi.ref(Overview), 400, 404) | {"parameters": [_NAMESPACE]},
)
def newest_overview(request: HttpRequest) -> HttpResponse:
    """Of a namespace or of all; when none goes on, the last that did."""
    said = request.GET.get("namespace")
    namespace = None if said is None else check_namespace(said)
    return answer(overview.overview(overview.newest_run(namespace)))


@router.get(
    "/runs/{run_number}/overview/",
    auth=READERS,
    tags=["runs"],
    summary="A run, subsystem by subsystem, the worst first",
    openapi_extra=openapi.reading(openapi.ref(Overview), 400, 404) | {"parameters": [_RUN | {"in": "path"}]},
)
def run_overview(request: HttpRequest, run_number: str) -> HttpResponse:
    """What a shift crew looks at."""
    return answer(overview.overview(filtering.run_number_of(run_number)))


@router.post(
    "/systemagents/heartbeat/",
    auth=WRITERS,
    tags=["systemagents"],
    summary="An agent lives",
    openapi_extra=openapi.storing(SystemAgent)
    | {"requestBody": openapi.body_of(openapi.ref("SystemAgentInput"))},
)
def heartbeat(request: HttpRequest) -> HttpResponse:
    """A record of `systemagents`; `last_heartbeat` is the server's time if left out."""
    agent = model_of(SystemAgent, document_of(request))
    if agent.last_heartbeat is None:
        agent = agent.model_copy(update={"last_heartbeat": now()})
    return answer(changes.upsert(RESOURCES["systemagents"], [agent], actor=actor(request))[0])


@router.post(
    "/namespaces/ensure/",
    auth=WRITERS,
    tags=["namespaces"],
    summary="Let a namespace exist",
    openapi_extra=openapi.storing(NamespaceRecord),
)
def ensure_namespace(request: HttpRequest) -> HttpResponse:
    """The same as a POST of the record."""
    return create(request, RESOURCES["namespaces"])


@router.get(
    "/logs/summary/",
    auth=READERS,
    tags=["logs"],
    summary="Lines by program and level",
    openapi_extra=openapi.reading(openapi.ref(LogSummary), 400)
    | {"parameters": openapi.filter_parameters(RESOURCES["logs"])},
)
def logs_summary(request: HttpRequest) -> HttpResponse:
    """Takes the filters of the list of logs."""
    query = {name: [str(text) for text in texts] for name, texts in request.GET.lists()}
    return answer({"results": history.log_summary(query)})
