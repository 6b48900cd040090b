"""What fast monitoring found: histograms, the transaction that stores them, and the summary of a run."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from swf_testbed.model.fields import Count, FileName, Name, RunNumber, Timestamp
from swf_testbed.model.status import Quality, SliceStatus
from swf_testbed.records.base import MAX_BULK, Document, FrozenDocument, Record, SmallInt, Word

PartKey = Annotated[
    str, StringConstraints(pattern=r"^(slice:[A-Za-z0-9._-]{1,250}#[0-9]{1,10}|stf:[A-Za-z0-9._-]{1,250})$")
]
"""What was merged: `slice:<tf_filename>#<slice_id>` or `stf:<stf_filename>`."""


def slice_part(tf_filename: str, slice_id: int) -> str:
    """The part key of a slice's histograms."""
    return f"slice:{tf_filename}#{slice_id}"


def stf_part(stf_filename: str) -> str:
    """The part key of what an STF's index contributes."""
    return f"stf:{stf_filename}"


class Histogram(Record):
    """One histogram of a run; `content` is its UHI serialisation.

    The type does not look into `content`: it has thousands of numbers, and the parser of a request's body
    has refused what is not JSON.
    """

    resource: ClassVar[str] = "histograms"
    key: ClassVar[tuple[str, ...]] = ("run_number", "subsystem", "name")

    run_number: RunNumber
    subsystem: Word
    name: Word
    content: dict[str, Any] = Field(default_factory=dict)
    revision: Count = 0
    slices: Count = 0
    tfs: Count = 0
    quality: Quality | None = None


class SliceDone(FrozenDocument):
    """What became of one slice; `result` is merged into the slice's `metadata.result`."""

    fastmon_file: FileName
    slice_id: SmallInt
    status: Literal[SliceStatus.COMPLETED, SliceStatus.FAILED]
    processed_at: Timestamp
    assigned_worker: Name | None = None
    retries: SmallInt = 0
    result: Document = Field(default_factory=dict)


class RunResults(FrozenDocument):
    """One step of merging, stored whole or not at all.

    `parts` is what the histograms contain beyond `expected_revision`; `egress_at`, when given, says for each
    part when its data left the DAQ; `duplicates` counts results that came again since the last step.
    """

    run_number: RunNumber
    expected_revision: Count
    parts: Annotated[tuple[PartKey, ...], Field(max_length=10 * MAX_BULK)] = ()
    slices: Annotated[tuple[SliceDone, ...], Field(max_length=10 * MAX_BULK)] = ()
    histograms: Annotated[tuple[Histogram, ...], Field(max_length=MAX_BULK)] = ()
    egress_at: tuple[Timestamp | None, ...] = ()
    duplicates: Count = 0

    @model_validator(mode="after")
    def _consistent(self) -> "RunResults":
        if len(set(self.parts)) != len(self.parts):
            raise ValueError("parts must not repeat")
        if self.egress_at and len(self.egress_at) != len(self.parts):
            raise ValueError("egress_at must be empty or as long as parts")
        if any(histogram.run_number != self.run_number for histogram in self.histograms):
            raise ValueError("histograms must belong to run_number")
        return self


class ResultsStored(FrozenDocument):
    """The answer to `RunResults`."""

    revision: Count
    plotted_at: Timestamp


class ResultsKnown(FrozenDocument):
    """What a run's histograms contain: where a merger begins again."""

    run_number: RunNumber
    revision: Count
    parts: tuple[str, ...]
    slices: Count
    tfs: Count


class Percentiles(FrozenDocument):
    """Of a set of durations, in s; all None when there is none."""

    count: Count = 0
    p50: float | None = None
    p95: float | None = None
    max: float | None = None


class SliceCounts(FrozenDocument):
    """The slices of a run by status."""

    created: Count = 0
    completed: Count = 0
    failed: Count = 0
    queued: Count = 0
    processing: Count = 0


class HistogramCounts(FrozenDocument):
    """The histograms of a run; `hits` is the content of the `hits` counter by subsystem."""

    count: Count = 0
    revision: Count = 0
    slices: Count = 0
    tfs: Count = 0
    hits: dict[str, float] = Field(default_factory=dict)


class Latency(FrozenDocument):
    """Times from DAQ egress, in s; `stages` gives each step on the way."""

    egress_to_result: Percentiles
    egress_to_plot: Percentiles
    stages: dict[str, Percentiles]


class RunSummary(FrozenDocument):
    """What the database knows of a run, counted from its rows."""

    run_number: RunNumber
    namespace: str | None
    execution_id: str | None
    phase: str | None
    start_time: Timestamp | None
    end_time: Timestamp | None
    total_stf_files: Count | None
    stf_count: Count
    stf_registered: Count
    tf_files: Count
    slices: SliceCounts
    results: Count
    duplicates: Count
    histograms: HistogramCounts
    quality: dict[str, str]
    latency_s: Latency
