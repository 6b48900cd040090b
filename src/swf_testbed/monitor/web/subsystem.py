"""One subsystem of a run: its plots beside a reference, what checks found in it and when, its trend."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from swf_testbed.fastmon.presentation import SHOWN
from swf_testbed.fastmon.products import RUN
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.monitor.services import channel_maps, subsystem_page
from swf_testbed.monitor.services.plot_sources import Wanted
from swf_testbed.monitor.web import plots
from swf_testbed.monitor.web.serving import chosen_namespace, for_readers, page, scripts_gathered
from swf_testbed.monitor.web.shift import NEWEST, choices, chosen_run, moved_by

SIDE = "side"
SHOWS = {"overlay": "overlay", "ratio": "ratio"}
ORDER = " ".join(shown.name for shown in SHOWN)


def subsystem_titles() -> dict[str, str]:
    """The subsystems, and the whole run, by name."""
    return {detector.name: detector.title for detector in detectors()} | {RUN: "Whole run"}


def chosen(request: HttpRequest, name: str, known: dict[str, Any], default: str) -> str:
    """What the address says of a choice; `BadInput` if it is none of those known."""
    said = request.GET.get(name) or default
    if said not in known:
        raise BadInput(name, said, one_of(known))
    return said


@for_readers
def subsystem(request: HttpRequest, name: str) -> HttpResponse:
    """`?run=`, `?window=`, `?against=` (what is drawn over it), `?show=` overlay or ratio."""
    titles = subsystem_titles()
    if name not in titles:
        raise BadInput("subsystem", name, one_of(titles))
    namespace = chosen_namespace(request)
    run_number, by_number = chosen_run(request)
    which = str(run_number) if by_number else NEWEST
    windows = subsystem_page.windows(which)
    window = chosen(request, "window", windows | {SIDE: ""}, "run")
    show = chosen(request, "show", SHOWS, "overlay")
    seen = subsystem_page.subsystem_page(run_number, name)
    against = request.GET.get("against", seen.reference or "")
    over = [against] if against and against != "none" else []
    sources = list(windows.values()) if window == SIDE else [windows[window]]
    context = {
        "seen": seen,
        "name": name,
        "titles": titles.items(),
        "by_number": by_number,
        "which": which,
        "window": window,
        "windows": [*((one, subsystem_page.TITLES[one]) for one in windows), (SIDE, "side by side")],
        "show": show,
        "shows": SHOWS.items(),
        "against": against,
        "board_show": SIDE if window == SIDE and show == "overlay" else show,
        "source": plots.address(sources, Wanted((name,)), namespace, over),
        "map_source": plots.address([f"{which}@30s"], Wanted((name,), (channel_maps.NAME,)), namespace),
        "with_map": "map" in request.GET and name != RUN,
        "order": ORDER,
        "gathered": scripts_gathered(),
        "kept": {"window": window, "show": show, "against": request.GET.get("against", "")},
        **choices(namespace),
    }
    return page(
        request,
        "subsystem.html",
        context,
        here="web:shift",
        moved_by=moved_by(run_number, by_number, namespace),
    )
