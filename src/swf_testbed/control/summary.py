"""What a run came to, counted from the database and from the files themselves."""

from collections import Counter
from typing import Any

from swf_testbed.config.parameters import Parameters
from swf_testbed.control.files_on_disk import count_files
from swf_testbed.control.missing import SAMPLED, Wanted, find_missing, sequence_gaps, whole_stfs
from swf_testbed.fastmon.products import BankStatus
from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import ExecutionStatus, ProcessingStatus, SliceStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    Histogram,
    Run,
    RunSummary,
    StfFile,
    TfSlice,
    WorkflowExecution,
)
from swf_testbed.records.results import HistogramCounts, Latency, Percentiles, SliceCounts


def frames_counted_twice(monitor: MonitorClient, run_number: int) -> int:
    """How many frames more the histograms have counted than the completed slices hold; 0 if all is well.

    Counted from the contents: every frame leaves one entry a subsystem in the histogram of bank states.
    """
    done = sum(
        row.tf_count or 0
        for row in monitor.list(TfSlice, run_number=run_number, status=SliceStatus.COMPLETED)
    )
    states = monitor.list(Histogram, run_number=run_number, name=BankStatus.name)
    counted = max((sum(row.content["storage"]["values"]) for row in states), default=0)
    return max(0, int(counted) - done)


def run_numbers(monitor: MonitorClient, execution_id: str, first: int) -> list[int]:
    """The runs of an execution that are known, ascending; at least the first."""
    return sorted({first} | {run.run_number for run in monitor.list(Run, execution=execution_id)})


def summary_document(
    monitor: MonitorClient,
    execution_id: str,
    run_number: int,
    *,
    page: str,
    wanted: Wanted = SAMPLED,
) -> dict[str, Any]:
    """What `run --wait --json` prints of a run; every number is counted, none is what was intended."""
    execution = monitor.get(WorkflowExecution, execution_id)
    summary = _summary_of(monitor, run_number)
    parameters = Parameters.model_validate(execution.parameter_values)
    files = count_files(monitor, run_number, parameters.simulation)
    announced = summary.total_stf_files or summary.stf_registered
    missing = find_missing(monitor, run_number, announced, wanted)
    whole = Counter(row.status for row in whole_stfs(monitor, run_number))
    hits = round(sum(summary.histograms.hits.values()))
    return {
        "execution_id": execution_id,
        "run_id": run_number,
        "status": execution.status.value,
        "error": execution.error_message,
        "stf_count": files.complete_stfs,
        "stf_registered": summary.stf_registered,
        "sequence_gaps": sequence_gaps(monitor.list(StfFile, run=run_number)),
        "tf_files": summary.tf_files,
        "slices": {
            "created": summary.slices.created,
            "completed": summary.slices.completed,
            "failed": summary.slices.failed,
            "lost": missing.count,
        },
        "processing": {
            "finished": whole[ProcessingStatus.FINISHED],
            "failed": whole[ProcessingStatus.FAILED],
        },
        "results": summary.results,
        "duplicates": frames_counted_twice(monitor, run_number),
        "redelivered": summary.duplicates,
        "histograms": {
            "products": summary.histograms.count,
            "hits": hits,
            "hits_in_files": files.sampled_hits,
            "equal": hits == files.sampled_hits,
        },
        "quality": summary.quality,
        "latency_s": {
            "egress_to_result": _percentiles(summary.latency_s.egress_to_result),
            "egress_to_plot": _percentiles(summary.latency_s.egress_to_plot),
        },
        "duration_s": _seconds(execution),
        "monitor_url": page,
    }


def _summary_of(monitor: MonitorClient, run_number: int) -> RunSummary:
    try:
        return monitor.summary(run_number)
    except NotFound:  # the execution ended before it had announced a run
        none = Percentiles()
        return RunSummary(
            run_number=run_number,
            namespace=None,
            execution_id=None,
            phase=None,
            start_time=None,
            end_time=None,
            total_stf_files=None,
            stf_count=0,
            stf_registered=0,
            tf_files=0,
            slices=SliceCounts(),
            results=0,
            duplicates=0,
            histograms=HistogramCounts(),
            quality={},
            latency_s=Latency(egress_to_result=none, egress_to_plot=none, stages={}),
        )


def is_good(document: dict[str, Any]) -> bool:
    """Completed, and nothing lost, failed, counted twice or different."""
    slices, histograms = document["slices"], document["histograms"]
    return (
        document["status"] == ExecutionStatus.COMPLETED.value
        and not slices["lost"]
        and not slices["failed"]
        and not document["processing"]["failed"]
        and not document["duplicates"]
        and bool(histograms["equal"])
    )


def _percentiles(said: Percentiles) -> dict[str, float | None]:
    values = {"p50": said.p50, "p95": said.p95, "max": said.max}
    return {name: None if value is None else round(value, 4) for name, value in values.items()}


def _seconds(execution: WorkflowExecution) -> float | None:
    if execution.start_time is None or execution.end_time is None:
        return None
    return round((execution.end_time - execution.start_time).total_seconds(), 3)
