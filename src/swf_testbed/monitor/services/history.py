"""The history of the datataking state, and of what was logged."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Max

from swf_testbed.model.clock import iso
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services.filtering import Filters
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.store.models import Log, SystemStateEvent
from swf_testbed.records.runs import SAMPLING_CHANGED


def state_at(moment: datetime, run_number: int | None) -> dict[str, Any]:
    """The state that was in effect at a time, from the last event until then.

    Raises:
        NotFound: nothing had happened yet.
    """
    events = SystemStateEvent.objects.filter(timestamp__lte=moment).exclude(event_type=SAMPLING_CHANGED)
    if run_number is not None:
        events = events.filter(run_number=run_number)
    event = events.order_by("-timestamp", "-id").first()
    if event is None:
        raise NotFound(
            f"no state is known at {iso(moment)}" + (f" in run {run_number}" if run_number else "")
        )
    return {
        "time": iso(moment),
        "state": event.state,
        "substate": event.substate,
        "since": iso(event.timestamp),
        "run_number": event.run_number,
        "event_type": event.event_type,
        "message_id": str(event.message_id),
    }


def log_summary(query: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """How many lines of each level each program logged; `query` filters as in the list of logs."""
    rows = Log.objects.filter(Filters(RESOURCES["logs"]).condition(query)).order_by()
    grouped = rows.values("app_name", "instance_name", "levelname").annotate(
        count=Count("id"), latest=Max("timestamp")
    )
    return [{**row, "latest": iso(row["latest"])} for row in grouped.order_by("app_name", "instance_name")]
