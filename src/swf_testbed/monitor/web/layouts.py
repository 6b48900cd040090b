"""Layouts: plots that people arrange, keep under a name, and share by their address."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from swf_testbed.fastmon.presentation import SHOWN
from swf_testbed.monitor.services import layouts as service
from swf_testbed.monitor.services.filtering import number_between
from swf_testbed.monitor.services.plot_sources import Wanted
from swf_testbed.monitor.web import plots
from swf_testbed.monitor.web.serving import actor, chosen_namespace, for_readers, page, scripts_gathered
from swf_testbed.monitor.web.shift import NEWEST, choices, chosen_run, moved_by
from swf_testbed.monitor.web.subsystem import subsystem_titles
from swf_testbed.records import Cell, Layout
from swf_testbed.records.layouts import MOST_COLUMNS

_COLUMNS = 4


@for_readers
def layouts(request: HttpRequest) -> HttpResponse:
    """All that were kept, and some to begin with."""
    begin = [
        (shown.title, service.of_every_subsystem(shown.name)) for shown in SHOWN if shown.name != "latency"
    ]
    context = {"found": service.layouts(), "begin": begin}
    return page(request, "layouts.html", context, here="web:layouts")


@for_readers
def unnamed(request: HttpRequest) -> HttpResponse:
    """A layout that is in its address alone: `?cells=drich.adc.2x1,…&columns=4`."""
    return _layout(request, None)


@for_readers
def layout(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """A layout that was kept; `?cells=` and `?columns=` are changes that were not."""
    return _layout(request, service.layout(owner, name))


def _layout(request: HttpRequest, kept: Layout | None) -> HttpResponse:
    namespace = chosen_namespace(request)
    run_number, by_number = chosen_run(request)
    which = str(run_number) if by_number else NEWEST
    said = request.GET.get("cells")
    cells = service.cells_of(said) if said is not None else kept.cells if kept else ()
    default = kept.columns if kept else _COLUMNS
    columns = number_between("columns", request.GET.get("columns", str(default)), 1, MOST_COLUMNS)
    titles = subsystem_titles()
    context = {
        "kept_as": kept,
        "changed": kept is not None and (cells, columns) != (kept.cells, kept.columns),
        "mine": kept is not None and request.user.get_username() == kept.owner,
        "cells": [(cell, titles.get(cell.subsystem, cell.subsystem)) for cell in cells],
        "said": service.text_of(cells),
        "columns": columns,
        "column_choices": range(1, MOST_COLUMNS + 1),
        "source": _source(cells, which, namespace),
        "titles": titles.items(),
        "names": [(shown.name, shown.title) for shown in SHOWN],
        "by_number": by_number,
        "seen": {"run_number": run_number},
        "kept": {"cells": said or "", "columns": request.GET.get("columns", "")},
        "gathered": scripts_gathered(),
        **choices(namespace),
    }
    return page(
        request,
        "layout.html",
        context,
        here="web:layouts",
        moved_by=moved_by(run_number, by_number, namespace),
    )


def _source(cells: tuple[Cell, ...], which: str, namespace: str | None) -> str:
    wanted = Wanted(
        tuple(dict.fromkeys(cell.subsystem for cell in cells)),
        tuple(dict.fromkeys(cell.name for cell in cells)),
    )
    return plots.address([which], wanted, namespace)


@require_POST
@for_readers
def keep(request: HttpRequest) -> HttpResponseBase:
    """Keep `cells` and `columns` as the user's own layout `name`."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("web:layouts"))
    said = {name: request.POST.get(name, "").strip() for name in ("name", "title", "cells", "columns")}
    own: dict[str, Any] = {
        "title": said["title"],
        "cells": service.cells_of(said["cells"]),
        "columns": number_between("columns", said["columns"], 1, MOST_COLUMNS),
    }
    sent = service.made(actor(request).name, said["name"], **own)
    service.keep(actor(request), sent)
    return redirect("web:layout", sent.owner, sent.name)


@require_POST
@for_readers
def forget(request: HttpRequest, owner: str, name: str) -> HttpResponseBase:
    """Forget a layout; its owner, and staff."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("web:layouts"))
    service.forget(actor(request), owner, name)
    return redirect("web:layouts")
