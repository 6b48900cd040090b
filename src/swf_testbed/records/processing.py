"""What becomes of one STF: its processing as a whole, and each agent's part in it."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from swf_testbed.model.fields import FileName, Name, ShortText, Timestamp
from swf_testbed.model.status import ProcessingStatus
from swf_testbed.records.base import Document, Record


class Workflow(Record):
    """The processing of one STF; `stf_file` is its name, or its `file_id` on input."""

    resource: ClassVar[str] = "workflows"
    key: ClassVar[tuple[str, ...]] = ("workflow_id",)

    workflow_id: UUID
    stf_file: FileName | None = None
    status: ProcessingStatus = ProcessingStatus.RECEIVED
    received_at: Timestamp | None = None
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    message: ShortText | None = None
    metadata: Document = Field(default_factory=dict)


class WorkflowStage(Record):
    """One agent's part in the processing of an STF; `workflow` is a `workflow_id`, `stf_file` its STF."""

    resource: ClassVar[str] = "workflow-stages"
    key: ClassVar[tuple[str, ...]] = ("stage_id",)
    server_fields: ClassVar[frozenset[str]] = Record.server_fields | {"stf_file"}

    stage_id: UUID
    workflow: UUID | None = None
    stf_file: FileName | None = None
    agent: Name | None = None
    agent_type: Name | None = None
    status: ProcessingStatus = ProcessingStatus.RECEIVED
    received_at: Timestamp | None = None
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    message: ShortText | None = None
    metadata: Document = Field(default_factory=dict)
