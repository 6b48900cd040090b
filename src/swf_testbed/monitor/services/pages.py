"""What the pages show beyond single records: what runs now, lists of runs, one run whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Count, Sum

from swf_testbed.model.clock import now
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import NotFound
from swf_testbed.model.states import RunPhase
from swf_testbed.model.status import AGENT_STALE_S, OperationalState, WorkerStatus
from swf_testbed.monitor.services.counts import slice_counts
from swf_testbed.monitor.services.trends import Trends, run_trends
from swf_testbed.monitor.store.models import (
    FastmonFile,
    Histogram,
    HistogramPart,
    Run,
    RunState,
    StfFile,
    SystemAgent,
    SystemStateEvent,
    TfSlice,
    Worker,
    WorkflowExecution,
)
from swf_testbed.records import SliceCounts

ROWS = 12
"""Rows of a table that is only an excerpt."""

MOST_ACTIVE = 5
"""Runs in progress that the hub shows with their figures."""

PAGE = 50
"""Runs on a page of the list."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run as lists show it."""

    run: Run
    state: RunState | None
    stfs: int
    bytes: int
    slices: SliceCounts

    @property
    def duration(self) -> timedelta | None:
        """From the start to the end, or to now."""
        return (self.run.end_time or now()) - self.run.start_time if self.run.start_time else None


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


@dataclass(frozen=True, slots=True)
class Volume:
    """The mean data of one subsystem in a frame; `share` of all subsystems' bytes, 0 to 1."""

    name: str
    title: str
    hits: float
    bytes: float
    share: float


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run whole; tables are excerpts of the newest rows."""

    line: RunLine
    history: list[SystemStateEvent]
    samples: int
    sampled_frames: int
    sample_bytes: int
    frames: int
    results: int
    volumes: list[Volume]
    trends: Trends
    workers: list[Worker]
    stfs: list[StfFile]
    newest_slices: list[TfSlice]

    @property
    def at_work(self) -> int:
        """Workers that have not ended."""
        return sum(worker.status != WorkerStatus.ENDED for worker in self.workers)


def hub() -> Hub:
    """The hub page."""
    live = RunState.objects.exclude(phase__in=[phase for phase in RunPhase if phase.ended])
    active = Run.objects.filter(run_state__in=live, end_time=None)[:MOST_ACTIVE]
    agents = [_agent_line(agent) for agent in SystemAgent.objects.order_by("agent_type", "instance_name")]
    return Hub(
        active=[(line, run_trends(line.run)) for line in _lines(active)],
        recent=_lines(Run.objects.all()[:ROWS]),
        executions=list(WorkflowExecution.objects.all()[:ROWS]),
        agents=[line for line in agents if line.state != OperationalState.EXITED][:100],
        agent_states=dict(sorted(Counter(line.state for line in agents).items())),
    )


def run_list(phase: RunPhase | None, page: int) -> tuple[list[RunLine], int]:
    """A page (from 1) of the runs, newest first, and how many there are."""
    runs = Run.objects.all() if phase is None else Run.objects.filter(run_state__phase=phase)
    return _lines(runs[(page - 1) * PAGE : page * PAGE]), runs.count()


def run_page(run_number: int) -> RunPage:
    """Everything on a run's page except its plots; `NotFound` if there is no such run."""
    run = Run.objects.filter(run_number=run_number).select_related("run_state").first()
    if run is None:
        raise NotFound(f"there is no run {run_number}")
    samples = FastmonFile.objects.filter(stf_file__run=run).aggregate(
        Count("id"), Sum("tf_count"), Sum("file_size_bytes")
    )
    stfs = StfFile.objects.filter(run=run)
    return RunPage(
        line=_lines([run])[0],
        history=list(
            SystemStateEvent.objects.filter(run_number=run_number).order_by("-timestamp", "-id")[:50]
        ),
        samples=samples["id__count"],
        sampled_frames=samples["tf_count__sum"] or 0,
        sample_bytes=samples["file_size_bytes__sum"] or 0,
        frames=stfs.aggregate(n=Sum("tf_count"))["n"] or 0,
        results=HistogramPart.objects.filter(run=run, part__startswith="slice:").count(),
        trends=run_trends(run),
        volumes=_volumes(run_number, run.histogram_revision),
        workers=list(Worker.objects.filter(run_number=run_number).order_by("worker_id")[:100]),
        stfs=list(stfs.order_by("-id")[:ROWS]),
        newest_slices=list(TfSlice.objects.filter(run_number=run_number).order_by("-id")[:ROWS]),
    )


def _lines(runs: Any) -> list[RunLine]:
    """Runs with their counts, in three queries however many they are."""
    found: Sequence[Run] = runs if isinstance(runs, list) else list(runs.select_related("run_state"))
    numbers = [run.run_number for run in found]
    counted = StfFile.objects.filter(run_id__in=numbers).order_by().values_list("run_id")
    files = {
        number: (count, size or 0)
        for number, count, size in counted.annotate(Count("id"), Sum("file_size_bytes"))
    }
    slices = slice_counts(numbers)
    return [
        RunLine(
            run=run,
            state=getattr(run, "run_state", None),
            stfs=files.get(run.run_number, (0, 0))[0],
            bytes=files.get(run.run_number, (0, 0))[1],
            slices=slices[run.run_number],
        )
        for run in found
    ]


def _agent_line(agent: SystemAgent) -> AgentLine:
    seen: datetime | None = agent.last_heartbeat
    stale = seen is None or now() - seen > timedelta(seconds=AGENT_STALE_S)
    return AgentLine(agent, OperationalState.EXITED.value if stale else str(agent.operational_state))


@lru_cache(maxsize=16)
def _volumes(run_number: int, revision: int) -> list[Volume]:
    """Mean hits and bytes of a frame by subsystem; they change only with the revision."""
    del revision
    rows = Histogram.objects.filter(run_id=run_number, name__in=("hits_per_frame", "bytes_per_frame"))
    means = {(row.subsystem, row.name): _mean(row.content) for row in rows}
    total = sum(mean for (_, name), mean in means.items() if name == "bytes_per_frame")
    return [
        Volume(
            name=detector.name,
            title=detector.title,
            hits=means.get((detector.name, "hits_per_frame"), 0.0),
            bytes=(size := means[detector.name, "bytes_per_frame"]),
            share=size / total if total else 0.0,
        )
        for detector in detectors()
        if (detector.name, "bytes_per_frame") in means
    ]


def _mean(document: dict[str, Any]) -> float:
    """The mean of a trend's bins that have any content."""
    values = [value for value in document.get("storage", {}).get("values", []) if value]
    return sum(values) / len(values) if values else 0.0
