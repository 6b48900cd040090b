"""Workflows: definitions, executions, and what was said and logged while they ran."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from swf_testbed.model.fields import Name, Namespace, RunNumber, ShortText, Timestamp
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.records.base import Document, LongText, Record, SmallInt, Text, Word


class WorkflowDefinition(Record):
    """A workflow's code, and the defaults of its own options."""

    resource: ClassVar[str] = "workflow-definitions"
    key: ClassVar[tuple[str, ...]] = ("workflow_name", "version")

    workflow_name: Word
    version: Word
    workflow_type: Name | None = None
    definition: LongText = ""
    parameter_values: Document = Field(default_factory=dict)
    source: Document = Field(default_factory=dict, description="org, repo, path, branch")
    created_by: Name | None = None


class WorkflowExecution(Record):
    """One execution; `workflow_definition` is `<workflow_name>/<version>`."""

    resource: ClassVar[str] = "workflow-executions"
    key: ClassVar[tuple[str, ...]] = ("execution_id",)

    execution_id: Name
    workflow_definition: Annotated[str, Field(pattern=r"^[^/]{1,64}/[^/]{1,64}$")] | None = None
    namespace: Namespace | None = None
    parameter_values: Document = Field(default_factory=dict, description="fully expanded")
    execution_environment: Document = Field(
        default_factory=dict, description="commit, branch, tag, host, python, versions"
    )
    performance_metrics: Document = Field(default_factory=dict)
    status: ExecutionStatus = ExecutionStatus.PENDING
    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    executed_by: Name | None = None
    error_message: Text | None = None
    stack_trace: LongText | None = None
    metadata: Document = Field(default_factory=dict)


class WorkflowMessage(Record):
    """A message as it went over the bus; `id` is its number in the stream."""

    resource: ClassVar[str] = "workflow-messages"
    key: ClassVar[tuple[str, ...]] = ("message_id",)
    server_fields: ClassVar[frozenset[str]] = Record.server_fields | {"received_at", "causation_id"}

    message_id: UUID
    message_type: Name
    sender_agent: Name
    recipient_agent: Name | None = None
    namespace: Namespace
    execution_id: Name | None = None
    run_id: RunNumber | None = None
    message_content: Document = Field(default_factory=dict)
    sent_at: Timestamp | None = None
    received_at: Timestamp | None = None
    destination: Name | None = None
    causation_id: UUID | None = Field(default=None, description="what caused it, from `message_content`")


class Log(Record):
    """One line of a log."""

    resource: ClassVar[str] = "logs"
    key: ClassVar[tuple[str, ...]] = ("id",)
    FROM_EXTRA: ClassVar[tuple[str, ...]] = ("namespace", "execution_id", "run_id", "username")
    """Fields that the server takes from `extra_data`, to find lines by them."""
    server_fields: ClassVar[frozenset[str]] = Record.server_fields | frozenset(FROM_EXTRA)

    app_name: Name
    instance_name: Name
    timestamp: Timestamp
    level: SmallInt
    levelname: Name
    message: Text
    module: Name | None = None
    funcname: Name | None = None
    lineno: SmallInt | None = None
    process: SmallInt | None = None
    thread: Name | None = None
    extra_data: Document = Field(default_factory=dict, description="execution_id, run_id, username")
    namespace: Namespace | None = None
    execution_id: Name | None = None
    run_id: RunNumber | None = None
    username: ShortText | None = None
