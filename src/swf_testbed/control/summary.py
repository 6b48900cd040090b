"""What a run came to, counted from the database and from the files themselves."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swf_testbed.config.parameters import Parameters, Simulation
from swf_testbed.fastmon.products import BankStatus
from swf_testbed.model.errors import BadData, NotFound
from swf_testbed.model.names import StfName
from swf_testbed.model.status import ExecutionStatus, ProcessingStatus, SliceStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    FastmonFile,
    Histogram,
    Run,
    RunSummary,
    StfFile,
    TfSlice,
    Window,
    WorkflowExecution,
    WorkflowStage,
    slice_part,
    stf_part,
)
from swf_testbed.records.results import HistogramCounts, Latency, Percentiles, SliceCounts
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.urls import local_path

_LAST_WORDS = frozenset({ProcessingStatus.FINISHED, ProcessingStatus.FAILED})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run's agents make of its STFs.

    Attributes:
        sampled: whether frames are sampled, and their plots merged.
        processed: whether whole files are processed.
    """

    sampled: bool = True
    processed: bool = False


SAMPLED = Wanted()
"""What most runs want."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What should have come of a run by now, and has not; by name."""

    stfs: list[str]
    samples: list[str]
    slices: list[str]
    processing: list[str]

    @property
    def count(self) -> int:
        """How many things are missing."""
        return len(self.stfs) + len(self.samples) + len(self.slices) + len(self.processing)

    def __str__(self) -> str:
        said = [
            f"{len(names)} {what} (first: {names[0]})"
            for what, names in (
                ("STFs not registered or sampled", self.stfs),
                ("samples not cut into slices whole", self.samples),
                ("slices not settled and merged", self.slices),
                ("STFs not processed", self.processing),
            )
            if names
        ]
        return "; ".join(said) or "nothing"


def find_missing(
    monitor: MonitorClient, run_number: int, announced: int, wanted: Wanted = SAMPLED
) -> Missing:
    """Follow every STF of a run to the run's histograms.

    Args:
        monitor: has the rows.
        run_number: of the run.
        announced: how many STFs the DAQ says that it wrote.
        wanted: what its agents make of them.
    """
    merged = set(monitor.results(run_number).parts)
    stfs = [row.stf_filename for row in monitor.list(StfFile, run=run_number)]
    samples = list(monitor.list(FastmonFile, run_number=run_number))
    slices = list(monitor.list(TfSlice, run_number=run_number))
    cut: Counter[str] = Counter()
    for row in slices:
        cut[row.fastmon_file] += row.tf_count or 0
    unregistered = [f"{announced - len(stfs)} of {announced}"] * max(0, announced - len(stfs))
    # The agent that samples an STF sends what the index says of it last.
    unsampled = [name for name in stfs if stf_part(name) not in merged] if wanted.sampled else []
    processed = set(_processed(monitor, run_number)) if wanted.processed else set(stfs)
    return Missing(
        stfs=unregistered + unsampled,
        samples=[row.tf_filename for row in samples if cut[row.tf_filename] != row.tf_count],
        slices=[
            f"{row.fastmon_file} slice {row.slice_id}"
            for row in slices
            if not row.status.settled or slice_part(row.fastmon_file, row.slice_id) not in merged
        ],
        processing=[name for name in stfs if name not in processed],
    )


def sequence_gaps(stfs: Iterable[StfFile]) -> dict[str, list[int]]:
    """The numbers that no STF has though a later one has come, by `RUN.STREAM`, as the alarm names it."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for stf in stfs:
        name = StfName.parse(stf.stf_filename)
        found[f"{name.run}.{name.stream}"].add(name.sequence)
    gaps = {what: sorted(set(range(1, max(numbers))) - numbers) for what, numbers in sorted(found.items())}
    return {what: missing for what, missing in gaps.items() if missing}


def is_judged(monitor: MonitorClient, run_number: int) -> bool:
    """Whether the merger has judged a run as a whole: its profile then has an end."""
    try:
        return monitor.get(Window, run_number, "run").until is not None
    except NotFound:
        return False


def _processed(monitor: MonitorClient, run_number: int) -> Iterator[str]:
    """The STFs of whose processing there is a last word."""
    for row in _whole_stfs(monitor, run_number):
        if row.status in _LAST_WORDS and row.stf_file is not None:
            yield row.stf_file


def _whole_stfs(monitor: MonitorClient, run_number: int) -> Iterator[WorkflowStage]:
    """The part of the prompt processing agent in each STF that it has received."""
    return monitor.list(WorkflowStage, run_number=run_number, agent_type="processing")


def looks_settled(summary: RunSummary) -> bool:
    """Whether the numbers alone allow that nothing is missing: asked first, since it is cheap."""
    slices = summary.slices
    return (
        summary.total_stf_files is not None
        and summary.stf_registered >= summary.total_stf_files
        and slices.completed + slices.failed == slices.created == summary.results
    )


@dataclass(frozen=True, slots=True)
class Files:
    """What is on disk of a run."""

    complete_stfs: int
    sampled_hits: int


def count_files(monitor: MonitorClient, run_number: int, simulation: Simulation) -> Files:
    """Read a run's files again.

    STF files are counted in the folders of the registered ones, if they hold all their frames; hits are
    decoded from the sample files, every checksum verified.
    """
    stfs = [local_path(row.file_url) for row in monitor.list(StfFile, run=run_number) if row.file_url]
    samples = monitor.list(FastmonFile, run_number=run_number)
    whole = [
        path
        for folder in {path.parent for path in stfs}
        for path in folder.glob("*.stf")
        if is_complete(path, _frames_of(path, simulation))
    ]
    return Files(
        complete_stfs=len(whole),
        sampled_hits=sum(count_hits(local_path(row.file_url)) for row in samples if row.file_url),
    )


def _frames_of(path: Path, simulation: Simulation) -> int | None:
    """How many frames a file should have, which is known of those whose content was made."""
    frames = {one.stream: one.tf_per_stf for one in simulation.of_each_stream()}
    return frames.get(StfName.parse(path.name).stream) if simulation.source == "generate" else None


def is_complete(path: Path, frames: int | None) -> bool:
    """Whether an STF file is whole, by its own footer and index, and has that many frames, if known."""
    try:
        with StfReader.open(path) as reader:
            return not reader.recovered and frames in {None, len(reader.tf_numbers())}
    except (BadData, OSError):
        return False


def count_hits(path: Path) -> int:
    """Hits in all undamaged banks of a file; 0 if it cannot be read."""

    def ignore(damage: CrcError) -> None:
        del damage

    try:
        with StfReader.open(path) as reader:
            return sum(len(batch.hits) for batch in reader.hits_by_detector(on_bad=ignore).values())
    except (BadData, OSError):
        return 0


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
    whole = Counter(row.status for row in _whole_stfs(monitor, run_number))
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
