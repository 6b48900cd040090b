"""For a screen on the wall: sheets that take turns, in large type, without anything to press."""

from django.http import HttpRequest, HttpResponse

from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.model.status import Quality
from swf_testbed.monitor.services import overview
from swf_testbed.monitor.services.filtering import number_between
from swf_testbed.monitor.services.plot_sources import Wanted
from swf_testbed.monitor.web import plots
from swf_testbed.monitor.web.serving import chosen_namespace, for_readers, page, scripts_gathered
from swf_testbed.monitor.web.shift import NEWEST, chosen_run, moved_by
from swf_testbed.monitor.web.subsystem import subsystem_titles
from swf_testbed.records import Overview

SHORTEST_S, LONGEST_S = 3, 3600
WORTH_SHOWING = ("hits_per_frame", "unit_occupancy", "adc", "fine_time", "bunch_pattern", "channel_occupancy")
"""Plots of a sheet: those that say most from a distance."""

MOST_SHEETS = 4


@for_readers
def wall(request: HttpRequest) -> HttpResponse:
    """`?interval=` seconds a sheet; `?show=` subsystems, else those that are worst; `?stale=` seconds."""
    namespace = chosen_namespace(request)
    run_number, by_number = chosen_run(request)
    which = str(run_number) if by_number else NEWEST
    seen = overview.overview(run_number)
    titles = subsystem_titles()
    sheets = [name for name in request.GET.get("show", "").split(",") if name]
    for name in sheets:
        if name not in titles:
            raise BadInput("show", name, one_of(titles))
    context = {
        "seen": seen,
        "interval": number_between("interval", request.GET.get("interval", "15"), SHORTEST_S, LONGEST_S),
        "stale": number_between("stale", request.GET.get("stale", "30"), 1, LONGEST_S),
        "sheets": [
            (name, titles[name], plots.address([which], Wanted((name,), WORTH_SHOWING), namespace))
            for name in sheets or _worst(seen)
        ],
        "fixed": bool(sheets),
        "order": " ".join(WORTH_SHOWING),
        "gathered": scripts_gathered(),
    }
    return page(
        request, "wall.html", context, here="web:wall", moved_by=moved_by(run_number, by_number, namespace)
    )


def _worst(seen: Overview) -> list[str]:
    """The subsystems that are not good, or else those that come first."""
    bad = [line.subsystem for line in seen.subsystems if line.quality in {Quality.BAD, Quality.MEDIUM}]
    return (bad or [line.subsystem for line in seen.subsystems])[:MOST_SHEETS]
