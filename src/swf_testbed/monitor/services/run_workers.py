"""Who worked on the slices of a run, and how fast."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from swf_testbed.model.status import WorkerStatus
from swf_testbed.monitor.services.run_times import RunTimes
from swf_testbed.monitor.services.trends import rate
from swf_testbed.monitor.store.models import Run, Worker

MOST_WORKERS = 200
"""Workers that a page lists, those with most slices."""


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A worker, as far as it told of itself, and what it did in one run."""

    name: str
    worker: Worker | None
    slices: int
    per_second: float | None

    @property
    def at_work(self) -> bool:
        """Whether it has not ended."""
        return self.worker is not None and self.worker.status != WorkerStatus.ENDED


def run_workers(run: Run, times: RunTimes) -> list[WorkerLine]:
    """The workers of a run, most slices first, and those that have its first slices in hand."""
    slices = times.slices
    done = slices.worker[~np.isnan(slices.processed)]
    counts = dict(zip(times.workers, np.bincount(done[done >= 0], minlength=len(times.workers)), strict=True))
    names = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_WORKERS]
    known = Q(worker_id__in=names) | Q(run_number=run.run_number)
    workers = {worker.worker_id: worker for worker in Worker.objects.filter(known)[:MOST_WORKERS]}
    places = {name: place for place, name in enumerate(times.workers)}
    return [
        WorkerLine(
            name=name,
            worker=workers.get(name),
            slices=int(counts.get(name, 0)),
            per_second=rate(slices.processed[slices.worker == places.get(name, -2)], run.end_time is None),
        )
        for name in [*names, *sorted(workers.keys() - set(names))]
    ]
