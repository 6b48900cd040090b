"""What was judged of the data, and what needs a person's attention."""

import csv
from collections.abc import Iterable
from enum import StrEnum
from io import StringIO
from typing import Annotated, Any, ClassVar

from pydantic import Field

from swf_testbed.model.fields import Count, Name, Namespace, Positive, RunNumber, ShortText, Timestamp
from swf_testbed.model.status import Quality, Severity
from swf_testbed.records.base import MAX_BULK, FrozenDocument, Record, Word


class QualityFlag(Record):
    """What a check says of one subsystem's data from `since` to `until`; an open end holds until now.

    Times are of the data, not of its judgement.
    """

    resource: ClassVar[str] = "quality-flags"
    key: ClassVar[tuple[str, ...]] = ("run_number", "subsystem", "check", "since")

    run_number: RunNumber
    subsystem: Word
    check: Word
    since: Timestamp
    quality: Quality = Quality.NULL
    histogram: Name | None = None
    reason: ShortText = ""
    part: ShortText = ""
    until: Timestamp | None = None


CSV_COLUMNS = (
    "run_number",
    "subsystem",
    "check",
    "quality",
    "since",
    "until",
    "part",
    "histogram",
    "reason",
)


def flags_as_csv(flags: Iterable[QualityFlag]) -> str:
    """Flags for a run catalogue: one line each, RFC 4180, times ISO 8601 in UTC."""
    text = StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for flag in flags:
        row = flag.model_dump(mode="json")
        writer.writerow({name: _cell(row[name]) for name in CSV_COLUMNS})
    return text.getvalue()


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is no formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


class Reference(Record):
    """What good data looks like, made from runs that a person marked good.

    `name` says for which detector `configuration`, `beam` energies and datataking `state`; each POST makes
    the next `version`.
    """

    resource: ClassVar[str] = "references"
    key: ClassVar[tuple[str, ...]] = ("name", "version")

    name: Word
    version: Positive
    configuration: Name | None = None
    beam: Name | None = None
    state: Name | None = None
    runs: tuple[RunNumber, ...] = ()
    frames: Count = 0
    note: ShortText = ""
    made_by: Name | None = None
    content: dict[str, Any] = Field(default_factory=dict)


class ReferenceOrder(FrozenDocument):
    """Which runs to make a reference of."""

    runs: Annotated[tuple[RunNumber, ...], Field(min_length=1, max_length=MAX_BULK)]
    note: ShortText = ""


class AlarmState(StrEnum):
    """How an alarm stands; `returned` is over and has not been acknowledged, though it must be."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    OVER = "over"


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
    server_fields: ClassVar[frozenset[str]] = Record.server_fields | {"history", "state"}

    namespace: Namespace | None = None
    run_number: RunNumber | None = None
    severity: Severity
    subject: Name
    text: ShortText = ""
    raised_at: Timestamp | None = None
    cleared_at: Timestamp | None = None
    acknowledged_by: Name | None = None
    note: ShortText = Field(default="", description="what was said when it was acknowledged or cleared")
    state: AlarmState | None = None
    history: tuple[AlarmEvent, ...] = ()
