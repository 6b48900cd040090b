"""What the hub shows: what runs now, and what ran last."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from swf_testbed.model.clock import now
from swf_testbed.model.states import RunPhase
from swf_testbed.model.status import AGENT_STALE_S, OperationalState
from swf_testbed.monitor.services.pages import RunLine, run_lines
from swf_testbed.monitor.services.trends import Trends, run_trends
from swf_testbed.monitor.store.models import Run, RunState, SystemAgent, WorkflowExecution

ROWS = 12
"""Rows of a table that is only an excerpt."""

MOST_ACTIVE = 5
"""Runs in progress that the hub shows with their figures."""


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent and what it counts as: without heartbeats it counts as EXITED."""

    agent: SystemAgent
    state: str


@dataclass(frozen=True, slots=True)
class Hub:
    """What runs now, and what ran last."""

    active: list[tuple[RunLine, Trends]]
    recent: list[RunLine]
    executions: list[WorkflowExecution]
    agents: list[AgentLine]
    agent_states: dict[str, int]


def hub() -> Hub:
    """The hub page."""
    live = RunState.objects.exclude(phase__in=[phase for phase in RunPhase if phase.ended])
    active = Run.objects.filter(run_state__in=live, end_time=None)[:MOST_ACTIVE]
    agents = [_agent_line(agent) for agent in SystemAgent.objects.order_by("agent_type", "instance_name")]
    return Hub(
        active=[(line, run_trends(line.run)) for line in run_lines(active)],
        recent=run_lines(Run.objects.all()[:ROWS]),
        executions=list(WorkflowExecution.objects.all()[:ROWS]),
        agents=[line for line in agents if line.state != OperationalState.EXITED][:100],
        agent_states=dict(sorted(Counter(line.state for line in agents).items())),
    )


def _agent_line(agent: SystemAgent) -> AgentLine:
    seen: datetime | None = agent.last_heartbeat
    stale = seen is None or now() - seen > timedelta(seconds=AGENT_STALE_S)
    return AgentLine(agent, OperationalState.EXITED.value if stale else str(agent.operational_state))
