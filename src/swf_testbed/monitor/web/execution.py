"""The page of one execution of a workflow, and the timeline that it draws."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from swf_testbed.monitor.services.execution_page import ExecutionPage, execution_page, timeline_of
from swf_testbed.monitor.services.filtering import run_number_of
from swf_testbed.monitor.services.parameter_values import flattened
from swf_testbed.monitor.web.details import Part, excerpt
from swf_testbed.monitor.web.serving import chosen_page, for_readers, page, stream
from swf_testbed.monitor.web.sources import commit_link, file_link

_PARTS = (
    Part("messages", "Messages", {"execution_id": "execution_id"}),
    Part("logs", "Log", {"execution_id": "execution_id"}),
)
_SHOWN_APART = ("commit", "branch", "tag", "dirty", "workflow", "versions")
"""What the environment has that is not one line of the page."""


@for_readers
def execution(request: HttpRequest, key: str) -> HttpResponse:
    """One execution; `?run=` says whose STFs, and `?page=` which of them stand in the table."""
    run = request.GET.get("run")
    found = execution_page(
        key,
        run_number_of(run, "run") if run else None,
        chosen_page(request),
    )
    context = {
        "page": found,
        "execution": found.execution,
        "definition": found.execution.workflow_definition,
        "stages": list(found.timeline.reached) if found.timeline else [],
        "parts": [excerpt(part, {"execution_id": key}) for part in _PARTS],
        "source": _source(found),
        "environment": _environment(found.execution.execution_environment),
        "metrics": _lines(found.execution.performance_metrics),
        "drawn_from": reverse("web:run-timeline", args=[found.run.run_number]) if found.run else None,
    }
    moved_by = stream(execution_id=key)
    return page(request, "execution.html", context, here="web:executions", moved_by=moved_by)


@for_readers
def run_timeline(request: HttpRequest, run_number: int) -> HttpResponse:
    """The way of all STFs of a run through the stages, as columns."""
    return JsonResponse(timeline_of(run_number).table())


def _source(found: ExecutionPage) -> dict[str, Any]:
    """Of which code it was: commit and branch of the workflow's own file, else of the testbed."""
    definition, environment = found.execution.workflow_definition, found.execution.execution_environment
    where = definition.source if definition else {}
    of_file = environment.get("workflow")
    told = of_file if isinstance(of_file, Mapping) and of_file.get("commit") else environment
    return {
        "commit": told.get("commit"),
        "branch": told.get("branch"),
        "tag": told.get("tag"),
        "dirty": bool(told.get("dirty")),
        "commit_link": commit_link(where, told.get("commit")),
        "file": where.get("path"),
        "file_link": file_link(where, told.get("commit")),
    }


def _environment(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is not told above; versions by package."""
    plain = {name: value for name, value in document.items() if name not in _SHOWN_APART}
    versions = document.get("versions")
    return _lines(plain | (dict(versions) if isinstance(versions, Mapping) else {}))


def _lines(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One line a value; texts without quotes."""
    return [(name, value.strip('"')) for name, value in flattened(document)]
