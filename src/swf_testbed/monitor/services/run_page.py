"""What the page of a run shows, except its plots."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from swf_testbed.model.detectors import detectors
from swf_testbed.monitor.services import phases
from swf_testbed.monitor.services.run_figures import RunLine, run_line
from swf_testbed.monitor.services.run_times import RunTimes, run_times
from swf_testbed.monitor.services.run_workers import WorkerLine, run_workers
from swf_testbed.monitor.services.timeline import StfProgress, timeline
from swf_testbed.monitor.services.trends import Trends, run_trends
from swf_testbed.monitor.store.models import Histogram, QualityFlag, SystemStateEvent

ROWS = 12
"""Rows of a table that is only an excerpt."""

MOST_FLAGS = 50
MOST_EVENTS = 200


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
    """One run whole; `newest` are the last of its STF files, `axis` its history on a time axis."""

    line: RunLine
    history: list[SystemStateEvent]
    axis: phases.Axis
    times: RunTimes
    trends: Trends
    newest: list[StfProgress]
    volumes: list[Volume]
    workers: list[WorkerLine]
    flags: list[QualityFlag]

    @property
    def at_work(self) -> int:
        """Workers that have not ended."""
        return sum(line.at_work for line in self.workers)

    @property
    def merged(self) -> int:
        """Slices whose results are in the plots, as far as they are in mind."""
        return int(np.count_nonzero(~np.isnan(self.times.slices.plotted)))

    @property
    def per_worker(self) -> float | None:
        """Slices a second that a worker settles, in the mean."""
        told = [line.per_second for line in self.workers if line.per_second]
        return sum(told) / len(told) if told else None


def run_page(run_number: int) -> RunPage:
    """Everything on a run's page except its plots; `NotFound` if there is no such run."""
    line = run_line(run_number)
    run = line.run
    times = run_times(run)
    history = list(
        SystemStateEvent.objects.filter(run_number=run_number).order_by("-timestamp", "-id")[:MOST_EVENTS]
    )
    return RunPage(
        line=line,
        history=history,
        axis=phases.axis_of(run, history),
        times=times,
        trends=run_trends(times, ongoing=run.end_time is None),
        newest=timeline(times).rows(len(times.stfs) - ROWS, ROWS)[::-1],
        volumes=_volumes(run_number, run.histogram_revision),
        workers=run_workers(run, times),
        flags=list(QualityFlag.objects.filter(run=run)[:MOST_FLAGS]),
    )


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
