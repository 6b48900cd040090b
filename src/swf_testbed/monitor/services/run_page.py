"""What the page of a run shows, except its plots."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Count, Sum

from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import WorkerStatus
from swf_testbed.monitor.services.pages import RunLine, run_lines
from swf_testbed.monitor.services.trends import Trends, run_trends
from swf_testbed.monitor.store.models import (
    FastmonFile,
    Histogram,
    HistogramPart,
    Run,
    StfFile,
    SystemStateEvent,
    TfSlice,
    Worker,
)

ROWS = 12
"""Rows of a table that is only an excerpt."""


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
        line=run_lines([run])[0],
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
