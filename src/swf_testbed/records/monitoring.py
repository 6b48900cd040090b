"""What fast monitoring keeps of a run beside its histograms: windows of its data, figures of its STFs."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from swf_testbed.model.fields import Count, FileName, RunNumber, Seconds, StreamName, Timestamp
from swf_testbed.records.base import Document, FrozenDocument, Record, SmallInt, Word


class Window(Record):
    """Products of some of a run's data: of its newest STF (`stf`), of the last 30 s (`30s`), of all (`run`).

    `content` is a document of `fastmon.codec`; of the whole run it is its profile (`fastmon.reference`),
    which may be some seconds older than the histograms. `GET /api/histograms/…?window=` answers single ones.
    """

    resource: ClassVar[str] = "windows"
    key: ClassVar[tuple[str, ...]] = ("run_number", "window")

    run_number: RunNumber
    window: Word
    since: Timestamp | None = None
    until: Timestamp | None = None
    stfs: Count = 0
    frames: Count = 0
    revision: Count = 0
    content: dict[str, Any] = Field(default_factory=dict)


class StfFigures(Record):
    """What was measured of one STF: all its frames by its index, its sample, and what reading cost.

    `values` has an object for each subsystem: `hits` and `bytes` of all frames, and of the sample what the
    merger computes from its products.
    """

    resource: ClassVar[str] = "stf-figures"
    key: ClassVar[tuple[str, ...]] = ("run_number", "stf_filename")

    run_number: RunNumber
    stf_filename: FileName
    stream: StreamName | None = None
    sequence: SmallInt | None = None
    since: Timestamp | None = None
    until: Timestamp | None = None
    frames: Count = 0
    sampled: Count = 0
    evaluated: Count = 0
    bytes_read: Count = 0
    stf_bytes: Count = 0
    requests: Count = 0
    latency_s: Annotated[Seconds | None, Field(description="egress to plot of its last slice, s")] = None
    values: Document = Field(default_factory=dict)


Column = tuple[float | None, ...]
"""Numbers of one kind, as many as the trend has points; None where there is none."""


class Trends(FrozenDocument):
    """Figures against time: `points` are STFs of a run, or runs; every column is as long as they are.

    Attributes:
        points: names of STF files, or run numbers as text.
        since: when the data of each began.
        columns: of the whole, by name.
        subsystems: columns of each subsystem, by subsystem and name.
    """

    points: tuple[str, ...]
    since: tuple[Timestamp | None, ...]
    columns: dict[str, Column]
    subsystems: dict[str, dict[str, Column]]
