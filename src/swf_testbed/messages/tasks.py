"""Workflow tasks: pools of workers that are asked for, resized and given back, and the answers."""

from typing import Literal
from uuid import UUID

from swf_testbed.messages.envelope import Message, Part, on_workers
from swf_testbed.model.fields import Count, Name, Positive, RunNumber, ShortText


class TaskContent(Part):
    """A task, by the numbers of the workflow system; those it has not given yet are null."""

    request_id: Count
    transform_id: Count | None = None
    workload_id: Count | None = None
    worker_count: Count | None = None
    core_count: Positive = 1
    memory_per_core: Positive | None = None
    site: Name | None = None


class TaskRequest(Message):
    """What the requests about a task of a run have in common."""

    goes_to = on_workers
    run_id: RunNumber
    content: TaskContent


class CreateWorkflowTask(TaskRequest):
    """Ask for workers."""

    identity = ("run_id", "content.request_id")
    msg_type: Literal["create_workflow_task"] = "create_workflow_task"


class AdjustWorker(TaskRequest):
    """Ask for another number of workers; said again it is another wish, so its identity is its own."""

    msg_type: Literal["adjust_worker"] = "adjust_worker"


class CloseWorkflowTask(TaskRequest):
    """Give the workers back."""

    identity = ("run_id", "content.request_id")
    msg_type: Literal["close_workflow_task"] = "close_workflow_task"


class TaskReply(TaskRequest):
    """The answer to the request `causation_id`: the task as it is now, or what went wrong."""

    identity = ("causation_id",)
    causation_id: UUID
    ok: bool = True
    error: ShortText | None = None


class CreatedWorkflowTask(TaskReply):
    """Workers will come."""

    msg_type: Literal["created_workflow_task"] = "created_workflow_task"


class AdjustedWorker(TaskReply):
    """The number of workers changes."""

    msg_type: Literal["adjusted_worker"] = "adjusted_worker"


class ClosedWorkflowTask(TaskReply):
    """The workers go."""

    msg_type: Literal["closed_workflow_task"] = "closed_workflow_task"
