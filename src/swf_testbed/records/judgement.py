"""What was judged of the data, and what needs a person's attention."""

from typing import ClassVar

from pydantic import Field

from swf_testbed.model.fields import Name, Namespace, RunNumber, ShortText, Timestamp
from swf_testbed.model.status import Quality, Severity
from swf_testbed.records.base import FrozenDocument, Record, Word


class QualityFlag(Record):
    """What a check says of one subsystem's data from `since` to `until`; an open end holds until now."""

    resource: ClassVar[str] = "quality-flags"
    key: ClassVar[tuple[str, ...]] = ("run_number", "subsystem", "check", "since")

    run_number: RunNumber
    subsystem: Word
    check: Word
    since: Timestamp
    quality: Quality = Quality.NULL
    histogram: Name | None = None
    reason: ShortText = ""
    until: Timestamp | None = None


class AlarmEvent(FrozenDocument):
    """What happened to an alarm: `raised`, `acknowledged`, `cleared` or `changed`."""

    at: Timestamp
    action: Name
    by: Name | None
    note: str


class Alarm(Record):
    """Something needs a person's attention until it is cleared; `raised_at` is now if left out.

    Raising what is raised already, of the same namespace and subject, changes the alarm that stands.
    """

    resource: ClassVar[str] = "alarms"
    key: ClassVar[tuple[str, ...]] = ("id",)
    server_fields: ClassVar[frozenset[str]] = Record.server_fields | {"history"}

    namespace: Namespace | None = None
    severity: Severity
    subject: Name
    text: ShortText = ""
    raised_at: Timestamp | None = None
    cleared_at: Timestamp | None = None
    acknowledged_by: Name | None = None
    note: ShortText = Field(default="", description="what was said when it was acknowledged or cleared")
    history: tuple[AlarmEvent, ...] = ()
