"""How every page is rendered: for whom, whole or in part, and with which events it keeps up."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix

from swf_testbed.messages import REGISTRY

STREAM = "api/messages/stream/"

View = Callable[..., HttpResponse]


def for_readers(view: View) -> View:
    """Ask who it is, unless everyone may read."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if settings.PUBLIC_READ or request.user.is_authenticated:
            return view(request, **arguments)
        return redirect_to_login(request.get_full_path())

    return guarded


def page(request: HttpRequest, here: str, context: dict[str, Any], *, stream: str) -> HttpResponse:
    """The page of the template `web/<here>.html`, or with `?part=live` only what moves, for `live.js`.

    Args:
        request: as asked.
        here: the name of the template, and of the page in the navigation.
        context: what the template shows.
        stream: the events that the page keeps up with, as an address below the monitor's.
    """
    part = request.GET.get("part") == "live"
    common = {
        "base": "web/part.html" if part else "web/base.html",
        "part": part,
        "here": here,
        "stream": get_script_prefix() + stream,
        "events": " ".join(REGISTRY),
    }
    return render(request, f"web/{here}.html", common | context)


@cache
def scripts_gathered() -> bool:
    """Whether the third-party scripts are in place (`tools/gather_web.py`)."""
    return finders.find("vendor/gathered.json") is not None
