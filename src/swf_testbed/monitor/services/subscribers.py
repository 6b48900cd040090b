"""The clients of the event stream among the subscribers, of all web processes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from swf_testbed.model.clock import now
from swf_testbed.model.status import DeliveryType
from swf_testbed.monitor.services.changes import upsert_rows
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Subscriber
from swf_testbed.records.answers import StreamClient, StreamEviction, StreamStatus

KEPT = 10_000
"""Records of clients that are gone; older ones are forgotten."""

_EVICTIONS_TOLD = 20


class Elsewhere(NamedTuple):
    """Open streams of other processes: of all users, and of one."""

    total: int
    of_account: int


def write(rows: Sequence[Row]) -> None:
    """Store how clients stand, and forget the oldest that are gone."""
    upsert_rows(RESOURCES["subscribers"], list(rows))
    if any(not row["is_active"] for row in rows):
        _forget()


def _forget() -> None:
    gone = _streams(is_active=False).order_by("-id").values_list("id", flat=True)
    oldest = gone[KEPT : KEPT + 1].first()
    if oldest is not None:
        with writing():
            _streams(is_active=False, id__lte=oldest).delete()


def processes() -> set[str]:
    """The processes that have open streams, as far as records say."""
    return set(_streams(is_active=True).order_by().values_list("metadata__process", flat=True).distinct())


def close_of(process: str) -> int:
    """A process has died: its clients are gone. How many there were."""
    with writing():
        left = list(_streams(is_active=True, metadata__process=process))
        moment = now()
        for one in left:
            one.is_active, one.disconnected_at = False, moment
            one.metadata["reason"] = "the web process died"
        Subscriber.objects.bulk_update(left, ["is_active", "disconnected_at", "metadata"], batch_size=200)
    return len(left)


def elsewhere(process: str, account: str) -> Elsewhere:
    """The open streams of the other processes."""
    others = _streams(is_active=True).exclude(metadata__process=process).order_by()
    return Elsewhere(others.count(), others.filter(metadata__account=account).count())


def stream_status(process: str, last_id: int) -> StreamStatus:
    """The clients of all processes, and those that were closed because they were slow, newest first."""
    evicted = _streams(metadata__evicted=True)
    clients = tuple(StreamClient(**_shown(one)) for one in _streams(is_active=True).order_by("id"))
    return StreamStatus(
        last_id=last_id,
        process=process,
        count=len(clients),
        evicted=evicted.count(),
        clients=clients,
        evictions=tuple(
            StreamEviction(**_shown(one), reason=one.metadata.get("reason"))
            for one in evicted.order_by("-id")[:_EVICTIONS_TOLD]
        ),
    )


def _streams(**limits: Any) -> Any:
    return Subscriber.objects.filter(delivery_type=DeliveryType.SSE, metadata__has_key="process", **limits)


def _shown(one: Subscriber) -> dict[str, Any]:
    received, sent, dropped = one.messages_received, one.messages_sent, one.messages_dropped
    told = one.metadata
    return {
        "client": one.subscriber_name,
        "process": told.get("process"),
        "account": told.get("account"),
        "address": one.client_ip,
        "agent": told.get("agent"),
        "since": one.connected_at,
        "filters": one.message_filters,
        "received": received,
        "sent": sent,
        "dropped": dropped,
        "waiting": max(0, received - sent - dropped),
        "last_id": told.get("last_id", 0),
    }
