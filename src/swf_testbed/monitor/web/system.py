"""The system page: services, queues, dead letters, what is stale; and what can be done about it."""

from datetime import timedelta

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from swf_testbed.model.errors import BadInput, Refused, one_of
from swf_testbed.monitor.services import dead_letters
from swf_testbed.monitor.services.repair import repair_stuck
from swf_testbed.monitor.services.system import system as look
from swf_testbed.monitor.web.columns import document
from swf_testbed.monitor.web.serving import actor, for_readers, page, stream

_AGES = {
    "10m": timedelta(minutes=10),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
}
_MOST_LETTERS = 500


@for_readers
def system(request: HttpRequest) -> HttpResponse:
    """How the machinery stands."""
    return page(request, "system.html", {"system": look()}, here="web:system", moved_by=stream())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def repair(request: HttpRequest) -> HttpResponseBase:
    """What nobody ended, and to end it, for staff; `?older_than=` says how long nothing was heard of it."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not actor(request).staff:
        raise Refused("only staff ends what others began; whoever runs the testbed here can make you staff")
    doing = request.method == "POST"
    chosen = (request.POST if doing else request.GET).get("older_than", "1h")
    if chosen not in _AGES:
        raise BadInput("older_than", chosen, one_of(_AGES))
    repairs = repair_stuck(_AGES[chosen], dry_run=not doing)
    context = {"repairs": repairs, "done": doing, "chosen": chosen, "ages": list(_AGES)}
    return page(request, "repair.html", context, here="web:system")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def dead_letter_list(request: HttpRequest, namespace: str) -> HttpResponseBase:
    """The dead letters of a namespace, and to send them again."""
    if request.method == "POST":
        return _send_again(request, namespace)
    found = dead_letters.letters(namespace)
    context = {
        "namespace": namespace,
        "letters": found[:_MOST_LETTERS],
        "total": len(found),
        "sent": request.GET.get("sent", ""),
    }
    return page(request, "dead_letters.html", context, here="web:system")


def _send_again(request: HttpRequest, namespace: str) -> HttpResponseBase:
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    chosen = {str(identity) for identity in request.POST.getlist("id")}
    if not chosen and "all" not in request.POST:
        raise BadInput("id", "", "choose at least one message to send again")
    sent = dead_letters.send_again(namespace, None if "all" in request.POST else chosen, actor(request))
    answer = redirect("web:dead-letters", namespace)
    answer["Location"] += f"?sent={sent}"
    return answer


@never_cache
@for_readers
def dead_letter(request: HttpRequest, namespace: str, identity: str) -> HttpResponse:
    """One dead letter whole."""
    found = dead_letters.letter(namespace, identity)
    body = dead_letters.document_of(found)
    context = {
        "namespace": namespace,
        "letter": found,
        "body": document(body),
        "headers": found.headers.items(),
    }
    return page(request, "dead_letter.html", context, here="web:system")
