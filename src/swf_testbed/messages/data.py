"""Data on its way: files written, registered, sampled, and the plots they became."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from swf_testbed.messages.envelope import Message, Part
from swf_testbed.messages.lifecycle import InState
from swf_testbed.model.fields import (
    Checksum,
    Count,
    FileName,
    FrameNumber,
    Name,
    Positive,
    RunNumber,
    Seconds,
    ShortText,
    StreamName,
    Timestamp,
    Url,
)
from swf_testbed.model.names import MAIN_STREAM


class StfMessage(InState):
    """What is said of an STF file; `sequence` counts from 1 without a gap in its run and stream."""

    identity = ("run_id", "filename")
    filename: FileName
    stream: StreamName = MAIN_STREAM
    sequence: Positive
    file_url: Url
    size_bytes: Count
    checksum: Checksum
    tf_first: FrameNumber
    tf_count: Count
    start: Timestamp
    end: Timestamp


class StfGen(StfMessage):
    """The DAQ has completed an STF file in the exit buffer."""

    msg_type: Literal["stf_gen"] = "stf_gen"


class Replica(Part):
    """One copy of a file."""

    site: Name
    url: Url
    verified: bool


class StfReady(StfMessage):
    """An STF file is verified, registered, and may be read."""

    msg_type: Literal["stf_ready"] = "stf_ready"
    egress_at: Timestamp | None = None
    file_id: UUID
    replicas: tuple[Replica, ...] = ()


class SamplingReport(Part):
    """How the frames of one STF were chosen, and into which sample files they went.

    `parts` are the frame counts of all sample files of the STF and `part` is this file's place among
    them (from 0), so that slices can be cut from each announcement alone.
    """

    policy: Name
    fraction: Annotated[float, Field(ge=0, le=1)]
    seed: Count
    accepted: Count
    evaluated: Count
    part: Count
    parts: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=10_000)]


class TfFileRegistered(Message):
    """A file of sampled frames of one STF exists and is registered; it belongs to the run of its STF."""

    identity = ("run_id", "tf_filename")
    msg_type: Literal["tf_file_registered"] = "tf_file_registered"
    run_id: RunNumber
    tf_file_id: UUID
    tf_filename: FileName
    file_url: Url
    stf_filename: FileName
    tf_first: FrameNumber
    tf_last: FrameNumber
    tf_count: Positive
    file_size_bytes: Count
    checksum: Checksum
    status: Name
    sampling: SamplingReport
    egress_at: Timestamp | None = None


class FastmonStatus(Message):
    """How the fast monitoring agent is."""

    msg_type: Literal["fastmon_status"] = "fastmon_status"
    status: Name
    message: ShortText


class ProcessingComplete(Message):
    """Whole-STF processing of one file, or of a dataset, has ended; `outputs` are the addresses of files."""

    identity = ("run_id", "filename", "dataset", "panda_task_id", "status")
    msg_type: Literal["processing_complete"] = "processing_complete"
    run_id: RunNumber
    filename: FileName | None = None
    dataset: Name | None = None
    status: Name
    panda_task_id: Count | None = None
    outputs: tuple[Url, ...] = ()

    @model_validator(mode="after")
    def _says_of_what(self) -> Self:
        if (self.filename is None) == (self.dataset is None):
            raise ValueError("must name either a filename or a dataset")
        return self


class HistogramsUpdated(Message):
    """The run's histograms contain more than before: the server has `revision`."""

    identity = ("run_id", "revision")
    msg_type: Literal["histograms_updated"] = "histograms_updated"
    run_id: RunNumber
    revision: Count
    slices: Count
    tfs: Count
    latency_s: Annotated[Seconds | None, Field(description="egress to plot of the newest frame, s")]
    products: dict[str, Any] = Field(default_factory=dict, description="names changed, by subsystem")
