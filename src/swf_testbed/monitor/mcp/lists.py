"""Tools that list records, declared once: what each lists, and by what it is filtered."""

from inspect import Parameter, Signature
from typing import Annotated, Any

from pydantic import Field

from swf_testbed.model.status import (
    ExecutionStatus,
    OperationalState,
    Severity,
    SliceStatus,
    StfStatus,
    WorkerStatus,
)
from swf_testbed.monitor.mcp.answers import (
    Cursor,
    InNamespace,
    Limit,
    Listing,
    OfExecution,
    OfRun,
    Since,
    Until,
)
from swf_testbed.monitor.mcp.listing import FEW, listing
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.records import (
    Alarm,
    FastmonFile,
    Log,
    NamespaceRecord,
    Record,
    Run,
    StfFile,
    SystemAgent,
    TfSlice,
    Worker,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowMessage,
)

_CALLED = {("runs", "execution_id"): "execution", ("fastmon-files", "stf_filename"): "stf_file"}
"""Arguments by resource that the filters of REST have under another name."""


def _offer(name: str, cls: type[Record], says: str, **filters: Any) -> None:
    """Offer a list: its arguments are the filters, each None if left out, the times, and the page."""

    def listed(*, limit: int = FEW, cursor: int | None = None, **said: Any) -> Any:
        return listing(
            cls, limit, cursor, **{_CALLED.get((cls.resource, key), key): said[key] for key in said}
        )

    arguments = {**filters, "start_time": Since, "end_time": Until, "limit": Limit, "cursor": Cursor}
    listed.__name__ = listed.__qualname__ = name
    listed.__doc__ = says
    listed.__annotations__ = {**arguments, "return": Listing[cls]}  # type: ignore[valid-type]
    parameters = [
        Parameter(key, Parameter.KEYWORD_ONLY, default=FEW if key == "limit" else None, annotation=kind)
        for key, kind in arguments.items()
    ]
    listed.__signature__ = Signature(  # type: ignore[attr-defined]
        parameters, return_annotation=listed.__annotations__["return"]
    )
    tool(Effect.READS)(listed)


_offer(
    "list_runs",
    Run,
    "Runs of the DAQ; times are those of the start.",
    namespace=InNamespace,
    execution_id=OfExecution,
)
_offer(
    "list_stf_files",
    StfFile,
    "Super time frame files with size, checksum, status and replicas.",
    run_number=OfRun,
    status=StfStatus | None,
    namespace=InNamespace,
)
_offer(
    "list_tf_files",
    FastmonFile,
    "Sample files: the time frames that fast monitoring took out of STF files.",
    run_number=OfRun,
    stf_filename=Annotated[str | None, Field(description="samples of this STF file alone")],
    namespace=InNamespace,
)
_offer(
    "list_tf_slices",
    TfSlice,
    "Slices, the units of work of the pool, with status, retries and worker.",
    run_number=OfRun,
    status=SliceStatus | None,
    assigned_worker=str | None,
    namespace=InNamespace,
)
_offer(
    "list_workers",
    Worker,
    "Workers with place, status and slices completed; times are those of the last heartbeat.",
    run_number=OfRun,
    status=WorkerStatus | None,
    namespace=InNamespace,
)
_offer(
    "list_agents",
    SystemAgent,
    "Agents with type, operational state, host and last heartbeat; times are those of the last heartbeat.\n\n"
    "An agent that has not been heard of for 3 minutes is gone, whatever its state says.",
    namespace=InNamespace,
    agent_type=Annotated[str | None, Field(description="data, fastmon, worker and so on")],
    operational_state=OperationalState | None,
)
_offer(
    "list_namespaces",
    NamespaceRecord,
    "Testbed instances, with owner and members, who alone control what is in them.",
    owner=str | None,
)
_offer(
    "list_workflow_definitions",
    WorkflowDefinition,
    "Versions of workflows, with code, parameters and source.",
    workflow_name=str | None,
    created_by=str | None,
)
_offer(
    "list_workflow_executions",
    WorkflowExecution,
    "Executions of workflows, with status, parameters, metrics and errors; times are those of the start.",
    namespace=InNamespace,
    status=ExecutionStatus | None,
    executed_by=str | None,
)
_offer(
    "list_messages",
    WorkflowMessage,
    "Messages as they went over the bus, newest first; `causation_id` in the content names the cause.",
    message_type=Annotated[str | None, Field(description="stf_gen, start_run and so on")],
    sender_agent=str | None,
    namespace=InNamespace,
    execution_id=OfExecution,
    run_number=OfRun,
)
_offer(
    "list_logs",
    Log,
    "Lines of the logs, newest first; what assistants changed is there with `app_name` mcp.",
    levelname=Annotated[str | None, Field(description="INFO, WARNING, ERROR or CRITICAL")],
    app_name=str | None,
    instance_name=str | None,
    execution_id=OfExecution,
    run_number=OfRun,
    username=str | None,
)
_offer(
    "list_alarms",
    Alarm,
    "Alarms, with when they were raised, cleared and acknowledged; times are those of the raising.",
    severity=Severity | None,
    subject=str | None,
)
