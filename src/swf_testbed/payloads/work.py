"""The description of the work: what a payload is told, as JSON."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from swf_testbed.messages import SliceContent
from swf_testbed.model.fields import (
    Checksum,
    Count,
    FileName,
    FrameNumber,
    Name,
    Positive,
    RunNumber,
    Timestamp,
    Url,
)


class Frames(BaseModel):
    """Which frames: numbers `first` to `last`, inclusive; the first stands at position `skip` of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: FrameNumber
    last: FrameNumber
    count: Positive
    skip: Count = 0


class Work(BaseModel):
    """One piece of work: a slice of a sample, or a whole STF.

    `urls` are replicas of one file, the one to be read first in front. `filename` is the STF,
    `tf_filename` the sample file if the work is on one. Nothing is to be done after `deadline`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["slice", "stf"]
    name: Name
    run_id: RunNumber
    execution_id: Name | None = None
    attempt: Positive = 1
    filename: FileName
    tf_filename: FileName | None = None
    slice_id: Count | None = None
    urls: tuple[Url, ...]
    frames: Frames
    size_bytes: Count | None = None
    checksum: Checksum | None = None
    index_offset: Count | None = None
    state: Name | None = None
    substate: Name | None = None
    deadline: Timestamp | None = None

    @classmethod
    def of_slice(cls, content: SliceContent, deadline: datetime | None = None) -> "Work":
        """What a slice from the queue asks for."""
        return cls(
            kind="slice",
            name=content.req_id,
            run_id=content.run_id,
            execution_id=content.execution_id,
            attempt=content.attempt,
            filename=content.filename,
            tf_filename=content.tf_filename,
            slice_id=content.slice_id,
            urls=(content.file_url,),
            frames=Frames(first=content.start, last=content.end, count=content.tf_count, skip=content.skip),
            deadline=deadline,
        )
