"""Stored messages in the order of their numbers, as the stream and a replay want them."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Min
from django.dispatch import Signal

from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import WorkflowMessage

stored = Signal()
"""Sent in this process after messages were stored."""


class StoredMessage(NamedTuple):
    """A message, its number, and what streams select by."""

    id: int
    event: str
    sender: str
    namespace: str
    run_id: int | None
    execution_id: str | None
    data: dict[str, Any]


_COLUMNS = (
    "id",
    "message_type",
    "sender_agent",
    "namespace",
    "run_id",
    "execution_id",
    "message_content",
)


def after(number: int, limit: int, until: int | None = None) -> list[StoredMessage]:
    """The messages that follow a number, oldest first, at most `limit`, none beyond `until`."""
    rows = WorkflowMessage.objects.filter(id__gt=number)
    if until is not None:
        rows = rows.filter(id__lte=until)
    return [StoredMessage(*values) for values in rows.order_by("id").values_list(*_COLUMNS)[:limit]]


def span() -> tuple[int, int]:
    """The oldest and the newest number in the store; (0, 0) when it is empty."""
    found = WorkflowMessage.objects.order_by().aggregate(first=Min("id"), last=Max("id"))
    return found["first"] or 0, found["last"] or 0


def keep_order(rows: object = ()) -> None:
    """Let numbers grow in the order of commits, and tell this process's streams of them.

    Who has read up to a number has then missed nothing before it.
    """
    del rows
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {WorkflowMessage._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
    transaction.on_commit(lambda: stored.send(None))


def store(messages: Sequence[WorkflowMessage]) -> dict[UUID, int]:
    """Store messages, each once by its `message_id`; the new ones' ids and their numbers, ascending."""
    with writing():
        keep_order()
        _, last = span()
        unique = list({message.message_id: message for message in messages}.values())
        WorkflowMessage.objects.bulk_create(unique, ignore_conflicts=True)
        rows = WorkflowMessage.objects.filter(id__gt=last).order_by("id")
        return dict(rows.values_list("message_id", "id"))
