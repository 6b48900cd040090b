"""Tools that look at agents, namespaces, workflows, messages, logs and alarms."""

from typing import Annotated

from pydantic import Field

from swf_testbed.model.status import (
    ExecutionStatus,
    OperationalState,
    Severity,
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
from swf_testbed.monitor.mcp.listing import FEW, listing, one
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.records import (
    Alarm,
    Log,
    NamespaceRecord,
    SystemAgent,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowMessage,
)


@tool(Effect.READS)
def list_agents(
    namespace: InNamespace = None,
    agent_type: Annotated[str | None, Field(description="data, fastmon, worker and so on")] = None,
    operational_state: OperationalState | None = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[SystemAgent]:
    """Agents with type, operational state, host and last heartbeat; times are those of the last heartbeat.

    An agent that has not been heard of for 3 minutes is gone, whatever its state says.
    """
    return listing(
        SystemAgent,
        limit,
        cursor,
        namespace=namespace,
        agent_type=agent_type,
        operational_state=operational_state,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def get_agent(instance_name: str) -> SystemAgent:
    """One agent by its name."""
    return one(SystemAgent, instance_name)


@tool(Effect.READS)
def list_namespaces(
    owner: str | None = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[NamespaceRecord]:
    """Testbed instances, with owner and members, who alone control what is in them."""
    return listing(NamespaceRecord, limit, cursor, owner=owner, start_time=start_time, end_time=end_time)


@tool(Effect.READS)
def get_namespace(name: str) -> NamespaceRecord:
    """One testbed instance by its name."""
    return one(NamespaceRecord, name)


@tool(Effect.READS)
def list_workflow_definitions(
    workflow_name: str | None = None,
    created_by: str | None = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[WorkflowDefinition]:
    """Versions of workflows, with code, parameters and source."""
    return listing(
        WorkflowDefinition,
        limit,
        cursor,
        workflow_name=workflow_name,
        created_by=created_by,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def list_workflow_executions(
    namespace: InNamespace = None,
    status: ExecutionStatus | None = None,
    executed_by: str | None = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[WorkflowExecution]:
    """Executions of workflows, with status, parameters, metrics and errors; times are those of the start."""
    return listing(
        WorkflowExecution,
        limit,
        cursor,
        namespace=namespace,
        status=status,
        executed_by=executed_by,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def get_workflow_execution(execution_id: str) -> WorkflowExecution:
    """One execution: expanded parameters, environment, metrics, error and stack trace."""
    return one(WorkflowExecution, execution_id)


@tool(Effect.READS)
def list_messages(
    message_type: Annotated[str | None, Field(description="stf_gen, start_run and so on")] = None,
    sender_agent: str | None = None,
    namespace: InNamespace = None,
    execution_id: OfExecution = None,
    run_number: OfRun = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[WorkflowMessage]:
    """Messages as they went over the bus, newest first; `causation_id` in the content names the cause."""
    return listing(
        WorkflowMessage,
        limit,
        cursor,
        message_type=message_type,
        sender_agent=sender_agent,
        namespace=namespace,
        execution_id=execution_id,
        run_number=run_number,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def list_logs(
    levelname: Annotated[str | None, Field(description="INFO, WARNING, ERROR or CRITICAL")] = None,
    app_name: str | None = None,
    instance_name: str | None = None,
    execution_id: OfExecution = None,
    run_number: OfRun = None,
    username: str | None = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[Log]:
    """Lines of the logs, newest first; what assistants changed is there with `app_name` mcp."""
    return listing(
        Log,
        limit,
        cursor,
        levelname=levelname,
        app_name=app_name,
        instance_name=instance_name,
        execution_id=execution_id,
        run_number=run_number,
        username=username,
        start_time=start_time,
        end_time=end_time,
    )


@tool(Effect.READS)
def get_log_entry(id: Annotated[int, Field(ge=1)]) -> Log:  # noqa: A002  # as the resource calls it
    """One line of a log, with everything that came with it."""
    return one(Log, id)


@tool(Effect.READS)
def list_alarms(
    severity: Severity | None = None,
    subject: str | None = None,
    start_time: Since = None,
    end_time: Until = None,
    limit: Limit = FEW,
    cursor: Cursor = None,
) -> Listing[Alarm]:
    """Alarms, with when they were raised, cleared and acknowledged; times are those of the raising."""
    return listing(
        Alarm,
        limit,
        cursor,
        severity=severity,
        subject=subject,
        start_time=start_time,
        end_time=end_time,
    )
