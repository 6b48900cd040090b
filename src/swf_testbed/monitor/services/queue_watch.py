"""Looks after the queues of the embedded broker: an alarm while one is full and its producers wait."""

from collections.abc import Mapping
from typing import Any

from swf_testbed.model.alarms import alarm_subject
from swf_testbed.monitor.services import alarms, broker
from swf_testbed.monitor.store.models import Alarm

KIND = "queue_full"
RAISE, CLEAR = 0.9, 0.5
"""Of the bound: the alarm is raised above one and over below the other, so that it does not flicker."""


def look() -> None:
    """Look once; a broker that does not tell leaves the alarms as they are."""
    link = broker.present()
    counts = link.statistics() if link is not None else None
    if counts is None:
        return
    found = Alarm.objects.filter(subject__startswith=f"{KIND}:", cleared_at=None)
    standing = set(found.values_list("subject", flat=True))
    wanted = {
        alarm_subject(KIND, name): {"text": f"{name} is full: who sends to it waits for its consumers"}
        for name, queue in counts["destinations"].items()
        if _is_full(queue, counts["queue_bounds"], stands=alarm_subject(KIND, name) in standing)
    }
    if wanted or standing:
        alarms.settle(alarms.SENDER, KIND, wanted)


def _is_full(queue: Mapping[str, Any], bounds: Mapping[str, int], *, stands: bool) -> bool:
    waiting = queue["queued"] + queue["in_flight"]
    part = max(waiting / bounds["messages"], queue["bytes"] / bounds["bytes"])
    return bool(queue["held"]) or part > (CLEAR if stands else RAISE)
