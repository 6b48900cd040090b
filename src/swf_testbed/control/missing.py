"""What should have come of a run by now, and has not."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from swf_testbed.model.errors import NotFound
from swf_testbed.model.names import StfName
from swf_testbed.model.status import ProcessingStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    FastmonFile,
    RunSummary,
    StfFile,
    TfSlice,
    Window,
    WorkflowStage,
    slice_part,
    stf_part,
)

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
    for row in whole_stfs(monitor, run_number):
        if row.status in _LAST_WORDS and row.stf_file is not None:
            yield row.stf_file


def whole_stfs(monitor: MonitorClient, run_number: int) -> Iterator[WorkflowStage]:
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
