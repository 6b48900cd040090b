"""Runs and references set against one another: the same plots, on the same axes."""

import re

from django.http import HttpRequest, HttpResponse

from swf_testbed.model.errors import BadInput
from swf_testbed.monitor.services import plot_sources
from swf_testbed.monitor.services.plot_sources import MOST_SOURCES, Wanted
from swf_testbed.monitor.web import plots
from swf_testbed.monitor.web.serving import chosen_namespace, for_readers, page, scripts_gathered, stream
from swf_testbed.monitor.web.shift import EVENTS, choices
from swf_testbed.monitor.web.subsystem import ORDER, SHOWS, chosen, subsystem_titles


@for_readers
def compare(request: HttpRequest) -> HttpResponse:
    """`?of=` two or more sources with blanks or commas between; `?subsystem=`, `?show=` overlay or ratio."""
    namespace = chosen_namespace(request)
    titles = subsystem_titles()
    name = chosen(request, "subsystem", titles, next(iter(titles)))
    show = chosen(request, "show", SHOWS, "overlay")
    said = [text for text in re.split(r"[\s,]+", " ".join(request.GET.getlist("of"))) if text]
    if len(said) > MOST_SOURCES:
        raise BadInput("of", " ".join(said), f"must be at most {MOST_SOURCES} runs or references")
    found = [plot_sources.source(text, namespace) for text in said]
    context = {
        "of": " ".join(said),
        "series": [source.label for source in found],
        "titles": titles.items(),
        "title": titles[name],
        "name": name,
        "show": show,
        "shows": SHOWS.items(),
        "source": plots.address(said, Wanted((name,)), namespace) if said else "",
        "order": ORDER,
        "gathered": scripts_gathered(),
        "most": MOST_SOURCES,
        **choices(namespace),
    }
    return page(request, "compare.html", context, here="web:compare", moved_by=stream(EVENTS))
