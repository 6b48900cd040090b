"""What a shift crew watches: every subsystem of a run on one screen, the worst first."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.model.errors import BadInput
from swf_testbed.monitor.services import alarms, overview
from swf_testbed.monitor.services.filtering import number_between, run_number_of
from swf_testbed.monitor.services.namespaces import namespace_choices
from swf_testbed.monitor.store.models import Run
from swf_testbed.monitor.web.alarms import checked_note
from swf_testbed.monitor.web.serving import actor, chosen_namespace, for_readers, page, stream

EVENTS = ("histograms_updated", "quality_flag", "alarm", *LIFECYCLE)
"""What moves the pages of fast monitoring."""

MOST_CHOICES = 30
NEWEST = "newest"


def chosen_run(request: HttpRequest) -> tuple[int, bool]:
    """The run that the address asks for, and whether it is by number; else the newest that goes on.

    Raises:
        BadInput: `run` is neither a number nor `newest`, or `namespace` is none.
        NotFound: there is no run.
    """
    said = request.GET.get("run", NEWEST)
    if said == NEWEST:
        return overview.newest_run(chosen_namespace(request)), False
    return run_number_of(said, "run"), True


def choices(namespace: str | None) -> dict[str, object]:
    """What can be chosen: the newest runs of the namespace, and the namespaces."""
    runs = Run.objects.all() if namespace is None else Run.objects.filter(namespace=namespace)
    return {
        "run_choices": list(runs.order_by("-run_number").values_list("run_number", flat=True)[:MOST_CHOICES]),
        "namespaces": namespace_choices(),
        "namespace": namespace,
    }


def moved_by(run_number: int, by_number: bool, namespace: str | None) -> str:
    """What moves a page of one run; of the newest, also another that begins."""
    return stream(
        EVENTS, ["alarms", "quality-flags"], run_ids=run_number if by_number else None, namespace=namespace
    )


@for_readers
def shift(request: HttpRequest) -> HttpResponse:
    """The overview; `?run=` and `?namespace=` choose, else it follows the newest run that goes on."""
    namespace = chosen_namespace(request)
    run_number, by_number = chosen_run(request)
    context = {"seen": overview.overview(run_number), "by_number": by_number, **choices(namespace)}
    return page(
        request, "shift.html", context, here="web:shift", moved_by=moved_by(run_number, by_number, namespace)
    )


@require_POST
@for_readers
def acknowledge(request: HttpRequest) -> HttpResponseBase:
    """Acknowledge the alarm `number` with the note in `note-<number>`, and go on to `next`."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = reverse("web:shift")
    if not request.user.is_authenticated:
        return redirect_to_login(back)
    said = request.POST.get("number", "")
    number = number_between("number", said, 1, 2**62)
    note = checked_note(request.POST.get(f"note-{number}", ""))
    if not note:
        raise BadInput("note", note, "must say what you do about it")
    alarms.acknowledge(number, actor(request).name, note)
    return redirect(back)
