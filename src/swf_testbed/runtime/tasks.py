"""The workflow task of a run, by the numbers of the system that brings its workers."""

from swf_testbed.messages.tasks import TaskContent
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowMessage


def task_of(monitor: MonitorClient, run: int) -> TaskContent:
    """As the other system has answered last; with the number of the run alone if it has not.

    Raises:
        Unavailable: the monitor, which keeps the answers, does not answer.
    """
    _, replies = monitor.page(WorkflowMessage, run_id=run, message_type="created_workflow_task", limit=1)
    known = replies[0].message_content.get("content") if replies else None
    return TaskContent.model_validate(known or {"request_id": run})
