"""What all pages share: who may read them, what they answer when something is wrong, and how they move."""

from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import get_script_prefix

from swf_testbed.messages import REGISTRY
from swf_testbed.model.errors import Conflict, NotFound, Refused, SwfError, Unavailable
from swf_testbed.model.names import check_namespace
from swf_testbed.monitor.services.filtering import number_between
from swf_testbed.monitor.services.rights import Actor

_LAST_PAGE = 10**6

View = Callable[..., HttpResponseBase]

_STATUS: tuple[tuple[type[SwfError], int, str], ...] = (
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Not possible now"),
    (Refused, 403, "Not allowed"),
    (Unavailable, 503, "Not available now"),
    (SwfError, 400, "Not understood"),
)


def for_readers(view: View) -> View:
    """Ask who it is, unless everyone may read; what is wrong with a request is told on a page."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        if not (settings.PUBLIC_READ or request.user.is_authenticated):
            return redirect_to_login(request.get_full_path())
        try:
            return view(request, **arguments)
        except SwfError as error:
            return problem(request, error)

    return guarded


def actor(request: HttpRequest) -> Actor:
    """Who asks for a change; for requests of those who are logged in."""
    user = request.user
    return Actor(user.get_username(), getattr(user, "is_staff", False))


def problem(request: HttpRequest, error: SwfError) -> HttpResponse:
    """A page that says what is wrong and leads on."""
    status, title = status_of(error)
    context = {"status": status, "title": title, "problem": str(error), "cleared": request.path}
    return render(request, "web/problem.html", context, status=status)


def status_of(error: SwfError) -> tuple[int, str]:
    """The status of HTTP that an error is answered with, and its title."""
    return next((status, title) for kind, status, title in _STATUS if isinstance(error, kind))


def chosen_namespace(request: HttpRequest) -> str | None:
    """The namespace that the address asks for; None is all of them."""
    said = request.GET.get("namespace")
    return check_namespace(said) if said else None


def chosen_page(request: HttpRequest) -> int:
    """The page of a table that the address asks for; the first, if of none."""
    said = request.GET.get("page")
    return number_between("page", said, 1, _LAST_PAGE) if said else 1


def stream(events: Iterable[str] = (), changes: Iterable[str] = (), **filters: object) -> str:
    """The address of the events that move a page.

    Args:
        events: the types of messages; all, if there is none, and no `changes` either.
        changes: resources whose changes by REST move it too.
        filters: `run_ids`, `namespace` and others of the stream; None is none.
    """
    said = {name: str(value) for name, value in filters.items() if value is not None}
    lists = {"msg_types": ",".join(events), "changes": ",".join(changes)}
    wanted = {name: text for name, text in lists.items() if text}
    query = urlencode(wanted | said)
    return get_script_prefix() + "api/messages/stream/" + (f"?{query}" if query else "")


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, here: str, moved_by: str | None = None
) -> HttpResponse:
    """A page, or with `?part=live` only what moves, for `live.js` to put in place.

    Args:
        request: what was asked.
        template: its name below `web/`.
        context: what it shows.
        here: the name of its address, or of the one above it in the navigation, as `web:runs`.
        moved_by: the `stream` of what moves it; None if nothing does.
    """
    part = request.GET.get("part") == "live"
    common = {
        "base": "web/part.html" if part else "web/base.html",
        "part": part,
        "here": here,
        "stream": moved_by,
        "events": " ".join(REGISTRY),
    }
    return render(request, f"web/{template}", common | context)


@cache
def scripts_gathered() -> bool:
    """Whether the third-party scripts are in place (`tools/gather_web.py`)."""
    return finders.find("vendor/gathered.json") is not None
