"""Looks after full queues: an alarm while one is full and its producers wait.

The embedded broker tells how full its queues are. Of others it is told by the agents that wait, with their
heart-beats.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from swf_testbed.model.alarms import alarm_subject
from swf_testbed.model.clock import now
from swf_testbed.model.status import AGENT_STALE_S, OperationalState
from swf_testbed.monitor.services import alarms, broker
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import Alarm, SystemAgent

KIND = "queue_full"

LONGEST = 200
"""Names of queues beyond this are nobody's."""

RAISE, CLEAR = 0.9, 0.5
"""Of the bound: the alarm is raised above one and over below the other, so that it does not flicker."""


def look() -> None:
    """Look once; a broker that does not tell now leaves the alarms as they are."""
    link = broker.present()
    if link is None:
        return
    found = Alarm.objects.filter(subject__startswith=f"{KIND}:", cleared_at=None)
    standing = set(found.values_list("subject", flat=True))
    wanted = _told_by_broker(link, standing) if link.tells else _told_by_agents()
    if wanted or (standing and wanted is not None):
        alarms.settle(alarms.SENDER, KIND, wanted)


def _told_by_broker(link: broker.Broker, standing: set[str]) -> dict[str, Row] | None:
    counts = link.statistics()
    if counts is None:
        return None
    return {
        alarm_subject(KIND, name): {"text": f"{name} is full: who sends to it waits for its consumers"}
        for name, queue in counts["destinations"].items()
        if _is_full(queue, counts["queue_bounds"], stands=alarm_subject(KIND, name) in standing)
    }


def _told_by_agents() -> dict[str, Row]:
    at_work = SystemAgent.objects.filter(
        last_heartbeat__gte=now() - timedelta(seconds=AGENT_STALE_S)
    ).exclude(operational_state=OperationalState.EXITED)
    said = at_work.order_by("instance_name").values_list("instance_name", "metadata")
    wanted: dict[str, Row] = {}
    for agent, metadata in said:
        for name in _queues(metadata.get("held_back")):
            text = f"{name} is full: {agent} waits for its consumers"
            wanted.setdefault(alarm_subject(KIND, name), {"text": text})
    return wanted


def _queues(said: object) -> list[str]:
    """What an agent says it waits for; anybody may call himself an agent, and say anything."""
    names = said if isinstance(said, list) else []
    return [name for name in names if isinstance(name, str) and len(name) < LONGEST]


def _is_full(queue: Mapping[str, Any], bounds: Mapping[str, int], *, stands: bool) -> bool:
    waiting = queue["queued"] + queue["in_flight"]
    part = max(waiting / bounds["messages"], queue["bytes"] / bounds["bytes"])
    return bool(queue["held"]) or part > (CLEAR if stands else RAISE)
