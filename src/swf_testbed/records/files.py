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
    ShortText,
    StreamName,
    Timestamp,
    Url,
)
from swf_testbed.model.states import State, Substate
from swf_testbed.model.status import CopyState, DatasetStatus, SliceStatus, StfStatus
from swf_testbed.records.base import Document, FrozenDocument, Record, SmallInt, Word

_ALWAYS = Record.server_fields


class FileReplica(FrozenDocument):
    """One copy of a file; `state` follows from `verified` where it is not said."""

    site: Name
    url: Url | None = None
    verified: bool
    state: CopyState | None = None
    problem: ShortText = ""


class StfFile(Record):
    """An STF file in the exit buffer, which it reached from the DAQ at `egress_at`.

    `replicas` are the copies at sites, the exit buffer among them; what is sent is added to what is known.
    """

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


class StfCopy(Record):
    """The copy of an STF file at one site; `checksum` is that of the bytes there, read at `verified_at`."""

    resource: ClassVar[str] = "stf-copies"
    key: ClassVar[tuple[str, ...]] = ("stf_file", "site")

    stf_file: FileName
    site: Name
    state: CopyState = CopyState.WAITING
    url: Url | None = None
    checksum: Checksum | None = None
    attempts: SmallInt = 0
    problem: ShortText = ""
    verified_at: Timestamp | None = None


class Dataset(Record):
    """All STF files of a run in the catalogue, and how far they are at each site.

    `expected_files` is the DAQ's own count, said at the end of the run. `streams` has for each site, and for
    what the DAQ announced, how many files there are without a gap from the first, their bytes, and the
    adler32 of all of them one after the other.
    """

    resource: ClassVar[str] = "datasets"
    key: ClassVar[tuple[str, ...]] = ("name",)

    name: Word
    scope: Word | None = None
    run: RunNumber | None = None
    status: DatasetStatus = DatasetStatus.OPEN
    storage: Word | None = None
    sites: tuple[Name, ...] = ()
    files: Count = 0
    size_bytes: Count = 0
    expected_files: Count | None = None
    streams: Document = Field(default_factory=dict)
    problem: ShortText = ""
    opened_at: Timestamp | None = None
    closed_at: Timestamp | None = None
    archived_at: Timestamp | None = None
    expires_at: Timestamp | None = None
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
    """A piece of work: frames `tf_first` to `tf_last` of one sample file."""

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
