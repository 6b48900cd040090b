"""Every resource of the REST contract, declared once."""

from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor.services import (
    alarms,
    copies,
    messages,
    news,
    references,
    stage_facts,
    stages,
    statuses,
)
from swf_testbed.monitor.services.declaration import Resource, Rule
from swf_testbed.monitor.services.quality import follow as follow_flags
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store import models as store

__all__ = ["RESOURCES", "Resource", "Rule", "resource"]

_PART_OF_RUN = "are parts of their run and of its histograms: delete the run"


def _run_in_use(row: Row) -> str:
    return "" if row["end_time"] else "has not ended: end it first"


def _execution_in_use(row: Row) -> str:
    return "" if ExecutionStatus(row["status"]).terminal else f"is {row['status']}: end it first"


_ALL = (
    Resource(
        "runs",
        store.Run,
        filters=("start_time", "end_time", "execution", "mark", "reference", "created_at"),
        related={"phase": "run_state__phase"},
        namespace="namespace",
        run="run_number",
        time="start_time",
        guarded=True,
        in_use=_run_in_use,
    ),
    Resource(
        "stf-files",
        store.StfFile,
        filters=(
            "file_id",
            "run",
            "stream",
            "status",
            "machine_state",
            "daq_state",
            "daq_substate",
            "sequence",
            "egress_at",
            "created_at",
        ),
        namespace="run__namespace",
        run="run",
        lookups=("file_id",),
        prepare=references.stf_files,
        hold=statuses.stf_file,
        held_fields=("status",),
        complete=copies.add_replicas,
        follow=stage_facts.of_files,
        kept=_PART_OF_RUN,
    ),
    Resource(
        "stf-copies",
        store.StfCopy,
        filters=("state", "created_at"),
        namespace="stf_file__run__namespace",
        run="stf_file__run",
        prepare=references.of_stf_files,
        kept=_PART_OF_RUN,
    ),
    Resource(
        "datasets",
        store.Dataset,
        filters=("scope", "run", "status", "storage", "created_at"),
        namespace="run__namespace",
        run="run",
        prepare=references.datasets,
        hold=statuses.dataset,
        held_fields=("status",),
        kept=_PART_OF_RUN,
    ),
    Resource(
        "fastmon-files",
        store.FastmonFile,
        filters=("tf_file_id", "stf_file", "status", "created_at"),
        namespace="stf_file__run__namespace",
        run="stf_file__run",
        lookups=("tf_file_id",),
        prepare=references.fastmon_files,
        kept=_PART_OF_RUN,
    ),
    Resource(
        "tf-slices",
        store.TfSlice,
        filters=("run_number", "status", "assigned_worker", "completed_at", "created_at"),
        namespace="fastmon_file__stf_file__run__namespace",
        run="run_number",
        prepare=references.tf_slices,
        tells=news.slices,
        follow=stage_facts.of_slices,
        hold=statuses.tf_slice,
        held_fields=("status", "retries"),
        kept=_PART_OF_RUN,
    ),
    Resource(
        "workers",
        store.Worker,
        filters=("run_number", "status", "location", "last_heartbeat", "created_at"),
        namespace="namespace",
        run="run_number",
        time="last_heartbeat",
        guarded=True,
    ),
    Resource(
        "run-states",
        store.RunState,
        filters=("phase", "state", "substate", "state_changed_at", "created_at"),
        namespace="run__namespace",
        run="run",
        time="state_changed_at",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        hold=statuses.run_state,
        held_fields=("phase",),
        complete=references.count_run_states,
        kept=_PART_OF_RUN,
    ),
    Resource(
        "system-state-events",
        store.SystemStateEvent,
        filters=("run_number", "timestamp", "state", "substate"),
        namespace=None,
        run="run_number",
        time="timestamp",
        rule=Rule.APPEND,
    ),
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
        "systemagents",
        store.SystemAgent,
        filters=("agent_type", "status", "operational_state", "last_heartbeat", "created_at"),
        namespace="namespace",
        time="last_heartbeat",
        tells=news.agents,
        told_fields=news.AGENT_STATE,
        guarded=True,
    ),
    Resource(
        "subscribers",
        store.Subscriber,
        filters=("delivery_type", "is_active", "connected_at", "disconnected_at", "created_at"),
        time="connected_at",
    ),
    Resource("namespaces", store.Namespace, filters=("owner", "created_at"), namespace="name"),
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
    Resource(
        "histograms",
        store.Histogram,
        filters=("quality",),
        namespace="run__namespace",
        run="run",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        kept=_PART_OF_RUN,
    ),
    Resource(
        "windows",
        store.Window,
        filters=("created_at",),
        namespace="run__namespace",
        run="run",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        kept=_PART_OF_RUN,
    ),
    Resource(
        "stf-figures",
        store.StfFigures,
        filters=("since", "created_at"),
        namespace="run__namespace",
        run="run",
        time="since",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        kept=_PART_OF_RUN,
    ),
    Resource(
        "quality-flags",
        store.QualityFlag,
        filters=("quality", "until", "created_at"),
        namespace="run__namespace",
        run="run",
        time="since",
        aliases={"run_number": "run", "check": "check_name"},
        tells=news.flags,
        told_fields=("quality",),
        follow=follow_flags,
        prepare=references.of_runs,
    ),
    Resource(
        "references",
        store.Reference,
        filters=("configuration", "beam", "state", "made_by", "created_at"),
        rule=Rule.IMMUTABLE,
    ),
    Resource(
        "alarms",
        store.Alarm,
        filters=("severity", "subject", "raised_at", "cleared_at", "acknowledged_by", "created_at"),
        namespace="namespace",
        run="run_number",
        time="raised_at",
        append=alarms.append,
        change=alarms.change,
        complete=alarms.complete,
    ),
    Resource("layouts", store.Layout, filters=("created_at",), owner="owner"),
)

RESOURCES: dict[str, Resource] = {resource.name: resource for resource in _ALL}
"""Every resource by its name."""


def resource(name: str) -> Resource:
    """The resource of that name; `NotFound` if there is none."""
    found = RESOURCES.get(name)
    if found is None:
        raise NotFound(f"there is no resource {name!r}; there are {', '.join(sorted(RESOURCES))}")
    return found
