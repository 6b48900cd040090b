"""What was judged of the data, and what needs a person's attention."""

from typing import ClassVar

from swf_testbed.model.fields import Name, RunNumber, ShortText, Timestamp
from swf_testbed.model.status import Quality, Severity
from swf_testbed.records.base import Record, Word


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


class Alarm(Record):
    """Something needs a person's attention until it is cleared; `raised_at` is now if left out."""

    resource: ClassVar[str] = "alarms"
    key: ClassVar[tuple[str, ...]] = ("id",)

    severity: Severity
    subject: Name
    text: ShortText = ""
    raised_at: Timestamp | None = None
    cleared_at: Timestamp | None = None
    acknowledged_by: Name | None = None
