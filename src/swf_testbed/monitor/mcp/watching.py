"""Tools that tell how things stand: of the whole testbed, and of an execution as it goes on."""

from datetime import timedelta

from django.db.models import Count

from swf_testbed.model.clock import now
from swf_testbed.model.errors import NotFound
from swf_testbed.model.states import RunPhase
from swf_testbed.model.status import AGENT_STALE_S, ExecutionStatus, OperationalState
from swf_testbed.monitor.mcp.answers import (
    Cursor,
    InNamespace,
    Limit,
    Listing,
    SystemState,
    WorkflowMonitor,
)
from swf_testbed.monitor.mcp.listing import FEW, listing, one
from swf_testbed.monitor.mcp.looking import state_at
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.monitor.services.counts import slice_counts
from swf_testbed.monitor.services.health import health
from swf_testbed.monitor.store import models as store
from swf_testbed.records import Alarm, Log, Run, RunState, WorkflowExecution, WorkflowMessage
from swf_testbed.records.answers import StateAt

_LAST = 10
_ERROR = 40
"""The level of errors, as Python's logging has it."""


@tool(Effect.READS)
def get_system_state() -> SystemState:
    """How the testbed stands: services, datataking state, active runs, running executions, agents, alarms."""
    active = [phase for phase in RunPhase if not phase.ended]
    runs = store.RunState.objects.filter(phase__in=active).order_by("-run").values_list("run", flat=True)
    alarms = store.Alarm.objects.filter(cleared_at=None).order_by("-id").values_list("id", flat=True)
    return SystemState(
        health=health(),
        state=_state_now(),
        active_runs=tuple(one(RunState, number) for number in runs[:_LAST]),
        running_executions=listing(WorkflowExecution, FEW, None, status=ExecutionStatus.RUNNING).items,
        agents=_agents(),
        open_alarms=tuple(one(Alarm, number) for number in alarms[:_LAST]),
    )


@tool(Effect.READS)
def get_workflow_monitor(execution_id: str) -> WorkflowMonitor:
    """How one execution goes, or went: status, phases of its runs, slices, messages by type, newest errors.

    Ask again to follow it: `ended` turns true when nothing of it goes on.
    """
    execution = one(WorkflowExecution, execution_id)
    numbers = [run.run_number for run in listing(Run, FEW, None, execution=execution_id).items]
    said = store.WorkflowMessage.objects.filter(execution_id=execution_id).order_by()
    errors = store.Log.objects.filter(execution_id=execution_id, level__gte=_ERROR).order_by("-id")
    return WorkflowMonitor(
        execution=execution,
        ended=execution.status.terminal,
        runs=tuple(one(RunState, number) for number in numbers if _has_state(number)),
        slices=dict(slice_counts(numbers)),
        messages=dict(said.values_list("message_type").annotate(Count("id"))),
        last_messages=listing(WorkflowMessage, _LAST, None, execution_id=execution_id).items,
        errors=tuple(one(Log, number) for number in errors.values_list("id", flat=True)[:_LAST]),
    )


@tool(Effect.READS)
def list_workflow_monitors(
    namespace: InNamespace = None, limit: Limit = FEW, cursor: Cursor = None
) -> Listing[WorkflowExecution]:
    """The executions that go on now; `get_workflow_monitor` follows one of them."""
    return listing(WorkflowExecution, limit, cursor, namespace=namespace, status=ExecutionStatus.RUNNING)


def _state_now() -> StateAt | None:
    try:
        return state_at()
    except NotFound:
        return None


def _has_state(number: int) -> bool:
    return bool(store.RunState.objects.filter(run=number).exists())


def _agents() -> dict[str, int]:
    """The living by what they say; those that were not heard of for long have exited."""
    fresh = now() - timedelta(seconds=AGENT_STALE_S)
    living = store.SystemAgent.objects.filter(last_heartbeat__gte=fresh).order_by()
    counted = dict(living.values_list("operational_state").annotate(Count("id")))
    gone = store.SystemAgent.objects.count() - sum(counted.values())
    exited = OperationalState.EXITED.value
    return {str(state): number for state, number in counted.items()} | {exited: counted.get(exited, 0) + gone}
