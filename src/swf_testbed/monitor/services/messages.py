"""Stored messages in the order of their numbers, as the stream and a replay want them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min
from django.dispatch import Signal

from swf_testbed.messages import REGISTRY, Message
from swf_testbed.monitor import metrics
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Counter, WorkflowMessage
from swf_testbed.monitor.store.models.base import NAME

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
    sent_at: datetime | None = None
    received_at: datetime | None = None


GONE = "messages_gone"
"""The counter of the history that was thrown away."""

_COLUMNS = (
    "id",
    "message_type",
    "sender_agent",
    "namespace",
    "run_id",
    "execution_id",
    "message_content",
    "sent_at",
    "received_at",
)


def after(number: int, limit: int, until: int | None = None) -> list[StoredMessage]:
    """The messages that follow a number, oldest first, at most `limit`, none beyond `until`."""
    rows = WorkflowMessage.objects.filter(id__gt=number)
    if until is not None:
        rows = rows.filter(id__lte=until)
    return [StoredMessage(*values) for values in rows.order_by("id").values_list(*_COLUMNS)[:limit]]


def newest_ones(limit: int) -> list[StoredMessage]:
    """The newest messages, oldest first, at most `limit`."""
    rows = WorkflowMessage.objects.order_by("-id").values_list(*_COLUMNS)[:limit]
    return [StoredMessage(*values) for values in rows][::-1]


class Place(NamedTuple):
    """Where to begin: after which number, up to which number history is gone, and the newest there is."""

    after: int
    gone: int
    newest: int


def locate(start: int | datetime | str | None) -> Place:
    """The place of a number, a time, or (anything else) of the oldest message that is kept."""
    lost, last = gone(), newest()
    if isinstance(start, int):
        return Place(start, lost, last)
    return Place(_before(start, last) if isinstance(start, datetime) else lost, lost, last)


def _before(moment: datetime, last: int) -> int:
    later = WorkflowMessage.objects.filter(received_at__gte=moment).order_by()
    first = later.aggregate(first=Min("id"))["first"]
    return last if first is None else int(first) - 1


def count(found: Sequence[StoredMessage]) -> None:
    """Count new messages; a type that is not ours, since anybody may make one up, counts as `other`."""
    for message in found:
        metrics.messages_stored.labels(message.event if message.event in REGISTRY else metrics.OTHER).inc()
        if message.sent_at is not None and message.received_at is not None:
            # Clocks of two machines differ a little.
            metrics.message_lag.observe(max(0.0, (message.received_at - message.sent_at).total_seconds()))


def gone() -> int:
    """The number up to which history was thrown away; 0 when it is whole."""
    return Counter.objects.filter(name=GONE).values_list("value", flat=True).first() or 0


def newest() -> int:
    """The number of the newest message, also when it was thrown away."""
    last = WorkflowMessage.objects.order_by().aggregate(last=Max("id"))["last"]
    return last or gone()


def forget(first: int, last: int) -> int:
    """Throw away the messages from one number to another, with all before them gone; how many there were.

    Part of a transaction that writes: history and what is said of it change together.
    """
    Counter.objects.update_or_create(name=GONE, defaults={"value": last})
    return WorkflowMessage.objects.filter(id__gte=first, id__lte=last).delete()[0]


def row_of(message: Message, document: dict[str, Any], destination: str) -> WorkflowMessage:
    """A message, the whole document it came in, and where it was said, as they are stored."""
    return WorkflowMessage(
        message_id=message.message_id,
        message_type=message.msg_type,
        sender_agent=message.sender,
        namespace=message.namespace,
        execution_id=message.execution_id,
        run_id=message.run_id,
        message_content=document,
        sent_at=message.timestamp,
        destination=destination[:NAME],
        causation_id=message.causation_id,
    )


def prepare(rows: list[Row]) -> None:
    """Messages that come by REST: what caused them stands in what they say."""
    for row in rows:
        row["causation_id"] = _identity(row.get("message_content", {}).get("causation_id"))
    keep_order()


def _identity(said: object) -> UUID | None:
    try:
        return UUID(said) if isinstance(said, str) else None
    except ValueError:
        return None


def keep_order() -> None:
    """Let this process's streams read the store after this transaction.

    As writers take turns, numbers grow in the order of commits: who has read up to one has missed none.
    """
    transaction.on_commit(lambda: stored.send(None))


def store(messages: Sequence[WorkflowMessage]) -> dict[UUID, int]:
    """Store messages, each once by its `message_id`; the new ones' ids and their numbers, ascending."""
    with writing():
        keep_order()
        last = newest()
        unique = list({message.message_id: message for message in messages}.values())
        WorkflowMessage.objects.bulk_create(unique, ignore_conflicts=True)
        rows = WorkflowMessage.objects.filter(id__gt=last).order_by("id")
        return dict(rows.values_list("message_id", "id"))
