"""Fast processing: slices, what became of them, and the workers that do it."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from swf_testbed.messages.envelope import Message, Part, on_transformer, on_workers
from swf_testbed.model import destinations
from swf_testbed.model.clock import now
from swf_testbed.model.failures import ReadFailure
from swf_testbed.model.fields import (
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
from swf_testbed.model.names import MAIN_STREAM, SAMPLE_OF_STF, stf_of_sample
from swf_testbed.model.status import SliceOutcome, WorkerStatus


class WorkerRunContent(Part):
    """What a pool has to know of a run that is about to start; times in s."""

    run_id: RunNumber
    execution_id: Name | None = None
    target_worker_count: Positive
    core_count: Positive = 1
    slice_processing_time: Seconds
    worker_rampup_time: Seconds
    worker_rampdown_time: Seconds


class RunImminentWorker(Message):
    """Workers will be needed soon."""

    goes_to = on_workers
    identity = ("run_id",)
    msg_type: Literal["run_imminent_worker"] = "run_imminent_worker"
    created_at: Timestamp = Field(default_factory=now)
    content: WorkerRunContent


class SliceContent(Part):
    """A piece of work: the frames `start` to `end` (inclusive) of one sample file.

    `egress_at` comes along so that latency can be told from the result alone.
    """

    run_id: RunNumber
    execution_id: Name | None = None
    req_id: Name
    filename: FileName
    tf_filename: FileName
    file_url: Url
    slice_id: Count
    start: FrameNumber
    end: FrameNumber
    tf_count: Positive
    state: Literal["queued"] = "queued"
    substate: Literal["new", "retry"] = "new"
    attempt: Positive = 1
    egress_at: Timestamp | None = None
    skip: Count = 0
    payload: Name = "histograms"
    tried_by: tuple[Name, ...] = ()


class Slice(Message):
    """Work for one worker, which waits in the queue of its namespace."""

    goes_to = destinations.slices
    identity = ("run_id", "content.tf_filename", "content.slice_id", "content.attempt")
    time_to_live_s: ClassVar[int | None] = 12 * 3600
    msg_type: Literal["slice"] = "slice"
    run_id: RunNumber
    instance: Name
    created_at: Timestamp = Field(default_factory=now)
    content: SliceContent


class SliceResultState(Part):
    """How the payload ended."""

    state: SliceOutcome
    result: dict[str, Any] | None = None
    error: ShortText | None = None


def _may_lack_stf(schema: dict[str, Any]) -> None:
    """`filename` may be missing where `tf_filename` says it; a default could not."""
    schema["required"].remove("filename")
    schema["if"] = {"not": {"required": ["filename"]}}
    schema["then"] = {"properties": {"tf_filename": {"pattern": SAMPLE_OF_STF}}}


class SliceResultContent(Part):
    """What became of a slice; `histograms` is its products in the codec of `fastmon.codec`.

    A worker of another system may leave out whatever has a default, and `filename` if `tf_filename` is
    `<STF>_tf_NNN.tf` and so says it. A failure that is not `final` is tried again by another worker.
    """

    model_config = ConfigDict(json_schema_extra=_may_lack_stf)

    slice_id: Count
    tf_filename: FileName
    filename: FileName
    attempt: Positive = 1
    requested_at: Timestamp
    processing_start_at: Timestamp
    processed_at: Timestamp
    egress_at: Timestamp | None = None
    state: SliceOutcome
    final: bool = False
    hostname: Name
    worker_id: Name
    panda_task_id: Count | None = None
    panda_id: Count | None = None
    harvester_id: Name | None = None
    result: SliceResultState
    tf_count: Count = 0
    histograms: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_stf(cls, said: Any) -> Any:
        if (
            isinstance(said, dict)
            and said.get("filename") is None
            and isinstance(said.get("tf_filename"), str)
        ):
            return {**said, "filename": stf_of_sample(said["tf_filename"])}
        return said


class SliceResult(Message):
    """A worker's last word on a slice."""

    goes_to = destinations.results
    identity = ("run_id", "content.tf_filename", "content.slice_id", "content.state")
    msg_type: Literal["slice_result"] = "slice_result"
    run_id: RunNumber
    instance: Name
    created_at: Timestamp = Field(default_factory=now)
    content: SliceResultContent


class FailedRead(ReadFailure, Part):
    """A copy of an STF that could not be read."""


class StfVolumeContent(Part):
    """Products of the index of one STF: hits and bytes of each frame and subsystem; its sample in figures."""

    filename: FileName
    tf_count: Count
    histograms: dict[str, Any]
    stream: StreamName = MAIN_STREAM
    sequence: Positive | None = None
    start: Timestamp | None = None
    end: Timestamp | None = None
    state: Name | None = None
    egress_at: Timestamp | None = None
    sampled: Count = 0
    evaluated: Count = 0
    bytes_read: Count = 0
    stf_bytes: Count = 0
    requests: Count = 0
    source: Name | None = None
    failed: Annotated[tuple[FailedRead, ...], Field(max_length=100)] = ()


class StfVolume(Message):
    """What the index of an STF says of all its frames, for the merger to add."""

    goes_to = destinations.results
    identity = ("run_id", "content.filename")
    msg_type: Literal["stf_volume"] = "stf_volume"
    run_id: RunNumber
    content: StfVolumeContent


class WorkerHeartbeatContent(Part):
    """How a worker is, what it has in hand, and who started it."""

    worker_id: Name
    hostname: Name
    state: WorkerStatus
    slices_completed: Count
    current_slice: Annotated[str | None, Field(max_length=300)] = None
    tf_filename: FileName | None = None
    slice_id: Count | None = None
    started_at: Timestamp | None = None
    busy_s: Seconds = 0.0
    slices_failed: Count = 0
    pool: Name | None = None
    number: Count | None = None
    job: Name | None = None
    reason: ShortText | None = None


class WorkerHeartbeat(Message):
    """How a worker is: said at each change and every few seconds, and not kept by the broker."""

    goes_to = on_workers
    persistent = False
    msg_type: Literal["worker_heartbeat"] = "worker_heartbeat"
    content: WorkerHeartbeatContent


class DrainWorkerContent(Part):
    """Which worker is not needed any more, and why."""

    worker_id: Name
    reason: ShortText = "no longer needed"


class DrainWorker(Message):
    """A worker is to end after the slice that it has in hand."""

    goes_to = on_workers
    msg_type: Literal["drain_worker"] = "drain_worker"
    content: DrainWorkerContent


class StopTransformerContent(Part):
    """Which run's slices are not to be worked on any more."""

    run_id: RunNumber


class StopTransformer(Message):
    """No more slices of a run."""

    goes_to = on_transformer
    identity = ("content.run_id",)
    msg_type: Literal["stop_transformer"] = "stop_transformer"
    content: StopTransformerContent
