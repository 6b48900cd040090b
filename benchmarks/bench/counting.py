"""Whether a run is whole: every file, sample, slice, result and stored message is there, once."""

import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from swf_testbed.control.missing import find_missing, looks_settled
from swf_testbed.control.summary import frames_counted_twice, summary_document
from swf_testbed.model.errors import NotFound, Unavailable
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import RunSummary, WorkflowExecution, WorkflowMessage

PATIENCE_S = 180.0
_POLL_S = 0.2


@dataclass
class Count:
    """What a run came to; `document` is its summary."""

    document: dict[str, Any]
    lost: int = 0
    twice: int = 0
    problems: list[str] = field(default_factory=list)


def await_whole(monitor: MonitorClient, execution_id: str, run: int, patience_s: float = PATIENCE_S) -> None:
    """Wait until the execution has ended, and all that was announced is in the histograms and stored."""
    until = time.monotonic() + patience_s
    why = "nothing was heard of it"
    while time.monotonic() < until:
        with contextlib.suppress(Unavailable, NotFound):
            execution = monitor.get(WorkflowExecution, execution_id)
            summary = monitor.summary(run)
            why = f"execution {execution.status.value}, {summary.stf_registered} STFs, {summary.slices}"
            if execution.status.terminal and looks_settled(summary):
                missing = find_missing(monitor, run, summary.total_stf_files or 0)
                why = str(missing)
                if not missing.count and _heard(monitor, run, summary):
                    return
        time.sleep(_POLL_S)
    raise TimeoutError(f"run {run} is not whole after {patience_s:.0f} s: {why}")


def _heard(monitor: MonitorClient, run: int, summary: RunSummary) -> bool:
    """Whether the intake, which nothing else waits for, has stored as many messages as there are rows."""
    return (
        _stored(monitor, run, "stf_ready") >= summary.stf_registered
        and _stored(monitor, run, "tf_file_registered") >= summary.tf_files
    )


def count_run(
    monitor: MonitorClient, execution_id: str, run: int, *, samples: int, slices: int, read: bool = True
) -> Count:
    """Count everything that should have come of the STFs of a run, with so many samples and slices each.

    Args:
        monitor: has the rows.
        execution_id: of the run.
        run: its number.
        samples: files of an STF.
        slices: of an STF.
        read: whether files are read again, to count STFs and hits in them.
    """
    document = (_as_read if read else _as_said)(monitor, execution_id, run)
    found = Count(document)
    taken = document["stf_count"]
    expected = {
        "STFs registered": (taken, document["stf_registered"]),
        "samples": (samples * taken, document["tf_files"]),
        "slices": (slices * taken, document["slices"]["created"]),
        "slices completed": (slices * taken, document["slices"]["completed"]),
        "results": (slices * taken, document["results"]),
        "stored stf_gen": (taken, _stored(monitor, run, "stf_gen")),
        "stored stf_ready": (taken, _stored(monitor, run, "stf_ready")),
        "stored tf_file_registered": (samples * taken, _stored(monitor, run, "tf_file_registered")),
        "stored end_run": (1, _stored(monitor, run, "end_run")),
    }
    for what, (wanted, there) in expected.items():
        found.lost += max(0, wanted - there)
        found.twice += max(0, there - wanted)
        if wanted != there:
            found.problems.append(f"{what}: {there} and not {wanted}")
    found.lost += document["slices"]["lost"]
    found.twice += document["duplicates"]
    hits = document["histograms"]
    if document["duplicates"] or not hits["equal"]:
        found.problems.append(
            f"histograms: {document['duplicates']} frames twice, "
            f"{hits['hits']} hits and not {hits['hits_in_files']}"
        )
    return found


def _stored(monitor: MonitorClient, run: int, msg_type: str) -> int:
    return monitor.page(WorkflowMessage, limit=1, run_id=run, message_type=msg_type).total


def _as_read(monitor: MonitorClient, execution_id: str, run: int) -> dict[str, Any]:
    return summary_document(monitor, execution_id, run, page="")


def _as_said(monitor: MonitorClient, execution_id: str, run: int) -> dict[str, Any]:
    """The same without a look into files."""
    summary = monitor.summary(run)
    said = summary.total_stf_files or 0
    return {
        "status": monitor.get(WorkflowExecution, execution_id).status.value,
        "stf_count": said,
        "stf_registered": summary.stf_registered,
        "tf_files": summary.tf_files,
        "slices": {**summary.slices.model_dump(), "lost": find_missing(monitor, run, said).count},
        "results": summary.results,
        "duplicates": frames_counted_twice(monitor, run),
        "histograms": {"equal": True},
    }
