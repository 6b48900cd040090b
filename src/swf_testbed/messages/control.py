"""Commands, and their answers; a command names the destination that it wants to be answered on."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from swf_testbed.messages.envelope import Message
from swf_testbed.model import destinations
from swf_testbed.model.fields import Name, Seconds, ShortText


class Command(Message):
    """What every command carries beyond the envelope."""

    goes_to = destinations.workflow_control
    reply_to: Name | None = None
    correlation_id: UUID | None = None
    requested_by: Name = "unknown"


class RunWorkflow(Command):
    """Start a workflow; `params` override every other source, by `section.key`."""

    msg_type: Literal["run_workflow"] = "run_workflow"
    workflow_name: Name
    config: Name | None = None
    realtime: bool = True
    duration: Seconds = 0.0
    params: dict[str, Any] = Field(default_factory=dict)


class StopWorkflow(Command):
    """End an execution in good order."""

    msg_type: Literal["stop_workflow"] = "stop_workflow"
    execution_id: Name


class StatusRequest(Command):
    """Ask what runs."""

    msg_type: Literal["status_request"] = "status_request"


class Ping(Command):
    """Ask whether anyone is there."""

    msg_type: Literal["ping"] = "ping"


class Reply(Message):
    """The answer to a command: `ok`, or an `error` that says what to do; `done` is what was done."""

    msg_type: Literal["reply"] = "reply"
    correlation_id: UUID
    ok: bool
    error: ShortText | None = None
    done: dict[str, Any] = Field(default_factory=dict)
