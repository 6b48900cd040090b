"""A message's page: what it says, what caused it, and what it caused."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from swf_testbed.model.clock import now
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services.message_path import Path, message_path
from swf_testbed.monitor.services.message_steps import Step
from swf_testbed.monitor.store.models import WorkflowMessage
from swf_testbed.monitor.web.columns import document, whole
from swf_testbed.monitor.web.links import address
from swf_testbed.monitor.web.serving import for_readers, page, stream

_MOVES = timedelta(minutes=5)
"""How long after a message something that it caused may still come."""

_DEEPEST = 9
_WIDTH = 1000
"""Units of the time axis."""

_FIELDS = ("sender_agent", "recipient_agent", "namespace", "run_id", "execution_id", "destination")


class Line(NamedTuple):
    """A step as the page shows it: how far it is indented, where it leads, and its part of the time axis."""

    step: Step
    depth: int
    link: str | None
    by: str | None
    here: bool
    begin: float
    width: float


@for_readers
def message(request: HttpRequest, key: str) -> HttpResponse:
    """One message, by its identity or its number in the stream."""
    found = _find(key)
    path = message_path(found)
    context = {
        "message": found,
        "path": path,
        "lines": [_line(step, path, found) for step in path.steps],
        "fields": [(name.replace("_", " "), whole(name, getattr(found, name))) for name in _FIELDS],
        "lag": found.received_at - found.sent_at if found.sent_at else None,
        "body": document(found.message_content),
    }
    fresh = now() - found.received_at < _MOVES and found.run_id is not None
    moved_by = stream(run_ids=found.run_id) if fresh else None
    return page(request, "message.html", context, here="web:messages", moved_by=moved_by)


def _find(key: str) -> WorkflowMessage:
    by: dict[str, Any] = {"pk": int(key)} if key.isascii() and key.isdigit() and len(key) < 19 else {}
    try:
        found = WorkflowMessage.objects.filter(**by or {"message_id": UUID(key)}).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(f"there is no message {key[:100]}; give its message_id, or its number in the stream")
    return found


def _line(step: Step, path: Path, found: WorkflowMessage) -> Line:
    scale = _WIDTH / path.span_s if path.span_s else 0.0
    end, delay = step.since_s or 0.0, max(step.delay_s or 0.0, 0.0)
    begin = max(end - delay, 0.0) * scale
    link = reverse("web:slice", args=[step.piece]) if step.piece else address("message_id", step.message)
    named = "worker_id" if step.what == "slice_result" else "sender_agent"
    return Line(
        step=step,
        depth=min(step.depth, _DEEPEST),
        link=link,
        by=address(named, step.by),
        here=step.message == found.message_id,
        begin=round(begin, 1),
        width=round(max(end * scale - begin, 4.0), 1),
    )
