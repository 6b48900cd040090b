"""How a run is sampled: policies and what they came to, who changed them, and a form to change them."""

import tomllib
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from swf_testbed.config.fastmon import SAMPLING
from swf_testbed.model.errors import BadInput, SwfError, one_of
from swf_testbed.monitor.services import run_sampling
from swf_testbed.monitor.services.rights import controls
from swf_testbed.monitor.services.sampling_page import sampling_page
from swf_testbed.monitor.web.columns import document
from swf_testbed.monitor.web.serving import actor, for_readers, page, status_of, stream

_ACTIONS = ("change", "reset")
_NUMBERS: dict[str, type] = {"selection_fraction": float, "tf_files_per_stf": int}
"""Parameters that have fields of their own in the form."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def sampling(request: HttpRequest, run_number: int) -> HttpResponseBase:
    """The sampling of a run; `action` is change, of what the fields say, or reset."""
    if request.method != "POST":
        return _sampling_page(request, run_number)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    try:
        run_sampling.change_sampling(run_number, _change(request), actor(request))
    except SwfError as error:
        return _sampling_page(request, run_number, error)
    return redirect("web:sampling", run_number)


def _change(request: HttpRequest) -> dict[str, Any]:
    action = request.POST.get("action", "")
    if action not in _ACTIONS:
        raise BadInput("action", action, one_of(_ACTIONS))
    if action == "reset":
        return dict.fromkeys(SAMPLING)
    said = {name: text for name in _NUMBERS if (text := request.POST.get(name, "").strip())}
    return _table(request.POST.get("policies", "")) | {name: _number(name, said[name]) for name in said}


def _number(name: str, text: str) -> float | int:
    try:
        number: float | int = _NUMBERS[name](text)
    except ValueError:
        raise BadInput(name, text, "must be a number") from None
    return number


def _table(text: str) -> dict[str, Any]:
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput("policies", text, f"is no TOML: {error}") from None
    within = read.get("fastmon", read)
    if not isinstance(within, dict):
        raise BadInput("policies", text, "must have a table [fastmon]")
    return within


def _sampling_page(request: HttpRequest, run_number: int, wrong: SwfError | None = None) -> HttpResponse:
    found = sampling_page(run_number)
    run = found.run
    context = {
        "page": found,
        "run": run,
        "sampling": found.sampling,
        "said": document(found.said),
        "changes": [(one, document(one.change)) for one in reversed(found.sampling.changes)],
        "goes_on": run.end_time is None and run.namespace is not None,
        "may_change": request.user.is_authenticated and controls(actor(request), run.namespace),
        "problem": wrong,
        "posted": request.POST,
    }
    moved_by = stream(("tf_file_registered", "histograms_updated", "end_run"), run_ids=run_number)
    answer = page(request, "sampling.html", context, here="web:runs", moved_by=moved_by)
    if wrong is not None:
        answer.status_code = status_of(wrong)[0]
    return answer
