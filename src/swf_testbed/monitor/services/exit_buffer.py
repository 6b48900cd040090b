"""How full an exit buffer is, was, and will be, as its keeper has told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from swf_testbed.messages import ExitBufferStatus
from swf_testbed.model.status import BufferLevel
from swf_testbed.monitor.services.rows import number_in
from swf_testbed.monitor.services.trends import Table
from swf_testbed.monitor.store.models import WorkflowMessage

MOST_POINTS = 200
_TYPE = ExitBufferStatus.model_fields["msg_type"].default
_GB = 1e9


@dataclass(frozen=True, slots=True)
class ExitBuffer:
    """What was told last, when, and the trend up to it.

    `fills_in_s` is how long it would take to fill at the rate of then; None where it did not fill.
    """

    at: datetime
    level: str
    files: int
    used_bytes: int
    capacity_bytes: int
    waiting_bytes: int
    fills_in_s: float | None
    trend: Table

    @property
    def used(self) -> float:
        """The part of the capacity that is used."""
        return self.used_bytes / self.capacity_bytes if self.capacity_bytes else 1.0


def exit_buffer(namespace: str | None) -> ExitBuffer | None:
    """The exit buffer of a namespace; None if nobody has told of it."""
    rows = WorkflowMessage.objects.filter(message_type=_TYPE, namespace=namespace).order_by("-id")
    told = [
        (sent_at or received_at, content)
        for sent_at, received_at, content in rows.values_list("sent_at", "received_at", "message_content")[
            :MOST_POINTS
        ]
    ]
    if not told:
        return None
    at, last = told[0]
    names = ("used_bytes", "waiting_bytes", "capacity_bytes")
    labels = ("used", "not at every site", "capacity")
    past = told[::-1]
    series = [
        {"label": label, "values": [_count(content, name) / _GB for _, content in past]}
        for name, label in zip(names, labels, strict=True)
    ]
    return ExitBuffer(
        at=at,
        level=str(last.get("level", BufferLevel.LOW)),
        files=_count(last, "files"),
        fills_in_s=number_in(last.get("fills_in_s")),
        trend={"time": [moment.timestamp() for moment, _ in past], "unit": "GB", "series": series},
        **{name: _count(last, name) for name in names},
    )


def _count(content: dict[str, Any], name: str) -> int:
    return int(number_in(content.get(name)) or 0)
