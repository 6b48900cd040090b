"""Ends executions and runs that nobody ended: whoever should have is gone, and nothing was heard for long."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import NotFound
from swf_testbed.model.names import derived_id
from swf_testbed.model.states import BEAM_NOT_READY, RunPhase
from swf_testbed.model.status import AGENT_STALE_S, OPEN_EXECUTION, ExecutionStatus, OperationalState
from swf_testbed.monitor.services.changes import upsert_rows
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import (
    RunState,
    SystemAgent,
    WorkflowExecution,
    WorkflowMessage,
)

_GOING_ON = [phase for phase in RunPhase if not phase.ended]


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was ended, or would be."""

    what: str
    before: str
    after: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before} -> {self.after} ({self.reason})"


def repair_stuck(older_than: timedelta, *, dry_run: bool = False) -> list[Repair]:
    """End every execution and run of which nothing was heard for so long, though nobody ended it.

    An execution whose workflow runner lives is left to the runner, and a run whose execution goes on to
    that. A running execution is failed, a pending one terminated, a run aborted; the end is the time of the
    last word. Doing it again does nothing more.
    """
    limit = now() - older_than
    with nullcontext() if dry_run else writing():
        executions = list(_stuck_executions(limit))
        ended = {execution.execution_id for execution, _ in executions}
        runs = list(_stuck_runs(limit, ended))
        done = [_end_execution(row, last, _reason(last), dry_run) for row, last in executions]
        return done + [_end_run(row, last, _reason(last), dry_run) for row, last in runs]


def end_execution(execution_id: str, reason: str, *, dry_run: bool = False) -> list[Repair]:
    """End one execution and its runs now, though nobody else did; nothing if it has ended.

    Raises:
        NotFound: there is no such execution.
    """
    with writing():
        execution = WorkflowExecution.objects.filter(execution_id=execution_id).first()
        if execution is None:
            raise NotFound(f"there is no execution {execution_id!r}")
        if ExecutionStatus(execution.status).terminal:
            return []
        runs = list(
            RunState.objects.filter(phase__in=_GOING_ON, run__execution=execution_id).select_related("run")
        )
        moment = now()
        done = [_end_execution(execution, moment, reason, dry_run)]
        return done + [_end_run(state, moment, reason, dry_run) for state in runs]


def _stuck_executions(limit: datetime) -> Iterator[tuple[WorkflowExecution, datetime]]:
    said = _last_word(execution_id=OuterRef("execution_id"))
    still = WorkflowExecution.objects.filter(status__in=OPEN_EXECUTION, updated_at__lt=limit)
    silent = list(still.annotate(said=said).order_by("id"))
    alive = _alive() if silent else set()
    for execution in silent:
        last = _latest(execution.start_time or execution.created_at, execution.said)
        if execution.metadata.get("runner") not in alive and last < limit:
            yield execution, last


def _alive() -> set[str]:
    """The agents that are heard."""
    heard = SystemAgent.objects.filter(last_heartbeat__gte=now() - timedelta(seconds=AGENT_STALE_S))
    return set(
        heard.exclude(operational_state=OperationalState.EXITED).values_list("instance_name", flat=True)
    )


def _stuck_runs(limit: datetime, ended: set[str]) -> Iterator[tuple[RunState, datetime]]:
    said = _last_word(run_id=OuterRef("run"))
    still = RunState.objects.filter(phase__in=_GOING_ON, updated_at__lt=limit).annotate(said=said)
    silent = list(still.select_related("run").order_by("run"))
    going_on = _going_on(ended) if silent else set()
    for state in silent:
        last = _latest(state.state_changed_at or state.created_at, state.said)
        if state.run.execution not in going_on and last < limit:
            yield state, last


def _going_on(ended: set[str]) -> set[str]:
    """The executions that nobody has ended, but for those just `ended`."""
    still = WorkflowExecution.objects.filter(status__in=OPEN_EXECUTION).exclude(execution_id__in=ended)
    return set(still.values_list("execution_id", flat=True))


def _last_word(**of: OuterRef) -> Subquery:
    """When the newest message was sent, however many there are."""
    found = WorkflowMessage.objects.filter(**of, sent_at__isnull=False).order_by("-id")
    return Subquery(found.values("sent_at")[:1])


def _latest(*moments: datetime | None) -> datetime:
    return max(moment for moment in moments if moment is not None)


def _reason(last: datetime) -> str:
    return f"nobody ended it; nothing was heard of it after {iso(last)}"


def _end_execution(execution: WorkflowExecution, last: datetime, reason: str, dry_run: bool) -> Repair:
    ran = execution.status == ExecutionStatus.RUNNING
    after = ExecutionStatus.FAILED if ran else ExecutionStatus.TERMINATED
    if not dry_run:
        row = {
            "execution_id": execution.execution_id,
            "status": after.value,
            "end_time": last,
            "error_message": reason,
        }
        upsert_rows(RESOURCES["workflow-executions"], [row])
    return Repair(f"execution {execution.execution_id}", str(execution.status), after.value, reason)


def _end_run(state: RunState, last: datetime, reason: str, dry_run: bool) -> Repair:
    number = state.run.run_number
    if not dry_run:
        there = {"state": BEAM_NOT_READY.state, "substate": BEAM_NOT_READY.substate}
        aborted = {"run_id": number, "phase": RunPhase.ABORTED, "state_changed_at": last, **there}
        upsert_rows(RESOURCES["run-states"], [aborted])
        if state.run.end_time is None:
            upsert_rows(RESOURCES["runs"], [{"run_number": number, "end_time": last, "end_reason": reason}])
        # So that the state at a later time is no longer that of a run.
        event = {
            "message_id": derived_id("repaired-run", str(number)),
            "event_type": "end_run",
            "timestamp": last,
            "run_number": number,
            "event_data": {"reason": reason, "sender": "repair_stuck"},
            **there,
        }
        upsert_rows(RESOURCES["system-state-events"], [event])
    return Repair(f"run {number}", str(state.phase), RunPhase.ABORTED.value, reason)
