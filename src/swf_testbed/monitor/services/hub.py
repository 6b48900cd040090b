"""What the hub shows: what runs now, and what ran last, of one namespace or of all."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from swf_testbed.model.clock import now
from swf_testbed.model.states import RunPhase
from swf_testbed.model.status import AGENT_STALE_S, ExecutionStatus, OperationalState
from swf_testbed.monitor.services.epochs import UnixSeconds
from swf_testbed.monitor.services.namespaces import namespace_choices
from swf_testbed.monitor.services.pictures import Picture, lateness, pictures
from swf_testbed.monitor.services.run_figures import RECENT_S, RunLine, run_lines
from swf_testbed.monitor.services.slice_moments import EGRESS
from swf_testbed.monitor.services.summary import percentiles
from swf_testbed.monitor.store.models import (
    Alarm,
    Run,
    SystemAgent,
    TfSlice,
    WorkflowExecution,
)
from swf_testbed.records import Percentiles

ROWS = 12
"""Rows of a table that is only an excerpt."""

MOST_ACTIVE = 5
"""Runs in progress that the hub shows with their figures."""

MOST_RECENT = 20_000
"""Slices of that time that are looked at."""


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent and what it counts as: without heartbeats it counts as EXITED."""

    agent: SystemAgent
    state: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a run goes now: STFs and slices a second, and seconds from egress to result and to plot."""

    stfs: float
    slices: float
    to_result: Percentiles
    to_plot: Percentiles

    @property
    def tone(self) -> str:
        """Whether plots come in time."""
        return lateness(self.to_plot.p95)


@dataclass(frozen=True, slots=True)
class Hub:
    """What runs now, and what ran last."""

    namespaces: list[str]
    alarms: list[Alarm]
    active: list[tuple[RunLine, Pace]]
    recent: list[tuple[RunLine, Picture]]
    running: int
    executions: list[WorkflowExecution]
    agents: list[AgentLine]
    agent_states: dict[str, int]


def hub(namespace: str | None = None) -> Hub:
    """The hub page, of one namespace or of all."""
    only = {} if namespace is None else {"namespace": namespace}
    runs = Run.objects.filter(**only).select_related("run_state")
    ended = [phase for phase in RunPhase if phase.ended]
    live = list(
        runs.filter(end_time=None, run_state__isnull=False).exclude(run_state__phase__in=ended)[:MOST_ACTIVE]
    )
    newest = list(runs[:ROWS])
    lines = {
        line.run.run_number: line
        for line in run_lines({run.run_number: run for run in live + newest}.values())
    }
    active = [lines[run.run_number] for run in live]
    drawn = pictures(newest)
    agents = [
        _agent_line(agent)
        for agent in SystemAgent.objects.filter(**only).order_by("agent_type", "instance_name")
    ]
    executions = WorkflowExecution.objects.filter(**only)
    shown = list(executions[:ROWS])
    return Hub(
        namespaces=namespace_choices(),
        alarms=list(Alarm.objects.filter(cleared_at=None, **only)[:ROWS]),
        active=list(zip(active, paces(active), strict=True)),
        recent=[(lines[run.run_number], drawn[run.run_number]) for run in newest],
        running=sum(not ExecutionStatus(execution.status).terminal for execution in shown),
        executions=shown,
        agents=[line for line in agents if line.state != OperationalState.EXITED][:100],
        agent_states=dict(sorted(Counter(line.state for line in agents).items())),
    )


def paces(lines: list[RunLine]) -> list[Pace]:
    """How fast runs go now, in one query."""
    run_numbers = [line.run.run_number for line in lines]
    if not lines:
        return []
    since = now() - timedelta(seconds=RECENT_S)
    fresh = TfSlice.objects.filter(run_number__in=run_numbers, plotted_at__gt=since).order_by()
    times = [UnixSeconds(name) for name in (EGRESS, "completed_at", "plotted_at")]
    rows = fresh.values_list("run_number", *times)[:MOST_RECENT]
    table = np.array(list(rows), np.float64).reshape(-1, 4)
    found = []
    for line in lines:
        egress, done, plotted = table[table[:, 0] == line.run.run_number, 1:].T
        found.append(
            Pace(
                stfs=line.recent_stfs / RECENT_S,
                slices=len(plotted) / RECENT_S,
                to_result=_percentiles(done - egress),
                to_plot=_percentiles(plotted - egress),
            )
        )
    return found


def _percentiles(seconds: "np.typing.NDArray[np.float64]") -> Percentiles:
    return percentiles(seconds[~np.isnan(seconds)])


def _agent_line(agent: SystemAgent) -> AgentLine:
    seen = agent.last_heartbeat
    stale = seen is None or now() - seen > timedelta(seconds=AGENT_STALE_S)
    return AgentLine(agent, OperationalState.EXITED.value if stale else str(agent.operational_state))
