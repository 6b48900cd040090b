"""What was done with each STF, by stages."""

from swf_testbed.monitor.services import references, stages, statuses
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.store import models as store

RESOURCES = (
    Resource(
        "workflows",
        store.Workflow,
        filters=("stf_file", "status", "received_at", "finished_at", "created_at"),
        namespace="stf_file__run__namespace",
        run="stf_file__run",
        time="received_at",
        prepare=references.of_stf_files,
        hold=statuses.processing,
        held_fields=("status",),
    ),
    Resource(
        "workflow-stages",
        store.WorkflowStage,
        filters=("workflow", "agent", "agent_type", "status", "received_at", "finished_at", "created_at"),
        namespace="workflow__stf_file__run__namespace",
        run="workflow__stf_file__run",
        time="received_at",
        related={"stf_file": "workflow__stf_file"},
        prepare=references.workflow_stages,
        follow=stages.follow,
        complete=stages.add_stf_files,
        hold=statuses.processing,
        held_fields=("status",),
    ),
)
