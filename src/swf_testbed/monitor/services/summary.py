"""What the database knows of a run, counted from its rows."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from django.db.models import Max
from numpy.typing import NDArray

from swf_testbed.fastmon.products import UnitOccupancy
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services import quality
from swf_testbed.monitor.services.counts import slice_counts
from swf_testbed.monitor.services.slice_moments import EGRESS, STAGES
from swf_testbed.monitor.store.models import (
    FastmonFile,
    Histogram,
    HistogramPart,
    Run,
    RunState,
    StfFile,
    TfSlice,
)
from swf_testbed.records import HistogramCounts, Latency, Percentiles, RunSummary


def run_summary(run_number: int) -> RunSummary:
    """The summary of a run; `NotFound` if nobody has told of it."""
    run = Run.objects.filter(run_number=run_number).first()
    if run is None:
        raise NotFound(f"run {run_number} does not exist")
    phase = RunState.objects.filter(run=run).values_list("phase", flat=True).first()
    files = StfFile.objects.filter(run=run)
    registered = files.count()
    return RunSummary(
        run_number=run_number,
        namespace=run.namespace,
        execution_id=run.execution,
        phase=phase,
        start_time=run.start_time,
        end_time=run.end_time,
        total_stf_files=run.total_stf_files,
        stf_count=registered if run.total_stf_files is None else run.total_stf_files,
        stf_registered=registered,
        tf_files=FastmonFile.objects.filter(stf_file__run=run).count(),
        slices=slice_counts([run_number])[run_number],
        results=HistogramPart.objects.filter(run=run, part__startswith="slice:").count(),
        duplicates=run.duplicates,
        histograms=_histograms(run),
        quality=quality.of_run(run),
        latency_s=_latency(run_number),
    )


def _histograms(run: Run) -> HistogramCounts:
    rows = Histogram.objects.filter(run=run)
    most = rows.aggregate(slices=Max("slices"), tfs=Max("tfs"))
    hits = {
        subsystem: float(sum(content.get("storage", {}).get("values", [])))
        for subsystem, content in rows.filter(name=UnitOccupancy.name).values_list("subsystem", "content")
    }
    return HistogramCounts(
        count=rows.count(),
        revision=run.histogram_revision,
        slices=most["slices"] or 0,
        tfs=most["tfs"] or 0,
        hits=hits,
    )


def _latency(run_number: int) -> Latency:
    rows = TfSlice.objects.filter(run_number=run_number, **{f"{EGRESS}__isnull": False}).order_by()
    moments = list(rows.values_list(EGRESS, *STAGES.values()))
    columns = list(zip(*moments, strict=True)) if moments else [()] * (1 + len(STAGES))
    stages = {
        name: percentiles(_seconds(columns[0], reached))
        for name, reached in zip(STAGES, columns[1:], strict=True)
    }
    return Latency(egress_to_result=stages["processed"], egress_to_plot=stages["plotted"], stages=stages)


def _seconds(begin: Iterable[datetime], end: Iterable[datetime | None]) -> list[float]:
    pairs = zip(begin, end, strict=True)
    return [(later - earlier).total_seconds() for earlier, later in pairs if later is not None]


def percentiles(seconds: "list[float] | NDArray[np.float64]") -> Percentiles:
    """Median, 95 % and largest of durations."""
    if not len(seconds):
        return Percentiles()
    p50, p95, largest = np.percentile(seconds, [50, 95, 100]).tolist()
    return Percentiles(count=len(seconds), p50=p50, p95=p95, max=largest)
