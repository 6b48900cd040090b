"""Workflows, their executions, and what was said and logged meanwhile."""

from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor.services import messages, references, statuses
from swf_testbed.monitor.services.declaration import Resource, Rule
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store import models as store


def _execution_in_use(row: Row) -> str:
    return "" if ExecutionStatus(row["status"]).terminal else f"is {row['status']}: end it first"


RESOURCES = (
    Resource(
        "workflow-definitions",
        store.WorkflowDefinition,
        filters=("workflow_type", "created_by", "created_at"),
        rule=Rule.IMMUTABLE,
        prepare=references.definitions,
    ),
    Resource(
        "workflow-executions",
        store.WorkflowExecution,
        filters=("workflow_definition", "status", "executed_by", "start_time", "end_time", "created_at"),
        namespace="namespace",
        time="start_time",
        prepare=references.executions,
        hold=statuses.execution,
        held_fields=("status",),
        guarded=True,
        in_use=_execution_in_use,
    ),
    Resource(
        "workflow-messages",
        store.WorkflowMessage,
        filters=(
            "id",
            "message_type",
            "sender_agent",
            "recipient_agent",
            "execution_id",
            "run_id",
            "sent_at",
            "received_at",
            "causation_id",
        ),
        namespace="namespace",
        run="run_id",
        time="sent_at",
        rule=Rule.APPEND,
        prepare=messages.prepare,
        guarded=True,
    ),
    Resource(
        "logs",
        store.Log,
        filters=(
            "app_name",
            "instance_name",
            "timestamp",
            "level",
            "levelname",
            "execution_id",
            "run_id",
            "username",
        ),
        namespace="namespace",
        run="run_id",
        time="timestamp",
        rule=Rule.APPEND,
        prepare=references.logs,
    ),
)
