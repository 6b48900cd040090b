"""Histograms for what pages draw, and as files."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from pydantic_core import to_json

from swf_testbed.fastmon.root_file import root_file
from swf_testbed.model.errors import BadInput, NotFound, SwfError
from swf_testbed.monitor.services import plot_sources
from swf_testbed.monitor.services.plot_sources import Wanted
from swf_testbed.monitor.web.serving import chosen_namespace, for_readers, status_of

PLOTS = "web:plots"


def address(sources: list[str], wanted: Wanted, namespace: str | None, over: list[str] | None = None) -> str:
    """Where a page's script gets what it draws."""
    said = [
        *(("source", text) for text in sources),
        *(("over", text) for text in over or ()),
        *(("subsystem", name) for name in wanted.subsystems),
        *(("name", name) for name in wanted.names),
        *((("namespace", namespace),) if namespace else ()),
    ]
    return f"{reverse(PLOTS)}?{urlencode(said)}"


@for_readers
def plots(request: HttpRequest) -> HttpResponse:
    """`figures` of each `source=` (see `services.plot_sources`), with each `over=` drawn over all of them."""
    try:
        found = plot_sources.figures(
            request.GET.getlist("source"),
            request.GET.getlist("over"),
            _wanted(request),
            chosen_namespace(request),
        )
    except SwfError as error:
        return HttpResponse(
            to_json({"detail": str(error)}), content_type="application/json", status=status_of(error)[0]
        )
    document = {
        "figures": [one._asdict() | {"series": [series._asdict() for series in one.series]} for one in found]
    }
    return HttpResponse(to_json(document), content_type="application/json")


@for_readers
def plot_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """One histogram as a file: `root` or `json` (UHI)."""
    if form not in _FORMS:
        raise NotFound(f"there is no form {form}; there are {', '.join(_FORMS)}")
    wanted = _wanted(request)
    if not (len(wanted.subsystems) == len(wanted.names) == 1):
        raise BadInput("name", request.GET.urlencode(), "must be one subsystem and one name")
    text = request.GET.get("source", "")
    source = plot_sources.source(text, chosen_namespace(request))
    document = next((one for _, one in source.documents(wanted)), None)
    subsystem, name = wanted.subsystems[0], wanted.names[0]
    if document is None:
        raise NotFound(f"{source.label} has no histogram {subsystem}/{name}")
    write, content_type = _FORMS[form]
    answer = HttpResponse(write(document), content_type=content_type)
    stem = f"{source.label.replace(' ', '-').replace('/', '-')}-{subsystem}-{name}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{stem}.{form}"'
    return answer


_FORMS: dict[str, tuple[Callable[[Any], bytes], str]] = {
    "root": (root_file, "application/octet-stream"),
    "json": (to_json, "application/json"),
}


def _wanted(request: HttpRequest) -> Wanted:
    return Wanted(tuple(request.GET.getlist("subsystem")), tuple(request.GET.getlist("name")))
