"""What may be thrown away when it is old: messages and logs, never records of what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model

from swf_testbed.monitor.services import messages
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Log, WorkflowMessage

BATCH = 1000
"""Rows of one transaction: other writers wait for it, which must be short."""


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    model: type[Model]
    arrived: str
    """The server's own time of arrival; the sender's clock may say anything."""

    forget: Callable[[int, int], int]
    """Deletes the rows from one number to another; how many."""


def _forget_logs(first: int, last: int) -> int:
    return Log.objects.filter(id__gte=first, id__lte=last).delete()[0]


_KINDS = (
    _Kind("messages", WorkflowMessage, "received_at", messages.forget),
    _Kind("logs", Log, "created_at", _forget_logs),
)


def prune(before: datetime, *, dry_run: bool = False) -> dict[str, int]:
    """Delete what arrived before a time, oldest first, in batches.

    What is deleted is a beginning of the history: where an older row stands behind a younger one, because
    the clock was set, it stays until the younger goes too.

    Returns:
        How many rows of each kind were deleted, or would be.
    """
    return {kind.name: _prune(kind, before, dry_run) for kind in _KINDS}


def _prune(kind: _Kind, before: datetime, dry_run: bool) -> int:
    rows = kind.model._default_manager.order_by("id")
    kept = rows.filter(**{f"{kind.arrived}__gte": before}).values_list("id", flat=True).first()
    old = rows if kept is None else rows.filter(id__lt=kept)
    if dry_run:
        return old.count()
    deleted = 0
    while batch := list(old.values_list("id", flat=True)[:BATCH]):
        with writing():
            deleted += kind.forget(batch[0], batch[-1])
    return deleted
