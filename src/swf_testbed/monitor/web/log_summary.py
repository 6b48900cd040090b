"""The page of logs counted by program and level."""

from datetime import datetime
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from swf_testbed.monitor.services.history import log_summary
from swf_testbed.monitor.web.lists import query_of
from swf_testbed.monitor.web.serving import for_readers, page

_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
"""The usual levels, the worst first."""


class Count(NamedTuple):
    """Lines of one program and level, and the list of them."""

    number: int
    link: str


class Line(NamedTuple):
    """The lines of one program, by level."""

    app: str
    instance: str
    counts: list[Count | None]
    latest: datetime


@for_readers
def summary(request: HttpRequest) -> HttpResponse:
    """How many lines of each level each program logged; takes the filters of the list of logs."""
    query = {
        name: values for name, texts in query_of(request).items() if (values := list(filter(None, texts)))
    }
    found = log_summary(query)
    levels = [*_LEVELS, *sorted({row["levelname"] for row in found} - set(_LEVELS))]
    programs: dict[tuple[str, str], dict[str, int]] = {}
    latest: dict[tuple[str, str], datetime] = {}
    for row in found:
        program, at = (row["app_name"], row["instance_name"]), datetime.fromisoformat(row["latest"])
        programs.setdefault(program, {})[row["levelname"]] = row["count"]
        latest[program] = max(at, latest.get(program, at))
    lines = [
        Line(*program, [_count(query, program, level, counts.get(level, 0)) for level in levels], at)
        for (program, counts), at in zip(programs.items(), latest.values(), strict=True)
    ]
    context = {"levels": levels, "lines": lines, "query": _shown(query), "all": _logs(query)}
    return page(request, "log_summary.html", context, here="web:log-summary")


def _count(query: dict[str, list[str]], program: tuple[str, str], level: str, number: int) -> Count | None:
    if not number:
        return None
    app, instance = program
    said = {**query, "app_name": [app], "instance_name": [instance], "levelname": [level]}
    return Count(number, _logs(said))


def _logs(query: dict[str, list[str]]) -> str:
    return f"{reverse('web:logs')}?{urlencode(query, doseq=True)}"


def _shown(query: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), ", ".join(values)) for name, values in query.items()]
