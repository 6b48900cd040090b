"""How things stand when the metrics are asked for: agents, components, and what waits at the broker."""

import threading
import time
from datetime import timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Case, Count, F, Value, When

from swf_testbed.model.clock import now
from swf_testbed.model.destinations import is_queue, replies
from swf_testbed.model.status import AGENT_STALE_S, OperationalState
from swf_testbed.monitor import metrics
from swf_testbed.monitor.services import broker
from swf_testbed.monitor.services.health import health
from swf_testbed.monitor.store.models import SystemAgent

MAX_AGE_S = 5.0
"""Anybody may ask; database and broker are asked at most so often."""

_looking = threading.Lock()
_looked_at = float("-inf")
_REPLIES = replies("")


def refresh() -> None:
    """Let the gauges tell how things stand now, or stood `MAX_AGE_S` ago."""
    global _looked_at  # noqa: PLW0603  # as the metrics, it is the process's
    with _looking:
        if time.monotonic() - _looked_at < MAX_AGE_S:
            return
        present = health()
        up = {"database": present.database, "broker": present.broker, "intake": present.intake}
        metrics.replace(metrics.components_up, {(name,): float(value) for name, value in up.items()})
        metrics.replace(metrics.agents, _agents())
        _tell_waiting()
        _looked_at = time.monotonic()


def _agents() -> dict[tuple[str, ...], float]:
    fresh = now() - timedelta(seconds=AGENT_STALE_S)
    exited = Value(OperationalState.EXITED.value)
    state = Case(When(last_heartbeat__gte=fresh, then=F("operational_state")), default=exited)
    rows = SystemAgent.objects.order_by().values("agent_type").annotate(state=state, number=Count("id"))
    try:
        return {(row["agent_type"] or "", row["state"]): row["number"] for row in rows}
    except DatabaseError:
        return {}


def _tell_waiting() -> None:
    link = broker.present()
    said = link.statistics() if link else None
    queues, subscriptions = (said["destinations"], said["durable_subscriptions"]) if said else ({}, {})
    asked = {
        name: counts for name, counts in queues.items() if is_queue(name) and not name.startswith(_REPLIES)
    }
    metrics.replace(metrics.queue_messages, _by_state(asked))
    metrics.replace(metrics.subscription_messages, _by_state(subscriptions))


def _by_state(counts: dict[str, Any]) -> dict[tuple[str, ...], float]:
    states = {"waiting": "queued", "in_flight": "in_flight"}
    return {(name, state): said[key] for name, said in counts.items() for state, key in states.items()}
