"""Files and the work cut from them: STF files, TF samples, slices."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from swf_testbed.model.fields import (
    Checksum,
    Count,
    FileName,
    FrameNumber,
    Name,
    RunNumber,
    StreamName,
    Timestamp,
    Url,
)
from swf_testbed.model.states import State, Substate
from swf_testbed.model.status import SliceStatus, StfStatus
from swf_testbed.records.base import Document, FrozenDocument, Record, SmallInt

_ALWAYS = Record.server_fields


class FileReplica(FrozenDocument):
    """One copy of a file."""

    site: Name
    url: Url
    verified: bool


class StfFile(Record):
    """An STF file in the exit buffer, which it reached from the DAQ at `egress_at`."""

    resource: ClassVar[str] = "stf-files"
    key: ClassVar[tuple[str, ...]] = ("stf_filename",)

    stf_filename: FileName
    file_id: UUID | None = None
    run: RunNumber | None = None
    stream: StreamName | None = None
    sequence: SmallInt | None = None
    machine_state: Name | None = None
    file_url: Url | None = None
    file_size_bytes: Count | None = None
    checksum: Checksum | None = None
    status: StfStatus = StfStatus.REGISTERED
    daq_state: State | None = None
    daq_substate: Substate | None = None
    tf_first: FrameNumber | None = None
    tf_count: Count | None = None
    replicas: tuple[FileReplica, ...] = ()
    workflow_status: Name | None = None
    egress_at: Timestamp | None = None
    metadata: Document = Field(default_factory=dict)


class FastmonFile(Record):
    """A file of sampled frames of one STF; `stf_file` is its name, or its `file_id` on input."""

    resource: ClassVar[str] = "fastmon-files"
    key: ClassVar[tuple[str, ...]] = ("tf_filename",)

    tf_filename: FileName
    tf_file_id: UUID | None = None
    stf_file: FileName | None = None
    file_url: Url | None = None
    file_size_bytes: Count | None = None
    checksum: Checksum | None = None
    status: Name | None = None
    tf_first: FrameNumber | None = None
    tf_last: FrameNumber | None = None
    tf_count: Count | None = None
    metadata: Document = Field(default_factory=dict)


class TfSlice(Record):
    """A piece of work: frames `tf_first` to `tf_last` of one TF sample.

    `created_at` is when it was queued, `completed_at` when a worker was done with it, `plotted_at` when the
    run's histograms contained it.
    """

    resource: ClassVar[str] = "tf-slices"
    key: ClassVar[tuple[str, ...]] = ("fastmon_file", "slice_id")
    server_fields: ClassVar[frozenset[str]] = _ALWAYS | {"plotted_at"}

    fastmon_file: FileName
    slice_id: SmallInt
    tf_first: FrameNumber | None = None
    tf_last: FrameNumber | None = None
    tf_count: Count | None = None
    run_number: RunNumber | None = None
    status: SliceStatus = SliceStatus.QUEUED
    retries: SmallInt = 0
    assigned_worker: Name | None = None
    assigned_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    plotted_at: Timestamp | None = None
    metadata: Document = Field(default_factory=dict)
