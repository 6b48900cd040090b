"""What the page of an execution shows."""

from dataclasses import dataclass
from logging import ERROR

from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor.services.parameter_values import Parameter, parameters_of
from swf_testbed.monitor.services.run_times import run_times
from swf_testbed.monitor.services.timeline import StfProgress, Timeline, timeline
from swf_testbed.monitor.store.models import Log, Run, WorkflowExecution

ROWS = 20
"""STFs on a page of the table below the timeline."""

MOST_ERRORS = 10
MOST_RUNS = 20


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """One execution; `rows` are a page of the STFs of one of its runs, newest first.

    Attributes:
        execution: with its definition.
        parameters: what differs from its default first.
        runs: that it took, newest first.
        run: whose STFs are shown; None before there is one.
        timeline: the way of all its STFs.
        rows, page, pages: a part of them, and which.
        errors: lines of the log, newest first.
    """

    execution: WorkflowExecution
    parameters: list[Parameter]
    runs: list[Run]
    run: Run | None
    timeline: Timeline | None
    rows: list[StfProgress]
    page: int
    pages: int
    errors: list[Log]

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return ExecutionStatus(self.execution.status).terminal

    @property
    def differing(self) -> list[Parameter]:
        """Parameters that somebody set to something else than the default."""
        return [one for one in self.parameters if one.differs]

    @property
    def usual(self) -> list[Parameter]:
        """Parameters with their default."""
        return [one for one in self.parameters if not one.differs]


def execution_page(execution_id: str, run_number: int | None, page: int) -> ExecutionPage:
    """The page of an execution.

    Args:
        execution_id: which.
        run_number: whose STFs; the newest of its runs if it is None.
        page: of the STFs, from 1.

    Raises:
        NotFound: no such execution, or that run is none of it, or it has no such page.
    """
    found = WorkflowExecution.objects.filter(execution_id=execution_id).select_related("workflow_definition")
    execution = found.first()
    if execution is None:
        raise NotFound(f"there is no execution {execution_id}")
    definition = execution.workflow_definition
    runs = list(Run.objects.filter(execution=execution_id)[:MOST_RUNS])
    run = _chosen(runs, run_number)
    way = timeline(run_times(run)) if run else None
    number = len(way.stfs) if way else 0
    pages = max(1, -(-number // ROWS))
    if page > pages:
        raise NotFound(f"there is no page {page} of {number} STFs; there are {pages}")
    return ExecutionPage(
        execution=execution,
        parameters=parameters_of(
            execution.parameter_values, definition.parameter_values if definition else {}
        ),
        runs=runs,
        run=run,
        timeline=way,
        rows=_newest_first(way, page) if way else [],
        page=page,
        pages=pages,
        errors=list(
            Log.objects.filter(execution_id=execution_id, level__gte=ERROR).order_by("-id")[:MOST_ERRORS]
        ),
    )


def _newest_first(way: Timeline, page: int) -> list[StfProgress]:
    last = len(way.stfs) - (page - 1) * ROWS
    first = max(0, last - ROWS)
    return way.rows(first, last - first)[::-1]


def _chosen(runs: list[Run], run_number: int | None) -> Run | None:
    if run_number is None:
        return runs[0] if runs else None
    for run in runs:
        if run.run_number == run_number:
            return run
    raise NotFound(f"run {run_number} is none of this execution's")


def timeline_of(run_number: int) -> Timeline:
    """The way of all STFs of a run; `NotFound` if there is no such run."""
    run = Run.objects.filter(run_number=run_number).first()
    if run is None:
        raise NotFound(f"there is no run {run_number}")
    return timeline(run_times(run))
