"""Trends from run to run: a subsystem's figures and flags over the newest runs, also as a file."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from swf_testbed.fastmon.products import RUN
from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services.filtering import number_between
from swf_testbed.monitor.services.run_trends import MOST_RUNS
from swf_testbed.monitor.services.trends_page import trends_page
from swf_testbed.monitor.web import downloads
from swf_testbed.monitor.web.serving import chosen_namespace, for_readers, page, scripts_gathered, stream
from swf_testbed.monitor.web.shift import choices
from swf_testbed.monitor.web.subsystem import chosen, subsystem_titles

_USUAL = 20
_NUMBERS = (10, 20, 50, 100, MOST_RUNS)


@for_readers
def trends(request: HttpRequest) -> HttpResponse:
    """`?subsystem=` or `run` for the whole, `?last=` how many runs, `?namespace=` whose."""
    namespace = chosen_namespace(request)
    titles = subsystem_titles()
    name = chosen(request, "subsystem", titles, RUN)
    number = _number(request)
    found = trends_page(namespace, number)
    context = {
        "lines": found.lines(name)[::-1],
        "flags": found.lines(name),
        "figures": found.figures(name),
        "tables": found.tables(name),
        "name": name,
        "title": titles[name],
        "titles": titles.items(),
        "whole": name == RUN,
        "number": number,
        "numbers": sorted({*_NUMBERS, number}),
        "forms": downloads.FORMS,
        "gathered": scripts_gathered(),
        **choices(namespace),
    }
    moved_by = stream((*LIFECYCLE, "quality_flag"), ["runs", "quality-flags"], namespace=namespace)
    return page(request, "trends.html", context, here="web:trends", moved_by=moved_by)


@for_readers
def trends_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The same of one subsystem, or of all if none is said, as a file."""
    if form not in downloads.FORMS:
        raise NotFound(f"there is no form {form}; there are {', '.join(downloads.FORMS)}")
    titles = subsystem_titles()
    subsystems = [chosen(request, "subsystem", titles, RUN)] if "subsystem" in request.GET else list(titles)
    found = trends_page(chosen_namespace(request), _number(request))
    write, content_type = downloads.FORMS[form]
    written = write(found.names(subsystems), found.rows(subsystems))
    answer = StreamingHttpResponse(written, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="trends.{form}"'
    return answer


def _number(request: HttpRequest) -> int:
    said = request.GET.get("last")
    return number_between("last", said, 1, MOST_RUNS) if said else _USUAL
