"""The page of one version of a workflow's definition."""

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from swf_testbed.monitor.services.definition_page import definition_page
from swf_testbed.monitor.services.side_by_side import side_by_side
from swf_testbed.monitor.store.models import WorkflowDefinition
from swf_testbed.monitor.web.details import Part, excerpt
from swf_testbed.monitor.web.highlighting import as_json, highlighted, lines_of
from swf_testbed.monitor.web.serving import for_readers, page, stream
from swf_testbed.monitor.web.sources import file_link, repository

_EXECUTIONS = Part("executions", "Executions of it", {"workflow_definition": "label"})
_MOVED_BY = ("run_imminent", "end_run", "reply")


class Line(NamedTuple):
    """A line of two texts side by side; numbers from 1, None where one has nothing."""

    left: int | None
    old: SafeString | str
    right: int | None
    new: SafeString | str
    changed: bool


@for_readers
def definition(request: HttpRequest, key: str) -> HttpResponse:
    """One definition; `?against=` shows another version beside it."""
    found = definition_page(key, request.GET.get("against") or None)
    shown, other = found.definition, found.against
    context = {
        "page": found,
        "definition": shown,
        "texts": [
            ("definition", "Definition", highlighted(shown.definition, _filename(shown))),
            ("configuration", "Configuration", highlighted(as_json(shown.parameter_values), "values.json")),
        ],
        "comparisons": _comparisons(other, shown) if other else [],
        "repository": repository(shown.source),
        "file_link": file_link(shown.source, shown.source.get("commit")),
        "executions": excerpt(_EXECUTIONS, {"label": shown.label}),
    }
    return page(request, "definition.html", context, here="web:definitions", moved_by=stream(_MOVED_BY))


def _comparisons(old: WorkflowDefinition, new: WorkflowDefinition) -> list[tuple[str, list[list[Line]]]]:
    values = as_json(old.parameter_values), as_json(new.parameter_values)
    return [
        ("Definition", _compared(old.definition, new.definition, _filename(old), _filename(new))),
        ("Configuration", _compared(*values, "values.json", "values.json")),
    ]


def _compared(old: str, new: str, old_name: str | None, new_name: str | None) -> list[list[Line]]:
    left, right = highlighted(old, old_name), highlighted(new, new_name)
    groups = side_by_side(lines_of(old), lines_of(new))
    return [[_line(left, right, *pair) for pair in group] for group in groups]


def _line(left: Any, right: Any, old: int | None, new: int | None, changed: bool) -> Line:
    return Line(
        None if old is None else old + 1,
        "" if old is None else left[old],
        None if new is None else new + 1,
        "" if new is None else right[new],
        changed,
    )


def _filename(of: WorkflowDefinition) -> str | None:
    """The name of its file tells the language, unless the text was written as JSON for the record."""
    path = of.source.get("path")
    is_document = of.definition.lstrip().startswith("{")
    return path if isinstance(path, str) and not is_document else None
