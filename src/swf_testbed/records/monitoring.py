"""What fast monitoring keeps of a run beside its histograms: windows of its data, figures of its STFs."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from swf_testbed.model.failures import ReadFailure
from swf_testbed.model.fields import (
    Count,
    FileName,
    Name,
    RunNumber,
    Seconds,
    StreamName,
    Timestamp,
)
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


class FailedRead(ReadFailure, FrozenDocument):
    """A copy of an STF that could not be read, as a message has told it."""


class StfFigures(Record):
    """What was measured of one STF: all its frames by its index, its sample, and what reading cost."""

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
    source: Name | None = None
    failed: tuple[FailedRead, ...] = ()
    latency_s: Annotated[Seconds | None, Field(description="egress to plot of its last slice, s")] = None
    values: Document = Field(default_factory=dict)


class SamplingChange(FrozenDocument):
    """A command that changed how a run is sampled, for the STFs that left the DAQ after `at`."""

    at: Timestamp
    by: str
    change: Document


class SourceRead(FrozenDocument):
    """What was read of a run's STFs at one site, failed tries included.

    Attributes:
        stfs: that were read there; None as a site is where the reader did not say.
        failures: copies that could not be read there; `error` says why the newest could not.
    """

    site: str | None
    stfs: Count
    bytes_read: Count
    requests: Count
    failures: Count = 0
    error: str | None = None


class RunSampling(FrozenDocument):
    """How a run is sampled, and what that came to.

    Attributes:
        sampling: the parameters of `fastmon` that may be changed, as they are after all changes.
        policy: the names of the policies of the main stream.
        changes: oldest first.
        stfs: of which there are figures; all sums are over them.
        frames: in them; `evaluated` of those by policies, and `sampled` of these.
        fraction: sampled over evaluated; None before anything was evaluated.
        bytes_read, requests: what reading cost, of files of `stf_bytes`.
        sources: the same by the site that was read, with what failed there besides.
    """

    run_number: RunNumber
    sampling: Document
    policy: str
    changes: tuple[SamplingChange, ...]
    stfs: Count
    frames: Count
    evaluated: Count
    sampled: Count
    fraction: float | None
    bytes_read: Count
    stf_bytes: Count
    requests: Count
    sources: tuple[SourceRead, ...] = ()


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
